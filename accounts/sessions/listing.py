"""The sessions of a user, as the page of their account lists them."""

from datetime import datetime
from typing import NamedTuple

from django.contrib.auth import HASH_SESSION_KEY
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from accounts.models import Session
from accounts.sessions.browsers import Browser
from collector.models.access import digest_of
from collector.numbers import active, locale_of


class OpenSession(NamedTuple):
    """A session in which somebody is logged in. `where` names browser, system and country, as far as they are known."""

    name: str
    where: str
    logged_in_at: datetime | None
    last_used_at: datetime
    is_this: bool


def open_sessions(request: HttpRequest, user: User) -> list[OpenSession]:
    """Return the sessions of a user, this one first, then the latest used ones. One query."""
    this = digest_of(request.session.session_key or "")
    sessions = Session.objects.of_user(user).open_at(timezone.now()).order_by("-last_used_at", "-logged_in_at", "pk")
    listed = [
        OpenSession(session.pk, _where(session), session.logged_in_at, session.last_used_at, session.pk == this)
        for session in sessions
        if _has_password_of(session, user)
    ]
    return sorted(listed, key=lambda session: not session.is_this)


def open_session(user: User, name: str) -> Session | None:
    """Return the session of a user with this name, None if it has ended. One query."""
    session = Session.objects.of_user(user).open_at(timezone.now()).filter(pk=name).first()
    return session if session and _has_password_of(session, user) else None


def _has_password_of(session: Session, user: User) -> bool:
    """Whether a session began with the password of now. Django opens no other, such as after a reset in the admin."""
    return constant_time_compare(session.get_decoded().get(HASH_SESSION_KEY, ""), user.get_session_auth_hash())


def where(browser: Browser) -> str:
    """Return browser, system and country by name, in the language of the page or mail, as far as they are known."""
    country = locale_of(active()).territories.get(browser.country, browser.country)
    return " · ".join(filter(None, (browser.name, browser.os, country)))


def _where(session: Session) -> str:
    return where(Browser(session.browser, session.os, session.country))
