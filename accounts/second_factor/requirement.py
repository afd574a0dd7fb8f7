"""Who must have a second factor, and sessions that began without one."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.contrib.sessions.backends.base import SessionBase
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from collector.models import Membership, Role

PROVEN = "second_factor"  # in a session: a second factor was used or set up, or another server answers for the user


def must_have_second_factor(user: User) -> bool:
    """Say whether the setting SECOND_FACTOR asks for a second factor of this user. One query at most."""
    if settings.SECOND_FACTOR == "owners":
        return user.is_superuser or Membership.objects.filter(user=user, role=Role.OWNER).exists()
    return bool(settings.SECOND_FACTOR == "all")


def note_second_factor(session: SessionBase) -> None:
    """Note that the session's user has proven who they are by more than a password."""
    session[PROVEN] = True


def second_factor_first(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Treat sessions without the second factor that is required as logged out, wherever they go.

    They are from before SECOND_FACTOR was set, or their user has become an owner since. The login leads to where a
    second factor is set up. One query on pages of those who have none, and none at all unless it is required.
    """
    if settings.SECOND_FACTOR == "optional":
        raise MiddlewareNotUsed

    def middleware(request: HttpRequest) -> HttpResponse:
        stated = request.user

        def user() -> Any:
            if stated.is_authenticated and not request.session.get(PROVEN) and must_have_second_factor(stated):
                return AnonymousUser()
            return stated

        request.user = SimpleLazyObject(user)  # type: ignore[assignment]
        return get_response(request)

    return middleware
