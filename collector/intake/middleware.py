"""Times all requests, answers the collector's own paths before other middleware, and notes members after all others."""

import time
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve

from collector.intake import views
from collector.intake.badge_targets import is_for_images
from collector.intake.clock import now_us
from collector.intake.door_targets import door_target
from collector.intake.members import member_address
from collector.intake.prefix import prefix, public_path, without_prefix
from collector.intake.reports import is_for_reports
from collector.intake.wiring import members
from collector.metrics.names import Count, Timing
from collector.metrics.tally import TALLY

GetResponse = Callable[[HttpRequest], HttpResponse]


def timed(get_response: GetResponse) -> GetResponse:
    """Time each request by the name of its route, and count those that failed. For streams, until the first line."""

    def middleware(request: HttpRequest) -> HttpResponse:
        TALLY.begin(settings.METRICS_DIR, "web")
        began_at = time.monotonic()
        response = get_response(request)
        view = _view_name(request)
        TALLY.add_seconds(Timing.VIEW, view, time.monotonic() - began_at)
        TALLY.add(Count.VIEW_ERRORS, view, response.status_code >= 500)
        return response

    return middleware


def _view_name(request: HttpRequest) -> str:
    """Return the name of a request's route, which is ours: never a part of its path. All of the admin is one."""
    match = request.resolver_match
    if match is None:
        return "none"
    return "admin" if match.namespace == "admin" else match.view_name


def collector_first(get_response: GetResponse) -> GetResponse:
    """Answer hits, reports and health checks without session and cookies, for any `Host` header."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if prefix():
            request.path_info = without_prefix(request.path_info)
            request.path = public_path(request.path_info)
        if is_for_images(request.path_info):
            return views.pixel(request)
        if door_target(request.path_info) is not None:
            return views.doors(request)
        if is_for_reports(request.path_info):
            return views.reports(request)
        try:
            match = resolve(request.path_info, "collector.urls")
        except Resolver404:
            return _below_prefix(get_response(request))
        request.resolver_match = match
        response: HttpResponse = match.func(request, *match.args, **match.kwargs)
        return response

    return middleware


def _below_prefix(response: HttpResponse) -> HttpResponse:
    """Keep cookies from other sites on the same host, those too whose path has no setting, as of messages."""
    if prefix():
        for cookie in response.cookies.values():
            if cookie["path"] == "/":
                cookie["path"] = f"{prefix()}/"
    return response


def note_members(get_response: GetResponse) -> GetResponse:
    """Note which members use the dashboard or the admin, so that their own readings don't count.

    Costs nothing on pages that don't ask who the user is.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if request.session.accessed and request.user.is_authenticated:
            agent = request.META.get("HTTP_USER_AGENT", "").encode("latin-1", "replace")
            is_change = request.method == "POST"
            members().note(request.user.pk, member_address(request), agent, now_us(), is_change=is_change)
        return response

    return middleware
