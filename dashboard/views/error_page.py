"""A page that says what went wrong. It brings its own style, and needs no other file, no session and no database."""

from base64 import b64encode
from hashlib import sha256
from pathlib import Path

from csp.decorators import csp_replace
from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.loader import render_to_string
from django.urls import get_script_prefix
from django.utils.safestring import mark_safe

from collector.intake.page_limits import wait_message

STYLESHEETS = ("css/palette.css", "css/error.css")


def _content(name: str) -> str:
    return Path(str(finders.find(name))).read_text("utf-8")


STYLE = "".join(_content(name) for name in STYLESHEETS)  # without `<`, which could end the element
# Without an icon, browsers ask for /favicon.ico, which is a second error.
ICON = f"data:image/svg+xml;base64,{b64encode(_content('favicon.svg').encode()).decode()}"
STYLE_SOURCE = f"'sha256-{b64encode(sha256(STYLE.encode()).digest()).decode()}'"  # CSP Level 3, 2.3.1


def error_page(request: HttpRequest, status: int, heading: str, *texts: str, has_home: bool = True) -> HttpResponseBase:
    """Return a page in the active language. `has_home`: with links to the list of projects."""
    context = {
        "status": status,
        "heading": heading,
        "texts": texts,
        "home": get_script_prefix() if has_home else "",
        "icon": ICON,
        "style": mark_safe(STYLE),  # noqa: S308  (our own files)
    }

    @csp_replace({"style-src": [STYLE_SOURCE]})  # this style and no other
    def answer(request: HttpRequest) -> HttpResponseBase:
        content = render_to_string("errors/page.html", context)  # without the request, and so without its session
        return HttpResponse(content, status=status, headers={"Cache-Control": "no-store"})

    return answer(request)


def too_many_requests(request: HttpRequest, wait_seconds: int, *, has_home: bool = True) -> HttpResponseBase:
    """Return the answer to a client that sends too many requests: a page for browsers, a line for programs."""
    message = wait_message(wait_seconds)
    if accepts_pages(request):
        response = error_page(request, 429, message, has_home=has_home)
    else:
        response = HttpResponse(message, "text/plain; charset=utf-8", status=429, headers={"Cache-Control": "no-store"})
    response.headers["Retry-After"] = str(wait_seconds)
    return response


def accepts_pages(request: HttpRequest) -> bool:
    """Whether a browser asks for a page, rather than a program for anything at all."""
    return "text/html" in request.headers.get("Accept", "")
