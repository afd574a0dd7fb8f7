"""The visits of the last 30 minutes, which the pages of projects and articles request again and again."""

from django.http import HttpRequest, JsonResponse
from django.utils import timezone

from dashboard.report.live import LiveVisits, live_visits
from dashboard.views.access import dashboard_view, visible_pixel, visible_project


@dashboard_view
def project_live(request: HttpRequest, slug: str) -> JsonResponse:
    """Answer with the visits of the last 30 minutes."""
    project = visible_project(request, slug)
    return _answer(live_visits(project, None, timezone.now()))


@dashboard_view
def article_live(request: HttpRequest, slug: str, pixel_id: int) -> JsonResponse:
    """Answer with one article's visits of the last 30 minutes."""
    pixel = visible_pixel(request, slug, pixel_id)
    return _answer(live_visits(pixel.project, pixel, timezone.now()))


def _answer(live: LiveVisits) -> JsonResponse:
    return JsonResponse({"text": live.text, "words": live.words, "minutes": live.line})
