"""Ends sessions. A browser whose session has ended is logged out at once."""

from django.contrib.auth.models import User
from django.http import HttpRequest

from accounts.models import Session


def end_others(request: HttpRequest, user: User) -> None:
    """End all sessions of a user but the one of this request. One query."""
    Session.objects.of_user(user).elsewhere(request.session.session_key).delete()


def end_one(user: User, name: str) -> None:
    """End the session of a user that has this name (`OpenSession.name`). One query."""
    Session.objects.of_user(user).filter(pk=name.replace("\0", "")).delete()


def end_all(user: User) -> None:
    """End all sessions of a user, for somebody else or by a link. One query."""
    Session.objects.of_user(user).delete()
