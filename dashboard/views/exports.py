"""What people can download from the dashboard: raw hits, a whole view, and each panel of a view.

A view as CSV has one number on each line, so that a spreadsheet can pivot it. `panel` names the part of the view, the
same in every language; `title` names it as the view does. `label` is the row (for a chart a moment in ISO 8601),
`measure` the column. `number` is plain digits, or empty if it is unknown. A panel as CSV has the columns of the view.
"""

from collections.abc import Iterable, Iterator, Sequence

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _

from collector.audit import record_export
from collector.models import Pixel, Project
from collector.models.counts import WHOLE_PROJECT
from collector.programs.declaring import declared_program
from collector.storage.export import FIELDS, csv_lines, hit_rows, json_lines
from dashboard import formatting
from dashboard.report.page import DashboardPage, make_page
from dashboard.report.program.page import ProgramPage, make_program_page
from dashboard.views.access import download_view, visible_pixel, visible_project
from dashboard.views.streams import CSV, JSON_LINES, csv_file, stream
from dashboard.visits import queries
from dashboard.visits.periods import Period, PeriodForm

CONTENT_TYPES = {"csv": CSV, "jsonl": JSON_LINES}
MAX_TITLE = 40  # characters of an article's title in a file name
MAX_PANEL_ROWS = 50_000  # the README names this number
VIEW_FIELDS = ("panel", "title", "label", "measure", "number")


@download_view
def project_hits(request: HttpRequest, slug: str, ending: str) -> HttpResponseBase:
    """Send the raw hits of a project over a period. Three queries, and two more for each step of `hit_rows`."""
    return _raw_hits(request, visible_project(request, slug), None, ending)


@download_view
def pixel_hits(request: HttpRequest, slug: str, pixel_id: int, ending: str) -> HttpResponseBase:
    """Send the raw hits of one pixel over a period. Four queries, and two more for each step of `hit_rows`."""
    pixel = visible_pixel(request, slug, pixel_id)
    return _raw_hits(request, pixel.project, pixel, ending)


@download_view
def project_csv(request: HttpRequest, slug: str) -> HttpResponse:
    """Send the whole view of a project. It takes one query more than the view."""
    return _view_csv(request, visible_project(request, slug), None)


@download_view
def pixel_csv(request: HttpRequest, slug: str, pixel_id: int) -> HttpResponse:
    """Send the whole view of one pixel. It takes one query more than the view."""
    pixel = visible_pixel(request, slug, pixel_id)
    return _view_csv(request, pixel.project, pixel)


@download_view
def project_panel_csv(request: HttpRequest, slug: str, key: str) -> HttpResponse:
    """Send one panel or chart of a project's view, with all rows. At most one query more than the view."""
    return _panel_csv(request, visible_project(request, slug), None, key)


@download_view
def pixel_panel_csv(request: HttpRequest, slug: str, pixel_id: int, key: str) -> HttpResponse:
    """Send one panel or chart of a pixel's view, with all rows. At most one query more than the view."""
    pixel = visible_pixel(request, slug, pixel_id)
    return _panel_csv(request, pixel.project, pixel, key)


def _raw_hits(request: HttpRequest, project: Project, pixel: Pixel | None, ending: str) -> HttpResponseBase:
    if ending not in CONTENT_TYPES:
        raise Http404
    period = _period(request, project, pixel)
    rows = hit_rows(project, *period.moments(project.zone), pixel=pixel)
    lines = csv_lines(FIELDS, rows) if ending == "csv" else json_lines(rows)
    file_name = f"{_file_name('hits', project, pixel, period)}.{ending}"
    _record(request, project, file_name)
    return stream(request, lines, CONTENT_TYPES[ending], file_name)


def _view_csv(request: HttpRequest, project: Project, pixel: Pixel | None) -> HttpResponse:
    view = _view(request, project, pixel, whole_list="")
    return _csv_response(request, "", view, VIEW_FIELDS, _numbers(view))


def _panel_csv(request: HttpRequest, project: Project, pixel: Pixel | None, key: str) -> HttpResponse:
    view = _view(request, project, pixel, whole_list=key)
    all_tables = view.report.tables() if view.report else []
    for panel in [view.full_list] if view.full_list else all_tables:
        if panel.key == key:
            head, rows = panel.table()
            return _csv_response(request, key, view, head, rows)
    raise Http404


def _view(
    request: HttpRequest, project: Project, pixel: Pixel | None, *, whole_list: str
) -> DashboardPage | ProgramPage:
    """Return what the view with the same query string shows, or only the list that `whole_list` names, in full."""
    query = request.GET.dict() | {"all": whole_list, "page_number": "1"}
    if pixel and (program := declared_program(pixel)):
        return make_program_page(query, pixel, program, now=timezone.now())
    return make_page(query, project, pixel, now=timezone.now(), full_rows=MAX_PANEL_ROWS)


def _numbers(view: DashboardPage | ProgramPage) -> Iterator[Sequence[object]]:
    """Yield each number of a view as a row of `VIEW_FIELDS`.

    Cells with text are left out; the CSV of their panel has them.
    """
    if view.report is None:
        return
    measures = {"visitors": _("Visitors"), "bots": _("Hits")}
    for figure in view.report.figures:
        number = None if figure.text == formatting.UNSEEN else figure.exact
        yield "figures", _("Key figures"), figure.label, figure.measure or measures.get(figure.key, _("Visits")), number
    for panel in view.report.tables():
        head, rows = panel.table()
        for label, *cells in rows:
            for measure, cell in zip(head[1:], cells, strict=True):
                if not isinstance(cell, str):  # a text is, for example, the hour with most visits
                    yield panel.key, panel.title, label, measure, cell


def _csv_response(
    request: HttpRequest,
    part: str,
    view: DashboardPage | ProgramPage,
    head: Sequence[str],
    rows: Iterable[Sequence[object]],
) -> HttpResponse:
    """Answer with a table as CSV. `part` names the panel in the name of the file."""
    file_name = f"{_file_name(part, view.project, view.pixel, view.state.period)}.csv"
    _record(request, view.project, file_name)
    return csv_file(file_name, head, rows)


def _record(request: HttpRequest, project: Project, file_name: str) -> None:
    """Note in the audit trail who exports what. One query. Only HEAD sends nothing."""
    if request.method == "GET":
        record_export(request.user.pk, project, file_name)


def _period(request: HttpRequest, project: Project, pixel: Pixel | None) -> Period:
    """Return the period of the view with the same query string."""
    first_day = queries.first_day(project, pixel.pk if pixel else WHOLE_PROJECT)
    return PeriodForm(request.GET, today=timezone.localdate(timezone=project.zone), first_day=first_day).period()


def _file_name(part: str, project: Project, pixel: Pixel | None, period: Period) -> str:
    """Return the name of a file without its ending, such as `blog-hits-2026-11-01-to-2026-11-30`.

    A title without Latin letters is replaced by the pixel's token.
    """
    title = ""
    if pixel:
        title = slugify(pixel.title)[:MAX_TITLE].strip("-_") or pixel.token
    days = f"{period.start}" if period.days == 1 else f"{period.start}-to-{period.last_day}"
    return "-".join(filter(None, [project.slug, title, part, days]))
