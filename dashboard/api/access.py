"""Access to the API: the token in the header, its rate limit, and the projects it can read."""

import logging
import re
from collections.abc import Callable
from http import HTTPStatus

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja.security import HttpBearer

from accounts.passwords.guesses import count_guess
from collector.intake.clients import client_networks
from collector.intake.page_limits import network_key, seconds_to_wait, wait_message
from collector.intake.places import BUSY_SECONDS, Places
from collector.models import ApiToken, Project
from dashboard.api.problems import ProblemError, api_root

logger = logging.getLogger(__name__)

SECRET_FORM = re.compile(r"ff_[A-Za-z0-9_-]{43}")
PLACES = Places(at_once=4, waiting=12)  # of each token, in this process


class Bearer(HttpBearer):
    """Checks `Authorization: Bearer ff_…`. One query; one more on a token's first use of the day."""

    def __call__(self, request: HttpRequest) -> ApiToken:
        """Return the request's token, with a place for it. Raises ProblemError if it is missing, wrong or too busy.

        The token is looked up before the sender's network is limited. Otherwise wrong tokens would lock out valid ones
        behind the same address. Guessing a secret of 256 bits is hopeless without a limit too.
        """
        scheme, _space, secret = request.headers.get("Authorization", "").partition(" ")
        secret = secret.strip() if scheme.lower() == "bearer" else ""
        token = self.authenticate(request, secret)
        if token is None:
            _limit_strangers(request, secret)
            raise ProblemError(
                HTTPStatus.UNAUTHORIZED,
                _(
                    "Send “Authorization: Bearer ff_…” with a valid token. You can create one in the admin, under API "
                    "tokens."
                ),
                headers={"WWW-Authenticate": "Bearer"},
            )
        _limit("api-token", lambda: str(token.pk))
        _record_use(token)
        if not PLACES.take(token.pk):
            raise _too_many(BUSY_SECONDS)
        return token

    def authenticate(self, request: HttpRequest, token: str) -> ApiToken | None:
        if not SECRET_FORM.fullmatch(token):
            return None
        return ApiToken.objects.of_secret(token).select_related("user").first()


def give_place_back(request: HttpRequest) -> None:
    """Let the next request with the same token be answered."""
    if token := getattr(request, "auth", None):  # ninja sets it to what `Bearer` returns
        PLACES.leave(token.pk)


def readable_project(request: HttpRequest, slug: str) -> Project:
    """Return a project that the request's token can read. One query. Raises ProblemError if there is none."""
    project = request_token(request).readable_projects().filter(slug=slug).first()
    if project is None:
        raise ProblemError(
            HTTPStatus.NOT_FOUND,
            _("This token can’t read a project “%(slug)s”. %(api)sprojects lists the projects it can read.")
            % {"slug": slug, "api": api_root()},
        )
    return project


def request_token(request: HttpRequest) -> ApiToken:
    """Return the token that `Bearer` accepted."""
    token: ApiToken = request.auth  # type: ignore[attr-defined]  # ninja sets it to what Bearer returns
    return token


def _record_use(token: ApiToken) -> None:
    """Record the day of a token's use, so that its user can see which tokens are unused.

    Only once a day: a write for each request would wait for the drain's transactions, and they for it. The statement
    repeats the condition, so that only one of several first requests writes.
    """
    today = timezone.now().date()
    if token.last_used_on == today:
        return
    try:
        ApiToken.objects.filter(pk=token.pk).exclude(last_used_on=today).update(last_used_on=today)
    except DatabaseError as error:  # locked or read-only; PostgreSQL has a different class for each
        logger.warning("The last use of an API token could not be recorded (%s). The next request tries again.", error)


def _limit(group: str, key: Callable[[], str]) -> None:
    """Count one request. Raises ProblemError if the rate limit is exceeded."""
    if wait_seconds := seconds_to_wait(group, key, settings.API_RATE_LIMIT):
        raise _too_many(wait_seconds)


def _limit_strangers(request: HttpRequest, secret: str) -> None:
    """Count a request without a valid token. Raises ProblemError if its network has to wait."""
    _limit("api-address", lambda: network_key(client_networks(request).local, "api"))
    if SECRET_FORM.fullmatch(secret) and (wait_seconds := count_guess(request)):
        raise _too_many(wait_seconds)


def _too_many(wait_seconds: int) -> ProblemError:
    headers = {"Retry-After": str(wait_seconds)}
    return ProblemError(HTTPStatus.TOO_MANY_REQUESTS, wait_message(wait_seconds), headers=headers)
