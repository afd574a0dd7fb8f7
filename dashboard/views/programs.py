"""The page of one program, at the address that an article would have."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from collector.addresses import address_warning
from collector.models import Pixel
from collector.programs.clients import LANGUAGES
from collector.programs.declaring import declared_program
from collector.programs.program import Program
from collector.snippets import base_url
from dashboard.report.program.page import make_program_page
from dashboard.snippets.live_line import line_of_pixel
from dashboard.views.access import may_use_admin


def program_page(request: HttpRequest, pixel: Pixel) -> HttpResponse:
    """Show one program over a period, or the way to its first report. The caller has checked who may see it."""
    program = declared_program(pixel)
    page = make_program_page(request.GET, pixel, program, now=timezone.now()) if program else None
    if page is None or page.report is None:
        return _waiting_page(request, pixel, program)
    context = _context(request, pixel, program) | {"page": page}
    if pixel.is_owned:  # type: ignore[attr-defined]
        context["decide_url"] = f"{reverse('decide', args=[pixel.project.slug, pixel.pk])}?{page.state.query}"
    return render(request, "dashboard/program.html", context)


def _waiting_page(request: HttpRequest, pixel: Pixel, program: Program | None) -> HttpResponse:
    context = _context(request, pixel, program) | {
        "line": line_of_pixel(pixel, timezone.now()),
        "address_warning": address_warning(base_url(request), is_for_images=False),
    }
    return render(request, "dashboard/program_waiting.html", context)


def _context(request: HttpRequest, pixel: Pixel, program: Program | None) -> dict[str, Any]:
    is_in_admin = may_use_admin(request)
    return {
        "project": pixel.project,
        "pixel": pixel,
        "program": program,
        "languages": LANGUAGES,
        "may_edit": pixel.is_editable,  # type: ignore[attr-defined]
        "may_use_admin": is_in_admin,
        "may_share": is_in_admin and pixel.is_owned,  # type: ignore[attr-defined]
    }
