"""The pages of the dashboard. Each parses its address, asks once, and responds; none writes."""

from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone

from collector.models import Pixel, Project
from collector.snippets import base_url, snippets
from dashboard.report.live import LiveVisits, live_visits
from dashboard.report.page import make_page
from dashboard.report.project_cards import project_cards
from dashboard.report.server_health import server_health
from dashboard.views.access import page


@page
def projects(request: HttpRequest) -> HttpResponse:
    """List the projects of the user. Five queries at most, and one more for administrators."""
    now = timezone.now()
    context: dict[str, Any] = {"cards": project_cards(Project.objects.visible_to(request.user), now)}
    if getattr(request.user, "is_superuser", False):
        context["server_health"] = server_health(now)
    return render(request, "dashboard/projects.html", context)


@page
def project(request: HttpRequest, slug: str) -> HttpResponse:
    """Show one project over a period."""
    owned = Exists(Project.objects.owned_by(request.user).filter(pk=OuterRef("pk")))
    project = get_object_or_404(Project.objects.visible_to(request.user).annotate(is_owned=owned), slug=slug)
    now = timezone.now()
    context = {
        "project": project,
        "page": make_page(request.GET, project, now=now),
        "live": live_visits(project, None, now),
        "may_share": _is_staff(request) and project.is_owned,  # type: ignore[attr-defined]
    }
    return render(request, "dashboard/project.html", context)


@page
def pixel(request: HttpRequest, slug: str, pixel_id: int) -> HttpResponse:
    """Show one pixel of a project over a period."""
    pixel = _visible_pixel(request, slug, pixel_id)
    now = timezone.now()
    context = {
        "project": pixel.project,
        "pixel": pixel,
        "page": make_page(request.GET, pixel.project, pixel, now=now),
        "live": live_visits(pixel.project, pixel, now),
        "paused_until": _paused_until(pixel),
        "may_pause": _is_staff(request) and pixel.is_editable,  # type: ignore[attr-defined]
        "may_share": _is_staff(request) and pixel.is_owned,  # type: ignore[attr-defined]
        "snippets": snippets(pixel, base_url(request)),
    }
    return render(request, "dashboard/pixel.html", context)


@page
def project_live(request: HttpRequest, slug: str) -> HttpResponse:
    """Answer with the visits of the last half an hour."""
    project = get_object_or_404(Project.objects.visible_to(request.user), slug=slug)
    return _live_answer(live_visits(project, None, timezone.now()))


@page
def pixel_live(request: HttpRequest, slug: str, pixel_id: int) -> HttpResponse:
    """Answer with one pixel's visits of the last half an hour."""
    pixel = _visible_pixel(request, slug, pixel_id)
    return _live_answer(live_visits(pixel.project, pixel, timezone.now()))


def _live_answer(live: LiveVisits) -> JsonResponse:
    return JsonResponse({"text": live.text, "words": live.words, "minutes": live.line})


def _visible_pixel(request: HttpRequest, slug: str, pixel_id: int) -> Pixel:
    visible = Pixel.objects.filter(project__in=Project.objects.visible_to(request.user), project__slug=slug)
    editable = Q(project__in=Project.objects.editable_by(request.user))
    owned = Q(project__in=Project.objects.owned_by(request.user))
    described = visible.select_related("project").annotate(is_editable=editable, is_owned=owned)
    return get_object_or_404(described, pk=pixel_id)


def _is_staff(request: HttpRequest) -> bool:
    """Tell whether the user is let into the admin, where pixels are changed and share links made."""
    return bool(getattr(request.user, "is_staff", False))


def _paused_until(pixel: Pixel) -> str:
    """Return when a pixel counts again, as the clock of its project shows it; empty where it counts now."""
    if pixel.muted_until is None or not pixel.is_muted(timezone.now()):
        return ""
    return f"{timezone.localtime(pixel.muted_until, pixel.project.zone):%H:%M}"
