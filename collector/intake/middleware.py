"""Answers the collector's own paths before any other middleware runs."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve

from collector.intake import views
from collector.intake.reports import is_for_reports
from collector.intake.targets import is_for_pixels

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
