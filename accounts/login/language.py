"""The language of a user, in each browser in which they log in."""

from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponseBase

from accounts.models import Preference


def keep_language(user: User, language: str) -> None:
    """Remember which language a user chose."""
    Preference.objects.update_or_create(user=user, defaults={"language": language})


def language_of(user: User) -> str | None:
    """Return the language that a user chose, None if they did not. One query."""
    return Preference.objects.filter(user=user).values_list("language", flat=True).first()


def speak_language_of(user: User, request: HttpRequest, response: HttpResponseBase) -> None:
    """Let the browser of a login speak the language that its user chose, if they did. One query."""
    language = language_of(user)
    if language and language != request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME):
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            language,
            max_age=settings.LANGUAGE_COOKIE_AGE,
            path=settings.LANGUAGE_COOKIE_PATH,
            secure=settings.LANGUAGE_COOKIE_SECURE,
            httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
            samesite="Lax",
        )
