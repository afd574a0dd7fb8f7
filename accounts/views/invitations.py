"""What the link of an invitation opens: joining a project, with an account or by making one."""

from django.contrib.auth.models import User
from django.contrib.auth.password_validation import password_validators_help_texts
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode

from accounts.invitations.acceptance import (
    PENDING,
    accept,
    accept_with_new_account,
    invitation_of,
    keep_pending,
    pending_invitation,
)
from accounts.invitations.forms import NewAccountForm
from accounts.login.begin import begin_login
from accounts.models import Invitation
from accounts.views.pages import private_form, secret_link


@secret_link
def invitation(request: HttpRequest, secret: str) -> HttpResponse:
    """Show an invitation to everybody who has its link."""
    found = invitation_of(secret)
    if found is None:
        return _gone(request)
    if request.user.is_authenticated:
        return _join(request, found)
    if request.method != "POST":
        return _offer(request, found, NewAccountForm())
    if "log_in" in request.POST:  # in any way; the secret stays out of the address of the login, and out of logs
        keep_pending(request.session, found)
        return redirect(f"{reverse('login')}?{urlencode({'next': reverse('pending_invitation')})}")
    form = NewAccountForm(request.POST)
    if not form.is_valid():
        return _offer(request, found, form)
    user: User = form.save(commit=False)
    user.email = found.email
    try:
        is_accepted = accept_with_new_account(found, user)
    except IntegrityError:  # somebody took the name since the form was checked
        form = NewAccountForm(request.POST)
        form.full_clean()
        return _offer(request, found, form)
    if not is_accepted:
        return _gone(request)
    return begin_login(request, user, reverse("project", args=[found.project.slug]))


@private_form
def pending(request: HttpRequest) -> HttpResponse:
    """Show the invitation that led somebody to the login, who is logged in now."""
    found = pending_invitation(request.session)
    return _join(request, found) if found else _gone(request)


def _join(request: HttpRequest, found: Invitation) -> HttpResponse:
    if request.method != "POST":
        return render(request, "accounts/invitation.html", {"invitation": found})
    is_accepted = accept(found, User.objects.get(pk=str(request.user.pk)))
    request.session.pop(PENDING, None)
    return redirect("project", found.project.slug) if is_accepted else _gone(request)


def _offer(request: HttpRequest, found: Invitation, form: NewAccountForm) -> HttpResponse:
    context = {"invitation": found, "form": form, "rules": password_validators_help_texts}
    return render(request, "accounts/invitation.html", context)


def _gone(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/invitation_gone.html", status=404)
