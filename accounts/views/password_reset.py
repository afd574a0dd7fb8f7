"""Forgotten passwords: the form that sends a link by mail, and the page that the link opens."""

from django.contrib.auth.forms import SetPasswordForm
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import password_validators_help_texts
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.login.locks import NETWORKS
from accounts.mails import can_send_mail, mail, send_later
from accounts.notices import tell
from accounts.passwords.check import Lock, check
from accounts.passwords.problems import mark_refused, problem_of
from accounts.passwords.reset import reset_path, user_of_link
from accounts.sessions.ending import end_all
from accounts.views.pages import secret_link, uncached_form
from collector.addresses import origin_of
from collector.audit import record_own
from collector.snippets import base_url

MOST_MAILS = 5  # in an hour at one address
LONGEST_ADDRESS = 254


@uncached_form
def forgotten(request: HttpRequest) -> HttpResponse:
    """Send a link to an address, if it belongs to an account. The answer is the same if not."""
    email = request.POST.get("email", "").strip()
    is_sent, outcome = False, None
    if request.method == "POST" and can_send_mail() and 0 < len(email) <= LONGEST_ADDRESS and "\0" not in email:
        lock = Lock(f"reset {email.lower()}", NETWORKS, cookie="", stamp="", most_tries=MOST_MAILS)
        outcome = check(request, lock, lambda: False)  # each mail counts like a wrong password
        is_sent = not outcome.wait_seconds
    if is_sent:
        for user in User.objects.filter(email__iexact=email, is_active=True):
            if user.has_usable_password():
                _send_link(request, user)
    context = {"can_send_mail": can_send_mail(), "is_sent": is_sent, "problem": problem_of(outcome) if outcome else ""}
    response = render(request, "accounts/password_forgotten.html", context)
    if outcome and outcome.wait_seconds:
        mark_refused(response, outcome)
    return response


@secret_link
def reset_password(request: HttpRequest, key: str) -> HttpResponse:
    """Set a new password, which ends all sessions and the link. The login, with its second factor, follows."""
    user = user_of_link(key)
    if user is None:
        return render(request, "accounts/password_link_gone.html", status=404)
    form = SetPasswordForm(user, request.POST if request.method == "POST" else None)
    if form.is_valid():
        form.save()
        end_all(user)
        message = gettext_noop("Password set by a link.")
        record_own(user, message)
        tell(user, message, request=request)
        return redirect("login")
    context = {"form": form, "rules": password_validators_help_texts, "who": user}
    return render(request, "accounts/password_reset.html", context)


def _send_link(request: HttpRequest, user: User) -> None:
    context = {"who": user, "address": f"{origin_of(base_url(request))}{reset_path(user)}"}
    send_later(mail(user.email, _("New password for Footfall"), "accounts/mail/password.txt", context))
