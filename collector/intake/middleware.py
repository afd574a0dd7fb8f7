"""Answers the collector's own paths before any other middleware runs."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve

GetResponse = Callable[[HttpRequest], HttpResponse]


def collector_first(get_response: GetResponse) -> GetResponse:
    """Answer hits and health checks without session and cookies, for any `Host` header."""

    def middleware(request: HttpRequest) -> HttpResponse:
        try:
            match = resolve(request.path_info, "collector.urls")
        except Resolver404:
            return get_response(request)
        response: HttpResponse = match.func(request, *match.args, **match.kwargs)
        return response

    return middleware
