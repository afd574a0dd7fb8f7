"""Answers the collector's own paths before any other middleware runs, and notes members after all others."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve

from collector.intake import views
from collector.intake.clients import address_of
from collector.intake.clock import now_us
from collector.intake.reports import is_for_reports
from collector.intake.targets import is_for_pixels
from collector.intake.wiring import members

GetResponse = Callable[[HttpRequest], HttpResponse]


def collector_first(get_response: GetResponse) -> GetResponse:
    """Answer hits, reports and health checks without session and cookies, for any `Host` header."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if is_for_pixels(request.path_info):
            return views.pixel(request)
        if is_for_reports(request.path_info):
            return views.reports(request)
        try:
            match = resolve(request.path_info, "collector.urls")
        except Resolver404:
            return get_response(request)
        response: HttpResponse = match.func(request, *match.args, **match.kwargs)
        return response

    return middleware


def note_members(get_response: GetResponse) -> GetResponse:
    """Note which members use the dashboard or the admin, so that their own readings don't count.

    Costs nothing on pages that don't ask who the user is.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if request.session.accessed and request.user.is_authenticated:
            agent = request.META.get("HTTP_USER_AGENT", "").encode("latin-1", "replace")
            is_change = request.method == "POST"
            members().note(request.user.pk, address_of(request), agent, now_us(), is_change=is_change)
        return response

    return middleware
