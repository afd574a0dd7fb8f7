"""Who may ask the API, and how often: a token in the header, its rate limit, and the projects it opens."""

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

from collector.intake.clients import network_of
from collector.intake.rate_limits import network_key, seconds_to_wait, wait_message
from collector.models import ApiToken, Project
from dashboard.api.problems import ProblemError

logger = logging.getLogger(__name__)

SECRET_FORM = re.compile(r"ff_[A-Za-z0-9_-]{43}")


class Bearer(HttpBearer):
    """Takes `Authorization: Bearer ff_…`. One query; one more on a token's first use of a day."""

    def __call__(self, request: HttpRequest) -> ApiToken:
        """Return the token that the request shows. Raises ProblemError for none, a wrong one, and one used too often.

        A wrong token is looked up before its sender's network is limited: who has a right one must not be kept out
        by a neighbour behind the same address. To guess a secret of 256 bits is hopeless at any rate.
        """
        scheme, _space, secret = request.headers.get("Authorization", "").partition(" ")
        token = self.authenticate(request, secret.strip()) if scheme.lower() == "bearer" else None
        if token is None:
            _limit("api-address", lambda: network_key(network_of(request), "api"))
            raise ProblemError(
                HTTPStatus.UNAUTHORIZED,
                _(
                    "Send “Authorization: Bearer ff_…” with a token that is not revoked. Whoever may use the admin "
                    "makes one there, under API tokens."
                ),
                headers={"WWW-Authenticate": "Bearer"},
            )
        _limit("api-token", lambda: str(token.pk))
        _note_use(token)
        return token

    def authenticate(self, request: HttpRequest, token: str) -> ApiToken | None:
        if not SECRET_FORM.fullmatch(token):
            return None
        return ApiToken.objects.of_secret(token).select_related("user").first()


def readable_project(request: HttpRequest, slug: str) -> Project:
    """Return a project that the request's token may read. One query. Raises ProblemError where there is none."""
    project = token_of(request).readable_projects().filter(slug=slug).first()
    if project is None:
        raise ProblemError(
            HTTPStatus.NOT_FOUND,
            _("This token reads no project “%(slug)s”; /api/v1/projects lists those it reads.") % {"slug": slug},
        )
    return project


def token_of(request: HttpRequest) -> ApiToken:
    """Return the token that `Bearer` let in."""
    token: ApiToken = request.auth  # type: ignore[attr-defined]  # ninja puts there what Bearer returns
    return token


def _note_use(token: ApiToken) -> None:
    """Write down the day of a token's use, for its owner to see which ones are forgotten.

    Once a day and not more: the API reads, and a write for each request would wait for the drain's transactions and
    make them wait. The condition is asked again in the statement, so that of many first requests one writes.
    """
    today = timezone.now().date()
    if token.last_used_on == today:
        return
    try:
        ApiToken.objects.filter(pk=token.pk).exclude(last_used_on=today).update(last_used_on=today)
    except DatabaseError as error:  # another writer holds it, or it takes no writes; PostgreSQL has names for both
        logger.warning("The day of an API token's use could not be written (%s); the next request tries again.", error)


def _limit(group: str, key: Callable[[], str]) -> None:
    """Count one request. Raises ProblemError where it is one too many."""
    if wait_seconds := seconds_to_wait(group, key, settings.API_RATE_LIMIT):
        raise ProblemError(
            HTTPStatus.TOO_MANY_REQUESTS, wait_message(wait_seconds), headers={"Retry-After": str(wait_seconds)}
        )
