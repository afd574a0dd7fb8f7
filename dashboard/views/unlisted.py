"""Pages for people without an account: the same for everybody, in no search engine, limited in rate."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.cache import cache_control

from collector.intake.clients import client_networks
from collector.intake.page_limits import network_key, seconds_to_wait
from collector.intake.places import BUSY_SECONDS
from dashboard.views import at_once
from dashboard.views.error_page import too_many_requests

UnlistedView = Callable[[HttpRequest, str], HttpResponseBase]


def unlisted(view: UnlistedView) -> UnlistedView:
    """Keep a page out of search engines and caches.

    Requests are limited in rate, and in how many are answered at the same time: an answer costs more than a request.
    """

    @cache_control(private=True, no_store=True)
    @wraps(view)
    def answer(request: HttpRequest, key: str) -> HttpResponseBase:
        response = answer_if_too_often(request)
        if response is None:
            with at_once.place(at_once.SHARED, at_once.EVERYBODY) as has_place:
                response = view(request, key) if has_place else too_many(request, BUSY_SECONDS)
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
        return response

    return answer


def render_public(
    request: HttpRequest, template: str, context: dict[str, Any] | None = None, status: int | None = None
) -> HttpResponse:
    """Render a page as people without an account see it, even if the user is logged in."""
    return render(request, template, {"user": AnonymousUser(), **(context or {})}, status=status)


def answer_if_too_often(request: HttpRequest) -> HttpResponseBase | None:
    """Count a request of the client's network. Return an answer if it has to wait. At most one query a day."""
    wait_seconds = seconds_to_wait(
        "share", lambda: network_key(client_networks(request).local, "share"), settings.SHARE_RATE_LIMIT
    )
    return too_many(request, wait_seconds) if wait_seconds else None


def too_many(request: HttpRequest, wait_seconds: int) -> HttpResponseBase:
    """Return the answer to a client that has to wait, without links for people with an account."""
    return too_many_requests(request, wait_seconds, has_home=False)
