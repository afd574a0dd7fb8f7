"""The page of one article."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from collector.models import Pixel
from collector.snippets import base_url, snippets
from dashboard.report.page import live, make_page
from dashboard.views.access import dashboard_view, may_use_admin, visible_pixel


@dashboard_view
def article(request: HttpRequest, slug: str, pixel_id: int) -> HttpResponse:
    """Show one pixel of a project over a period."""
    pixel = visible_pixel(request, slug, pixel_id)
    now = timezone.now()
    context = {
        "project": pixel.project,
        "pixel": pixel,
        "page": make_page(request.GET, pixel.project, pixel, now=now),
        "live": live(pixel.project, pixel, now),
        "paused_until": _paused_until(pixel),
        "may_pause": may_use_admin(request) and pixel.is_editable,  # type: ignore[attr-defined]
        "may_share": may_use_admin(request) and pixel.is_owned,  # type: ignore[attr-defined]
        "snippets": snippets(pixel, base_url(request)),
    }
    return render(request, "dashboard/pixel.html", context)


def _paused_until(pixel: Pixel) -> str:
    """Return when a pixel counts again, as the clock of its project shows it; empty where it counts now."""
    if pixel.muted_until is None or not pixel.is_muted(timezone.now()):
        return ""
    return f"{timezone.localtime(pixel.muted_until, pixel.project.zone):%H:%M}"
