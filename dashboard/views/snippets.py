"""The pages of snippets: what to paste where, for one article and for all of a project, and whether it arrives."""

from dataclasses import dataclass
from datetime import UTC, datetime

from django.contrib.admin.models import CHANGE, LogEntry
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from collector.classify.platforms import catalogue, platform_colour
from collector.models import Pixel
from collector.models.validators import PLACEMENTS_AT_MOST
from collector.snippets import FORMS, Snippet, base_url, snippet
from dashboard.snippets.first_visit import WAITING, arrival
from dashboard.snippets.listing import PAGE_PIXELS, csv_chunks, listing, rows
from dashboard.snippets.placement_picker import choice, platform_choices, why_no_place
from dashboard.views.access import dashboard_action, dashboard_view, visible_pixel, visible_project
from dashboard.views.streams import CSV, streamed

LATEST_MS = 2**43  # in the year 2248


@dataclass(frozen=True, slots=True)
class Card:
    """One snippet on the page. `is_added` says whether the pixel has its place, `is_other` whether it must have it."""

    snippet: Snippet
    colour: str
    is_added: bool
    is_other: bool


@dashboard_view
def snippets(request: HttpRequest, slug: str, pixel_id: int) -> HttpResponse:
    """Show what to paste for one pixel in the places that the address names. Six queries at most."""
    pixel = visible_pixel(request, slug, pixel_id)
    chosen = choice(request.GET, pixel)
    now = timezone.now()
    base = base_url(request)
    context = {
        "pixel": pixel,
        "project": pixel.project,
        "chosen": chosen,
        "groups": chosen.groups(pixel),
        "cards": [
            Card(
                snippet(pixel.token, place, base),
                platform_colour(place) if place else "",
                not place or place in pixel.placements,
                bool(place) and place not in catalogue(),
            )
            for place in chosen.places
        ],
        "may_edit": pixel.is_editable,  # type: ignore[attr-defined]
        "is_full": len(pixel.placements) >= PLACEMENTS_AT_MOST,
        "places_at_most": PLACEMENTS_AT_MOST,
        "arrival": arrival(pixel, now),
        "is_awaited": pixel.retired_at is None,
        "now_ms": str(_milliseconds(now)),
    }
    return render(request, "dashboard/snippets.html", context)


@dashboard_view
def arrival_json(request: HttpRequest, slug: str, pixel_id: int) -> HttpResponse:
    """Say whether a visit came since the moment `?since`, in milliseconds, and what else did. Six queries at most."""
    pixel = visible_pixel(request, slug, pixel_id)
    known = arrival(pixel, timezone.now(), _moment(request.GET.get("since", "")))
    return JsonResponse(
        {
            "awaited": known.state == WAITING,
            "state": known.state,
            "words": known.words,
            "notes": known.notes,
            "version": known.version,
        }
    )


@dashboard_action
def add_placement(request: HttpRequest, slug: str, pixel_id: int) -> HttpResponse:
    """Add a place to a pixel, and go back to its snippets. What can't be added is not, and the page says why."""
    editable = Pixel.objects.editable_by(request.user).filter(project__slug=slug)
    place = request.POST.get("place", "").strip().lower()
    with transaction.atomic():
        pixel = get_object_or_404(editable.select_for_update(of=("self",)), pk=pixel_id)
        is_new = why_no_place(place) is None and place not in pixel.placements
        if is_new and len(pixel.placements) < PLACEMENTS_AT_MOST:
            pixel.placements = [*pixel.placements, place]
            pixel.save(update_fields=["placements"])
            said = _("Added the placement %(place)s.") % {"place": place}
            LogEntry.objects.log_actions(str(request.user.pk), [pixel], CHANGE, said)
    query = request.GET.copy()
    if place and place not in query.getlist("place"):
        query.appendlist("place", place[:100])
    address = reverse("snippets", args=[slug, pixel_id])
    return HttpResponseRedirect(f"{address}?{query.urlencode()}" if query else address)


@dashboard_view
def project_snippets(request: HttpRequest, slug: str) -> HttpResponse:
    """List one snippet for each pixel of a project, a page of them. Five queries, however many pixels."""
    project = visible_project(request, slug)
    asked = listing(request.GET)
    pages = Paginator(asked.pixels(project), PAGE_PIXELS)
    shown = pages.get_page(request.GET.get("page"))
    context = {
        "project": project,
        "asked": asked,
        "rows": rows(asked, project, list(shown), base_url(request)),
        "shown": shown,
        "platforms": platform_choices(),
        "forms": FORMS.items(),
    }
    return render(request, "dashboard/project_snippets.html", context)


@dashboard_view
def project_snippets_csv(request: HttpRequest, slug: str) -> StreamingHttpResponse:
    """Send the snippets of a project's pixels as CSV: each place of each pixel. One query for 500 pixels."""
    project = visible_project(request, slug)
    lines = csv_chunks(listing(request.GET), project, base_url(request))
    return streamed(request, lines, CSV, f"{project.slug}-snippets.csv")


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _moment(milliseconds: str) -> datetime | None:
    """Return the moment that the address names, or None where it names none."""
    if not (milliseconds.isascii() and milliseconds.isdecimal()) or len(milliseconds) > 13:
        return None
    return datetime.fromtimestamp(min(int(milliseconds), LATEST_MS) / 1000, UTC)
