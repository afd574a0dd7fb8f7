"""What can be taken along from the dashboard: raw hits, and every page as a spreadsheet."""

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.text import slugify

from collector.export import FIELDS, csv_lines, hit_rows, json_lines
from collector.models import Pixel, Project
from collector.models.counts import WHOLE_PROJECT
from dashboard import queries
from dashboard.access import page
from dashboard.periods import Period, PeriodForm
from dashboard.streams import CSV, JSON_LINES, streamed

CONTENT_TYPES = {"csv": CSV, "jsonl": JSON_LINES}
TITLE_CHARACTERS = 40  # of a file's name


@page
def project_hits(request: HttpRequest, slug: str, ending: str) -> HttpResponseBase:
    """Send the raw hits of a project over a period. Two queries, and two more for so many hits."""
    return _hits(request, _project(request, slug), None, ending)


@page
def pixel_hits(request: HttpRequest, slug: str, pixel_id: int, ending: str) -> HttpResponseBase:
    """Send the raw hits of one pixel over a period. Three queries, and two more for so many hits of its project."""
    pixel = _pixel(request, slug, pixel_id)
    return _hits(request, pixel.project, pixel, ending)


def _hits(request: HttpRequest, project: Project, pixel: Pixel | None, ending: str) -> HttpResponseBase:
    if ending not in CONTENT_TYPES:
        raise Http404
    period = _period(request, project, pixel)
    rows = hit_rows(project, *period.moments(project.zone), pixel=pixel)
    lines = csv_lines(FIELDS, rows) if ending == "csv" else json_lines(rows)
    return streamed(request, lines, CONTENT_TYPES[ending], f"{_file_name('hits', project, pixel, period)}.{ending}")


def _period(request: HttpRequest, project: Project, pixel: Pixel | None) -> Period:
    """Return the period that the page with the same query string shows."""
    first_day = queries.first_day(project, pixel.pk if pixel else WHOLE_PROJECT)
    return PeriodForm(request.GET, today=timezone.localdate(timezone=project.zone), first_day=first_day).period()


def _file_name(what: str, project: Project, pixel: Pixel | None, period: Period) -> str:
    """Return the name of a file without its ending, such as `blog-hits-2026-11-01-to-2026-11-30`."""
    title = slugify(pixel.title)[:TITLE_CHARACTERS].strip("-_") or pixel.token if pixel else ""
    days = f"{period.start}" if period.days == 1 else f"{period.start}-to-{period.last_day}"
    return "-".join(filter(None, [project.slug, title, what, days]))


def _project(request: HttpRequest, slug: str) -> Project:
    return get_object_or_404(Project.objects.visible_to(request.user), slug=slug)


def _pixel(request: HttpRequest, slug: str, pixel_id: int) -> Pixel:
    visible = Pixel.objects.filter(project__in=Project.objects.visible_to(request.user), project__slug=slug)
    return get_object_or_404(visible.select_related("project"), pk=pixel_id)
