"""The pages of the dashboard. Each parses its address, asks once, and responds; none writes."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from collector.models import Pixel, Project
from collector.models.counts import WHOLE_PROJECT
from collector.snippets import base_url, snippets
from dashboard import queries
from dashboard.overview import intake, overview
from dashboard.periods import PRESETS, PeriodForm
from dashboard.reports import pixel_report, project_report

View = Callable[..., HttpResponse]


def page(view: View) -> View:
    """Make `view` a page of the dashboard: read only, for people who logged in, fresh on every load."""
    return require_safe(login_required(cache_control(private=True, no_store=True)(view)))


@page
def projects(request: HttpRequest) -> HttpResponse:
    """List the projects of the user. Two queries, beside those for the session; one more for administrators."""
    now = timezone.now()
    context: dict[str, Any] = {"cards": overview(Project.objects.visible_to(request.user), now)}
    if getattr(request.user, "is_superuser", False):
        context["intake"] = intake(now)
    return render(request, "dashboard/projects.html", context)


@page
def project(request: HttpRequest, slug: str) -> HttpResponse:
    """Show one project over a period. Eight queries, however many hits."""
    project = get_object_or_404(Project.objects.visible_to(request.user), slug=slug)
    context = _period_context(request, project, WHOLE_PROJECT)
    all_articles = request.GET.get("articles") == "all"
    context["report"] = project_report(project, context["period"], all_articles=all_articles)
    return render(request, "dashboard/project.html", context)


@page
def pixel(request: HttpRequest, slug: str, pixel_id: int) -> HttpResponse:
    """Show one pixel of a project over a period. Five queries, however many hits."""
    visible = Pixel.objects.filter(project__in=Project.objects.visible_to(request.user), project__slug=slug)
    editable = Q(project__in=Project.objects.editable_by(request.user))
    pixel = get_object_or_404(visible.select_related("project").annotate(is_editable=editable), pk=pixel_id)
    context = _period_context(request, pixel.project, pixel.pk)
    context |= {
        "pixel": pixel,
        "paused_until": _paused_until(pixel),
        # Pixels are changed in the admin, which lets staff in alone.
        "may_pause": getattr(request.user, "is_staff", False) and pixel.is_editable,  # type: ignore[attr-defined]
        "report": pixel_report(pixel, context["period"]),
        "snippets": snippets(pixel, base_url(request)),
    }
    return render(request, "dashboard/pixel.html", context)


def _paused_until(pixel: Pixel) -> str:
    """Return when a pixel counts again, as the clock of its project shows it; empty where it counts now."""
    if pixel.muted_until is None or not pixel.is_muted(timezone.now()):
        return ""
    return f"{timezone.localtime(pixel.muted_until, pixel.project.zone):%H:%M}"


def _period_context(request: HttpRequest, project: Project, pixel_id: int) -> dict[str, Any]:
    """Return what every page over a period needs. One query."""
    now = timezone.localtime(timezone=project.zone)
    first_day = queries.first_day(project, pixel_id)
    form = PeriodForm(request.GET, today=now.date(), first_day=first_day)
    period = form.period()
    return {
        "project": project,
        "period": period,
        "presets": PRESETS.values(),
        "notice": form.notice,
        "clock_change": period.clock_change(project.zone),
        "first_day": first_day,
        "today": now.date(),
        "clock": f"{now:%H:%M}",
    }
