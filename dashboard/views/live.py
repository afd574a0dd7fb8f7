"""The visits of the last half an hour, which a page asks for again and again."""

from django.http import HttpRequest, JsonResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone

from collector.models import Project
from dashboard.report.page import Live, live
from dashboard.views.access import page
from dashboard.views.articles import visible_pixel


@page
def project_live(request: HttpRequest, slug: str) -> JsonResponse:
    """Answer with the visits of the last half an hour."""
    project = get_object_or_404(Project.objects.visible_to(request.user), slug=slug)
    return _answer(live(project, None, timezone.now()))


@page
def pixel_live(request: HttpRequest, slug: str, pixel_id: int) -> JsonResponse:
    """Answer with one pixel's visits of the last half an hour."""
    pixel = visible_pixel(request, slug, pixel_id)
    return _answer(live(pixel.project, pixel, timezone.now()))


def _answer(live: Live) -> JsonResponse:
    return JsonResponse({"text": live.text, "words": live.words, "minutes": live.line})
