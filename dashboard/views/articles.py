"""The page of one article, or of one program at the same kind of address."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from collector.addresses import address_warning
from collector.models import Kind
from collector.snippets import base_url, snippets
from dashboard.report.live import live_visits
from dashboard.report.page import make_page
from dashboard.snippets.live_line import line_of_pixel
from dashboard.views.access import expensive_view, may_use_admin, visible_pixel
from dashboard.views.programs import program_page


@expensive_view
def article(request: HttpRequest, slug: str, pixel_id: int) -> HttpResponse:
    """Show one article over a period, or one program."""
    pixel = visible_pixel(request, slug, pixel_id)
    if pixel.kind == Kind.APP:
        return program_page(request, pixel)
    now = timezone.now()
    paused_until = pixel.paused_until(now)
    page = make_page(request.GET, pixel.project, pixel, now=now)
    context = {
        "project": pixel.project,
        "pixel": pixel,
        "page": page,
        "line": None if page.first_day else line_of_pixel(pixel, now),
        "live": live_visits(pixel.project, pixel, now),
        "paused_until": f"{paused_until:%H:%M}" if paused_until else "",
        "may_pause": may_use_admin(request) and pixel.is_editable,  # type: ignore[attr-defined]
        "may_share": may_use_admin(request) and pixel.is_owned,  # type: ignore[attr-defined]
        "address_warning": address_warning(base_url(request)),
        "snippets": snippets(pixel, base_url(request)),
    }
    return render(request, "dashboard/pixel.html", context)
