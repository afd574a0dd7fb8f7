"""The collector's own paths, answered before any other middleware."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve

GetResponse = Callable[[HttpRequest], HttpResponse]


def collector_first(get_response: GetResponse) -> GetResponse:
    """Answer hits and health checks at once: they have no session or cookie, and may come for any host."""

    def middleware(request: HttpRequest) -> HttpResponse:
        try:
            match = resolve(request.path_info, "collector.urls")
        except Resolver404:
            return get_response(request)
        response: HttpResponse = match.func(request, *match.args, **match.kwargs)
        return response

    return middleware
