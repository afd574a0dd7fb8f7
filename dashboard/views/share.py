"""What share links open: a page for everybody who has the link, and a chart for frames on other sites.

Nobody has to log in, and people who are logged in see the same as all others. The answer does not tell whether a link
is unknown, revoked or expired. Only the sections that the link shows are computed.
"""

from typing import Any

from csp.decorators import csp_replace
from django.db.models import F, Q
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.http import require_http_methods, require_safe

from collector.models import ProgramSection, Section, ShareLink
from collector.programs.declaring import declared_program
from dashboard.report.page import make_page
from dashboard.report.program.page import make_program_page
from dashboard.report.program.subject import ALL_PROGRAM_SECTIONS
from dashboard.report.subject import ALL_SECTIONS
from dashboard.views.share_password import ask_password, is_let_in
from dashboard.views.unlisted import render_public, unlisted

THEMES = {"light", "dark"}
FRAMED_SECTIONS = frozenset({Section.TREND, Section.PLATFORMS})  # the second one only stacks the trend by platform
PERIOD_PARAMETERS = {"range", "start", "end", "by", "compare", "trend"}
ANY_SITE = "*"


@require_http_methods(["GET", "HEAD", "POST"])
@unlisted
def share(request: HttpRequest, key: str) -> HttpResponseBase:
    """Show what a link shares, behind its password if it has one."""
    link = _open_link(key)
    if link is None:
        return render_public(request, "dashboard/share_gone.html", status=404)
    if link.password and not is_let_in(request, link):
        return ask_password(request, link)
    if request.method == "POST":  # another tab entered the password before
        return redirect(request.get_full_path())
    now, sections = timezone.now(), frozenset(link.shows)
    if link.pixel and (program := declared_program(link.pixel)):
        program_page = make_program_page(
            request.GET, link.pixel, program, now=now, sections=sections & ALL_PROGRAM_SECTIONS, is_public=True
        )
        return render_public(request, "dashboard/share_program.html", {"heading": _heading(link), "page": program_page})
    page = make_page(request.GET, link.project, link.pixel, now=now, sections=sections & ALL_SECTIONS, is_public=True)
    return render_public(request, "dashboard/share.html", {"heading": _heading(link), "page": page})


@require_safe
@unlisted
def embed(request: HttpRequest, key: str) -> HttpResponseBase:
    """Show the trend and the total of a link, framed by the sites that it names. Sets no cookie."""
    link = _open_link(key)
    program = declared_program(link.pixel) if link and link.pixel else None
    framed = ProgramSection.ACTIVES if program else Section.TREND
    if link is None or link.password or not link.embedded_on or framed not in link.shows:
        # Every site may frame this answer: in an article it looks better than the error of the browser.
        return _framed(request, [ANY_SITE], "dashboard/embed_gone.html", status=404)
    query = {"compare": "none"} | {key: value for key, value in request.GET.items() if key in PERIOD_PARAMETERS}
    context: dict[str, Any] = {"heading": _heading(link)}
    now = timezone.now()
    if program and link.pixel:
        page = make_program_page(query, link.pixel, program, now=now, sections={framed}, is_public=True)
        return _framed(request, link.embedded_on.split(), "dashboard/embed_program.html", {**context, "page": page})
    sections = FRAMED_SECTIONS & frozenset(link.shows)
    context["page"] = make_page(query, link.project, link.pixel, now=now, sections=sections, is_public=True)
    return _framed(request, link.embedded_on.split(), "dashboard/embed.html", context)


def _open_link(key: str) -> ShareLink | None:
    """Return the link with this key, or None unless it works now. One query.

    The link of an article stops working when the article moves to another project: it would show numbers of a project
    that it was not made for.
    """
    if "\0" in key:  # PostgreSQL rejects it
        return None
    same_project = Q(pixel=None) | Q(pixel__project=F("project"))
    links = ShareLink.objects.open_at(timezone.now()).select_related("project", "pixel__project")
    return links.filter(same_project, key=key).first()


def _heading(link: ShareLink) -> str:
    return link.pixel.title if link.pixel else link.project.name


def _framed(
    request: HttpRequest, sites: list[str], template: str, context: dict[str, Any] | None = None, status: int = 200
) -> HttpResponseBase:
    """Render a page that only `sites` may show in a frame."""

    @csp_replace({"frame-ancestors": sites})
    @xframe_options_exempt
    def answer(request: HttpRequest) -> HttpResponseBase:
        theme = request.GET.get("theme", "")
        return render_public(request, template, {"theme": theme if theme in THEMES else "", **(context or {})}, status)

    return answer(request)
