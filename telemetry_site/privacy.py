"""What caches may keep of a page, and what a browser tells others of its address."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest

from collector.logs import has_key

# Browsers then send the site's name without the path, also to this site: it can share its origin with another one
# (PUBLIC_URL below a path). With `no-referrer`, forms would come without an origin, which CSRF protection needs.
WITHOUT_PATH = "strict-origin"


def private_unless_said(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Let no cache keep an answer unless its view says so, and keep keys out of Referers.

    The other answers have the Referrer-Policy of SecurityMiddleware.
    """

    def middleware(request: HttpRequest) -> Any:
        response = get_response(request)
        response.headers.setdefault("Cache-Control", "private, no-store")
        if has_key(request.path):
            response.headers["Referrer-Policy"] = WITHOUT_PATH
        return response

    return middleware
