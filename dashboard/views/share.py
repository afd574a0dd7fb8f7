"""What share links open: a page for whoever has its address, and a chart for other sites' frames.

Nobody has to log in, and who has sees the same as everybody. A link that is unknown, revoked or expired leads to one
and the same answer. Only what the link shows is computed.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from csp.decorators import csp_replace
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db.models import F, Q
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import cache_control
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.http import require_http_methods, require_safe

from collector.intake.clients import network_of
from collector.intake.rate_limits import (
    count_wrong_try,
    minutes_to_wait,
    network_key,
    seconds_to_wait,
    wait_message,
)
from collector.models import Section, ShareLink
from dashboard.report.page import make_page

COOKIE = "shared"  # each link has one of its own, at its own path
THEMES = {"light", "dark"}
FRAMED_SECTIONS = frozenset({Section.TREND, Section.PLATFORMS})  # the trend, and that it is stacked by platform
PERIOD_PARAMETERS = {"range", "start", "end", "by", "compare", "trend"}
EVERYBODY = "*"

View = Callable[[HttpRequest, str], HttpResponseBase]


def unlisted(view: View) -> View:
    """Keep a page out of search engines and caches, and its key out of other sites' logs; and let nobody ask too often,
    for each answer costs more than its question.
    """

    @cache_control(private=True, no_store=True)
    @wraps(view)
    def answer(request: HttpRequest, key: str) -> HttpResponseBase:
        response = _refusal(request) or view(request, key)
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
        # Not `no-referrer`: with that, browsers name no origin with the password's form either.
        response.headers["Referrer-Policy"] = "same-origin"
        return response

    return answer


@require_http_methods(["GET", "HEAD", "POST"])
@unlisted
def share(request: HttpRequest, key: str) -> HttpResponseBase:
    """Show what a link shares, behind its password where it has one."""
    link = _open_link(key)
    if link is None:
        return _show(request, "dashboard/share_gone.html", status=404)
    if link.password and not _is_let_in(request, link):
        return _ask_password(request, link)
    if request.method == "POST":  # let in meanwhile
        return redirect(request.get_full_path())
    page = make_page(
        request.GET, link.project, link.pixel, now=timezone.now(), sections=frozenset(link.shows), is_public=True
    )
    return _show(request, "dashboard/share.html", {"heading": _heading(link), "page": page})


@require_safe
@unlisted
def embed(request: HttpRequest, key: str) -> HttpResponseBase:
    """Show the trend and the total of a link in a frame of the sites that it names. Sets no cookie."""
    link = _open_link(key)
    if link is None or link.password or not link.embedded_on or Section.TREND not in link.shows:
        # A frame with a word in it looks better in somebody's article than the browser's own complaint.
        return _framed(request, [EVERYBODY], "dashboard/embed_gone.html", status=404)
    sections = FRAMED_SECTIONS & frozenset(link.shows)
    asked = {"compare": "none"} | {key: value for key, value in request.GET.items() if key in PERIOD_PARAMETERS}
    page = make_page(asked, link.project, link.pixel, now=timezone.now(), sections=sections, is_public=True)
    return _framed(request, link.embedded_on.split(), "dashboard/embed.html", {"heading": _heading(link), "page": page})


def _refusal(request: HttpRequest) -> HttpResponseBase | None:
    """Count a request of the client's network; return an answer where it has to wait. One query."""
    wait_seconds = seconds_to_wait(
        "share", lambda: network_key(network_of(request), "share"), settings.SHARE_RATE_LIMIT
    )
    if not wait_seconds:
        return None
    headers = {"Retry-After": str(wait_seconds)}
    return HttpResponse(wait_message(wait_seconds), "text/plain; charset=utf-8", status=429, headers=headers)


def _open_link(key: str) -> ShareLink | None:
    """Return the link that works now and has this key. One query, whatever the key.

    A link of an article that is in another project by now works no more: its readers were to see neither's rest.
    """
    if "\0" in key:  # PostgreSQL takes none
        return None
    at_home = Q(pixel=None) | Q(pixel__project=F("project"))
    links = ShareLink.objects.open_at(timezone.now()).select_related("project", "pixel__project")
    return links.filter(at_home, key=key).first()


def _heading(link: ShareLink) -> str:
    return link.pixel.title if link.pixel else link.project.name


def _show(
    request: HttpRequest, template: str, context: dict[str, Any] | None = None, status: int | None = None
) -> HttpResponse:
    """Render a page as it is for people without an account, whoever asks."""
    return render(request, template, {"user": AnonymousUser(), **(context or {})}, status=status)


def _framed(
    request: HttpRequest, sites: list[str], template: str, context: dict[str, Any] | None = None, status: int = 200
) -> HttpResponseBase:
    """Render a page that these sites, and no others, may show in a frame."""

    @csp_replace({"frame-ancestors": sites})
    @xframe_options_exempt
    def answer(request: HttpRequest) -> HttpResponseBase:
        theme = request.GET.get("theme", "")
        return _show(request, template, {"theme": theme if theme in THEMES else "", **(context or {})}, status)

    return answer(request)


# The password


def _ask_password(request: HttpRequest, link: ShareLink) -> HttpResponse:
    """Ask for the link's password, or look at the one that was posted and let its reader in."""
    if request.method != "POST":
        return _show(request, "dashboard/share_password.html")
    if minutes := minutes_to_wait(request, link):
        problem = ngettext(
            "Too many tries. Wait %(minutes)d minute, then try again.",
            "Too many tries. Wait %(minutes)d minutes, then try again.",
            minutes,
        ) % {"minutes": minutes}
        response = _show(request, "dashboard/share_password.html", {"problem": problem}, status=429)
        response.headers["Retry-After"] = str(minutes * 60)
        return response
    if not link.has_password(request.POST.get("password", "")):
        count_wrong_try(link)
        problem = _("That is not the password. It is case-sensitive; ask whoever gave you the address.")
        return _show(request, "dashboard/share_password.html", {"problem": problem})
    response = redirect(request.get_full_path())
    response.set_cookie(
        COOKIE,
        _proof_of(link),
        path=reverse("share", args=[link.key]),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response


def _proof_of(link: ShareLink) -> str:
    """Return what a browser keeps to show that it was let in: good for this link and its present password alone."""
    return salted_hmac("dashboard.sharing", f"{link.key}:{link.password}", algorithm="sha256").hexdigest()


def _is_let_in(request: HttpRequest, link: ShareLink) -> bool:
    return constant_time_compare(request.COOKIES.get(COOKIE, ""), _proof_of(link))
