"""What passwords and codes of accounts open, and the browsers that opened it before."""

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse

from accounts.passwords.check import Lock
from accounts.passwords.known_browsers import known_browser, remember_browser

NETWORKS = "accounts"  # a network's tries count together at all of these
MOST_TRIES = 100  # of passwords, in an hour at one account, by unknown browsers; NIST SP 800-63B-4, 3.2.2
MOST_CODES = 10  # of codes, in the same way: they have six digits, and who tries them knows the password
KNOWN_AS = "logged in"  # browsers in which a user confirms who they are


def lock_of(name: str, user: User | None) -> Lock:
    """Return the lock that the password of an account opens, or of a name that no account has."""
    return Lock(
        name=f"account {name}",
        networks=NETWORKS,
        cookie=_cookie_of(user) if user else "",
        stamp=user.get_session_auth_hash() if user else "",
        most_tries=MOST_TRIES,
    )


def second_lock_of(user: User) -> Lock:
    """Return the lock that a code of an account opens, behind its password."""
    return Lock(
        name=f"second factor {user.pk}",
        networks=NETWORKS,
        cookie=_cookie_of(user),
        stamp=user.get_session_auth_hash(),
        most_tries=MOST_CODES,
    )


def is_known_browser_of(user: User, request: HttpRequest) -> bool:
    """Say whether a user has logged in with this browser before, by the password of now."""
    return bool(known_browser(request, _cookie_of(user), user.get_session_auth_hash()))


def remember_browser_of(user: User, response: HttpResponseBase) -> None:
    """Give a browser in which a user logged in tries of its own."""
    remember_browser(response, _cookie_of(user), user.get_session_auth_hash(), reverse("login"))


def _cookie_of(user: User) -> str:
    return f"known-{user.pk}"  # each user of a browser has one
