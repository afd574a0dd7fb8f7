"""What share links open: a page for whoever has its address, and a chart for other sites' frames.

Nobody has to log in, and who has sees the same as everybody. A link that is unknown, revoked or expired leads to one
and the same answer. Only what the link shows is computed.
"""

from typing import Any

from csp.decorators import csp_replace
from django.db.models import F, Q
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.http import require_http_methods, require_safe

from collector.models import Section, ShareLink
from dashboard.report.page import make_page
from dashboard.views.share_password import ask_password, is_let_in
from dashboard.views.unlisted import render_public, unlisted

THEMES = {"light", "dark"}
FRAMED_SECTIONS = frozenset({Section.TREND, Section.PLATFORMS})  # the trend, and that it is stacked by platform
PERIOD_PARAMETERS = {"range", "start", "end", "by", "compare", "trend"}
EVERYBODY = "*"


@require_http_methods(["GET", "HEAD", "POST"])
@unlisted
def share(request: HttpRequest, key: str) -> HttpResponseBase:
    """Show what a link shares, behind its password where it has one."""
    link = _open_link(key)
    if link is None:
        return render_public(request, "dashboard/share_gone.html", status=404)
    if link.password and not is_let_in(request, link):
        return ask_password(request, link)
    if request.method == "POST":  # let in meanwhile
        return redirect(request.get_full_path())
    page = make_page(
        request.GET, link.project, link.pixel, now=timezone.now(), sections=frozenset(link.shows), is_public=True
    )
    return render_public(request, "dashboard/share.html", {"heading": _heading(link), "page": page})


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


def _framed(
    request: HttpRequest, sites: list[str], template: str, context: dict[str, Any] | None = None, status: int = 200
) -> HttpResponseBase:
    """Render a page that these sites, and no others, may show in a frame."""

    @csp_replace({"frame-ancestors": sites})
    @xframe_options_exempt
    def answer(request: HttpRequest) -> HttpResponseBase:
        theme = request.GET.get("theme", "")
        return render_public(request, template, {"theme": theme if theme in THEMES else "", **(context or {})}, status)

    return answer(request)
