"""Browsers that entered a password rightly before have tries of their own.

A stranger who uses up everybody's tries then doesn't lock them out (OWASP, "Slow Down Online Guessing Attacks with
Device Cookies"). A cookie holds a random number and its signature. It lets nobody in: it only gives tries.
"""

import secrets

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils.crypto import constant_time_compare, salted_hmac

LIFETIME_SECONDS = 365 * 86_400
NUMBER_BYTES = 16


def known_browser(request: HttpRequest, cookie: str, stamp: str) -> str:
    """Return the number of a browser that knows the password, or an empty string. `stamp` changes with the password."""
    number, _dot, signature = request.COOKIES.get(cookie, "").partition(".")
    return number if number and constant_time_compare(signature, _signature(cookie, number, stamp)) else ""


def remember_browser(response: HttpResponseBase, cookie: str, stamp: str, path: str) -> None:
    """Set the cookie of a browser that entered the right password. Only pages at `path` get it."""
    number = secrets.token_urlsafe(NUMBER_BYTES)
    response.set_cookie(
        cookie,
        f"{number}.{_signature(cookie, number, stamp)}",
        max_age=LIFETIME_SECONDS,
        path=path,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _signature(cookie: str, number: str, stamp: str) -> str:
    return salted_hmac("accounts.passwords.known", "\0".join((cookie, number, stamp)), algorithm="sha256").hexdigest()
