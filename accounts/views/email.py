"""The email address of one's own account. Where mail is set up, a mailed link proves it first."""

from typing import cast

from django.contrib.auth.models import User
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from accounts.login.confirmation import confirmed
from accounts.login.locks import NETWORKS
from accounts.login.single_sign_on import is_taken
from accounts.mails import can_send_mail, mail, send_later
from accounts.notices import tell
from accounts.own.email_links import EMAIL_CHANGED, link_path, set_email, user_and_email
from accounts.own.forms import EmailForm
from accounts.passwords.check import Lock, check
from accounts.passwords.problems import mark_refused, problem_of
from accounts.views.pages import secret_link, uncached_form
from collector.addresses import origin_of
from collector.snippets import base_url

MOST_MAILS = 5  # in an hour of one user


@uncached_form
@confirmed
def email(request: HttpRequest) -> HttpResponseBase:
    """Change one's address: at once where no mail is set up, else by the link that is sent to it.

    The answer is the same whether or not the address belongs to somebody else.
    """
    user = cast("User", request.user)
    form = EmailForm(request.POST if request.method == "POST" else None, instance=User.objects.get(pk=user.pk))
    context: dict[str, object] = {"form": form, "can_send_mail": can_send_mail()}
    if not form.is_valid() or form.cleaned_data["email"] == user.email:
        return render(request, "accounts/email.html", context)
    address = form.cleaned_data["email"]
    if not address or not can_send_mail():
        set_email(user, address, is_verified=False)
        tell(User.objects.get(pk=user.pk), EMAIL_CHANGED, request=request, former_email=user.email)
        return redirect("account")
    lock = Lock(f"email of {user.pk}", NETWORKS, cookie="", stamp="", most_tries=MOST_MAILS)
    outcome = check(request, lock, lambda: False)  # each mail counts like a wrong password
    if not outcome.wait_seconds:
        link = f"{origin_of(base_url(request))}{link_path(request, user, address)}"
        subject = _("Email address for Footfall")
        send_later(mail(address, subject, "accounts/mail/email.txt", {"who": user, "address": link}))
        return render(request, "accounts/email.html", context | {"sent_to": address})
    response = render(request, "accounts/email.html", context | {"problem": problem_of(outcome)})
    mark_refused(response, outcome)
    return response


@secret_link
def verify(request: HttpRequest, key: str) -> HttpResponse:
    """Show whose address a link sets, and set it. Everybody who has the link can: it was mailed to this address."""
    found = user_and_email(key)
    if found is None:
        return render(request, "accounts/email_link_gone.html", status=404)
    user, address = found
    if request.method != "POST":
        return render(request, "accounts/verify_email.html", {"who": user, "email": address})
    if is_taken(address, besides=user) or not _is_set(user, address):
        problem = _("Another account has this address.")
        return render(request, "accounts/verify_email.html", {"who": user, "email": address, "problem": problem})
    tell(User.objects.get(pk=user.pk), EMAIL_CHANGED, request=request, former_email=user.email)
    return redirect("account")


def _is_set(user: User, address: str) -> bool:
    """Set an address. Say whether nobody else has proven it since we looked."""
    try:
        set_email(user, address, is_verified=True)
    except IntegrityError:
        return False
    return True
