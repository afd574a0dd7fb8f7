"""Begins a login for somebody who has entered the right password, or used a passkey."""

from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import perform_login
from django.contrib.auth import logout
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse


def begin_login(request: HttpRequest, user: User, next_page: str) -> HttpResponse:
    """Answer with the next step, or log in and go to `next_page`. A user who was logged in here is logged out first."""
    if request.user.is_authenticated:
        logout(request)
    response: HttpResponse = perform_login(request, user, redirect_url=next_page)
    return response


def begin_login_by_passkey(request: HttpRequest, user: User, next_page: str) -> HttpResponse:
    """Log in somebody whose passkey was checked: no other step asks for it again."""
    if request.user.is_authenticated:
        logout(request)
    record_authentication(request, user, "mfa", type="webauthn", passwordless=True)
    response: HttpResponse = perform_login(request, user, redirect_url=next_page)
    return response
