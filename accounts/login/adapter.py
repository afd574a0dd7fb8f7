"""How django-allauth logs people in here."""

from datetime import timedelta
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from accounts.login.confirmation import note_confirmation
from accounts.login.language import speak_language_of
from accounts.login.locks import is_known_browser_of, remember_browser_of
from accounts.login.stages import is_proven
from accounts.names import validate_user_name
from accounts.notices import tell
from accounts.second_factor.requirement import note_second_factor
from accounts.sessions.browsers import browser_of
from accounts.sessions.listing import where
from accounts.sessions.recognition import NEW_BROWSER, note_browser, record_login

NEW_ACCOUNT = timedelta(minutes=15)


class AccountAdapter(DefaultAccountAdapter):
    """Accounts are made by administrators, invitations and single sign-on, never by a form for everybody."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def clean_username(self, username: str, shallow: bool = False) -> str:
        """Return a name that another server proposes. Raises ValidationError if it can't be the name of an account."""
        name: str = super().clean_username(username, shallow)
        validate_user_name(name)
        return name

    def is_reauthentication_required(self, **kwargs: Any) -> bool:
        """Never let django-allauth ask again: it would keep the request in the session, with the client's address.

        Our own pages ask, by `accounts.login.confirmation`.
        """
        return False

    def get_login_stages(self) -> list[str]:
        return ["allauth.mfa.stages.AuthenticateStage", "accounts.login.stages.SetUpStage"]

    def login(self, request: HttpRequest, user: User) -> None:
        """Begin the session, after all steps. One query, for whether there was a second factor."""
        has_proven = is_proven(request, user)
        super().login(request, user)
        note_confirmation(request)
        note_browser(request)
        if has_proven:
            note_second_factor(request.session)

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse:
        response: HttpResponse = super().post_login(request, user, **kwargs)
        if not is_known_browser_of(user, request):
            record_login(request, user)
            _tell_of_login(request, user)
        remember_browser_of(user, response)
        speak_language_of(user, request, response)
        return response

    def respond_user_inactive(self, request: HttpRequest, user: User) -> HttpResponse:
        raise ImmediateHttpResponse(render(request, "accounts/refused.html", status=403))


def _tell_of_login(request: HttpRequest, user: User) -> None:
    """Mail a user that a new browser has logged in; not of the login that follows when an account is made."""
    if timezone.now() - user.date_joined > NEW_ACCOUNT:
        browser = browser_of(request.session)
        tell(user, NEW_BROWSER, request=request, detail=lambda: where(browser))
