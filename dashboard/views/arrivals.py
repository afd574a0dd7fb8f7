"""Whether the first visit or report has come, which pages that wait for it request again and again."""

from datetime import UTC, datetime

from django.http import HttpRequest, JsonResponse
from django.utils import timezone

from dashboard.snippets.first_visit import FirstVisitStatus, first_visit_status_of_project
from dashboard.snippets.live_line import status_of_pixel
from dashboard.views.access import dashboard_view, visible_pixel, visible_project

LATEST_MS = 2**43  # in the year 2248; later ones would be too much for datetime


@dashboard_view
def pixel_arrival(request: HttpRequest, slug: str, pixel_id: int) -> JsonResponse:
    """Answer whether a visit came after `?since`, in milliseconds, and what else came. At most six queries.

    Of a program: whether a report ever came.
    """
    pixel = visible_pixel(request, slug, pixel_id)
    return _answer(status_of_pixel(pixel, timezone.now(), _moment(request.GET.get("since", ""))))


@dashboard_view
def project_arrival(request: HttpRequest, slug: str) -> JsonResponse:
    """Answer whether any article of a project was visited in the last hour. At most six queries."""
    project = visible_project(request, slug)
    return _answer(first_visit_status_of_project(project, timezone.now()))


def _answer(status: FirstVisitStatus) -> JsonResponse:
    return JsonResponse(
        {
            "awaited": status.is_awaited,
            "state": status.state,
            "words": status.words,
            "notes": status.notes,
            "version": status.version,
        }
    )


def _moment(milliseconds: str) -> datetime | None:
    """Return a moment since 1970, no later than `LATEST_MS`, or None if this is not a number of milliseconds."""
    if not (milliseconds.isascii() and milliseconds.isdecimal()) or len(milliseconds) > 13:
        return None
    return datetime.fromtimestamp(min(int(milliseconds), LATEST_MS) / 1000, UTC)
