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

from collector.intake.clients import client_networks
from collector.intake.page_limits import network_key, seconds_to_wait, wait_message
from collector.models import ApiToken, Project
from dashboard.api.problems import ProblemError, api_root

logger = logging.getLogger(__name__)

SECRET_FORM = re.compile(r"ff_[A-Za-z0-9_-]{43}")


class Bearer(HttpBearer):
    """Checks `Authorization: Bearer ff_…`. One query; one more on a token's first use of the day."""

    def __call__(self, request: HttpRequest) -> ApiToken:
        """Return the request's token. Raises ProblemError if it is missing, wrong, or used too often.

        The token is looked up before the sender's network is limited. Otherwise wrong tokens would lock out valid ones
        behind the same address. Guessing a secret of 256 bits is hopeless without a limit too.
        """
        scheme, _space, secret = request.headers.get("Authorization", "").partition(" ")
        token = self.authenticate(request, secret.strip()) if scheme.lower() == "bearer" else None
        if token is None:
            _limit("api-address", lambda: network_key(client_networks(request).local, "api"))
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
        return token

    def authenticate(self, request: HttpRequest, token: str) -> ApiToken | None:
        if not SECRET_FORM.fullmatch(token):
            return None
        return ApiToken.objects.of_secret(token).select_related("user").first()


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
        raise ProblemError(
            HTTPStatus.TOO_MANY_REQUESTS, wait_message(wait_seconds), headers={"Retry-After": str(wait_seconds)}
        )
