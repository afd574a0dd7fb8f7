"""The steps between the right password and the session: nobody is logged in before the last one.

django-allauth leads from one to the next. A login that has begun waits in the session for a quarter of an hour.
"""

from typing import Any

from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.stages import LoginStage, LoginStageController
from allauth.mfa.stages import AuthenticateStage
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect

from accounts.second_factor.factors import has_second_factor
from accounts.second_factor.requirement import must_have_second_factor

SINGLE_SIGN_ON = "socialaccount"  # django-allauth's name of this way in


class SetUpStage(LoginStage):
    """Lets nobody in who must have a second factor and has none: they set one up first."""

    key = "set_up_second_factor"
    urlname = "second_factor"

    def handle(self) -> tuple[HttpResponseBase | None, bool]:
        if not must_have_second_factor(self.login.user) or is_proven(self.request, self.login.user):
            return None, True
        return redirect(self.urlname), True


def is_proven(request: HttpRequest, user: User) -> bool:
    """Say whether a user at the last step has shown more than a password. One query.

    Who has a second factor was asked for it. With single sign-on, the other server asks for what it thinks right.
    """
    methods = {record["method"] for record in get_authentication_records(request, user)}
    return SINGLE_SIGN_ON in methods or has_second_factor(user)


def second_step(request: HttpRequest) -> Any | None:
    """Return the step of a login in which a code or a passkey is asked for, None if the browser is not at it."""
    return LoginStageController.enter(request, AuthenticateStage.key)


def set_up_step(request: HttpRequest) -> Any | None:
    """Return the step of a login in which a second factor must be set up, None if the browser is not at it."""
    return None if request.user.is_authenticated else LoginStageController.enter(request, SetUpStage.key)


def user_at_login(request: HttpRequest) -> User | None:
    """Return who is about to log in and has entered the right password, None if nobody is."""
    step = second_step(request) or set_up_step(request)
    user: User | None = step.login.user if step else None
    return user
