"""What can be taken along from the dashboard: raw hits, a whole page, and each of its panels.

A page as CSV has one number a line, so that a spreadsheet can pivot it: `panel` names the part of the page and never
changes with the language, `title` as the page names it; `label` is the row (a moment of a chart in ISO 8601), `measure`
the column, `number` plain digits, empty where it is not known. A panel as CSV has the columns of the page.
"""

from collections.abc import Iterable, Iterator, Sequence

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.text import slugify
from django.utils.translation import gettext as _

from collector.models import Pixel, Project
from collector.models.counts import WHOLE_PROJECT
from collector.storage.export import FIELDS, csv_lines, hit_rows, json_lines, table_lines
from dashboard import formatting
from dashboard.report.page import DashboardPage, make_page
from dashboard.views.access import dashboard_view, visible_pixel, visible_project
from dashboard.views.streams import CSV, JSON_LINES, streamed
from dashboard.visits import queries
from dashboard.visits.periods import Period, PeriodForm

CONTENT_TYPES = {"csv": CSV, "jsonl": JSON_LINES}
TITLE_CHARACTERS = 40  # of a file's name
MAX_ROWS = 50_000  # of a panel; README says so
PAGE_FIELDS = ("panel", "title", "label", "measure", "number")
BYTE_ORDER_MARK = "\ufeff"  # without it, Excel takes UTF-8 for something else


@dashboard_view
def project_hits(request: HttpRequest, slug: str, ending: str) -> HttpResponseBase:
    """Send the raw hits of a project over a period. Two queries, and two more for so many hits."""
    return _hits(request, visible_project(request, slug), None, ending)


@dashboard_view
def pixel_hits(request: HttpRequest, slug: str, pixel_id: int, ending: str) -> HttpResponseBase:
    """Send the raw hits of one pixel over a period. Three queries, and two more for so many hits of its project."""
    pixel = visible_pixel(request, slug, pixel_id)
    return _hits(request, pixel.project, pixel, ending)


@dashboard_view
def project_csv(request: HttpRequest, slug: str) -> HttpResponse:
    """Send the whole page of a project. As many queries as the page."""
    return _page_csv(request, visible_project(request, slug), None)


@dashboard_view
def pixel_csv(request: HttpRequest, slug: str, pixel_id: int) -> HttpResponse:
    """Send the whole page of one pixel. As many queries as the page."""
    pixel = visible_pixel(request, slug, pixel_id)
    return _page_csv(request, pixel.project, pixel)


@dashboard_view
def project_panel_csv(request: HttpRequest, slug: str, key: str) -> HttpResponse:
    """Send one panel or chart of a project's page, with all its rows. At most as many queries as the page."""
    return _panel_csv(request, visible_project(request, slug), None, key)


@dashboard_view
def pixel_panel_csv(request: HttpRequest, slug: str, pixel_id: int, key: str) -> HttpResponse:
    """Send one panel or chart of a pixel's page, with all its rows. At most as many queries as the page."""
    pixel = visible_pixel(request, slug, pixel_id)
    return _panel_csv(request, pixel.project, pixel, key)


def _hits(request: HttpRequest, project: Project, pixel: Pixel | None, ending: str) -> HttpResponseBase:
    if ending not in CONTENT_TYPES:
        raise Http404
    period = _period(request, project, pixel)
    rows = hit_rows(project, *period.moments(project.zone), pixel=pixel)
    lines = csv_lines(FIELDS, rows) if ending == "csv" else json_lines(rows)
    return streamed(request, lines, CONTENT_TYPES[ending], f"{_file_name('hits', project, pixel, period)}.{ending}")


def _page_csv(request: HttpRequest, project: Project, pixel: Pixel | None) -> HttpResponse:
    shown = _page(request, project, pixel, "")
    return _table("", shown, PAGE_FIELDS, _numbers(shown))


def _panel_csv(request: HttpRequest, project: Project, pixel: Pixel | None, key: str) -> HttpResponse:
    shown = _page(request, project, pixel, key)
    tables = [shown.full_list] if shown.full_list else shown.report.tables() if shown.report else []
    for table in tables:
        if table.key == key:
            head, rows = table.table()
            return _table(table.key, shown, head, rows)
    raise Http404


def _page(request: HttpRequest, project: Project, pixel: Pixel | None, full: str) -> DashboardPage:
    """Return the page with the same query string, or of it the one list that `full` names, whole."""
    asked = request.GET.dict() | {"all": full, "page_number": "1"}
    return make_page(asked, project, pixel, now=timezone.now(), full_rows=MAX_ROWS)


def _numbers(shown: DashboardPage) -> Iterator[Sequence[object]]:
    """Yield each number of a page as a row of `PAGE_FIELDS`; text in cells is left to the panels' own CSV."""
    if shown.report is None:
        return
    measures = {"visitors": _("Visitors"), "bots": _("Hits")}
    for figure in shown.report.figures:
        number = None if figure.text == formatting.UNSEEN else figure.exact
        yield "figures", _("Key figures"), figure.label, measures.get(figure.key, _("Visits")), number
    for table in shown.report.tables():
        head, rows = table.table()
        for label, *cells in rows:
            for measure, cell in zip(head[1:], cells, strict=True):
                if not isinstance(cell, str):  # such as the hour with most visits
                    yield table.key, table.title, label, measure, cell


def _table(what: str, shown: DashboardPage, head: Sequence[str], rows: Iterable[Sequence[object]]) -> HttpResponse:
    name = f"{_file_name(what, shown.project, shown.pixel, shown.state.period)}.csv"
    disposition = content_disposition_header(True, name) or ""
    content = BYTE_ORDER_MARK + "".join(table_lines(head, rows))
    return HttpResponse(content, content_type=CSV, headers={"Content-Disposition": disposition})


def _period(request: HttpRequest, project: Project, pixel: Pixel | None) -> Period:
    """Return the period that the page with the same query string shows."""
    first_day = queries.first_day(project, pixel.pk if pixel else WHOLE_PROJECT)
    return PeriodForm(request.GET, today=timezone.localdate(timezone=project.zone), first_day=first_day).period()


def _file_name(what: str, project: Project, pixel: Pixel | None, period: Period) -> str:
    """Return the name of a file without its ending, such as `blog-hits-2026-11-01-to-2026-11-30`."""
    title = slugify(pixel.title)[:TITLE_CHARACTERS].strip("-_") or pixel.token if pixel else ""
    days = f"{period.start}" if period.days == 1 else f"{period.start}-to-{period.last_day}"
    return "-".join(filter(None, [project.slug, title, what, days]))
