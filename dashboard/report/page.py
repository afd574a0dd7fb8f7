"""A whole page about a project or one of its pixels, from the query string of its address to what a template shows.

The same for its members, for whoever has a share link, and for a spreadsheet.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from collector.models import Pixel, Project, Section
from dashboard import formatting
from dashboard.report.charts import MAX_MARKS, Published
from dashboard.report.filters import Chip, apply_filters
from dashboard.report.notices import pages_left_out, raw_hit_notices, unknown_list
from dashboard.report.page_state import PageState, read_page_state
from dashboard.report.panels.panel import Panel
from dashboard.report.quiet import Quiet, quiet_pixels
from dashboard.report.sections import ALL_SECTIONS, Report, Subject, full_panel, report, rows_a_page
from dashboard.report.toolbar import ToolbarLink, comparisons, presets, shapes, units
from dashboard.visits import queries
from dashboard.visits.periods import Period
from dashboard.visits.results import MAX_DAYS_OF_MANY_VALUES
from dashboard.visits.selection import select_sources


@dataclass(frozen=True, slots=True)
class DashboardPage:
    """What a template needs. `first_day` is None where nothing was counted yet; then there is no `report`.

    `full` is the one list that the page shows instead of its report, `pages` the number of its pages.
    """

    project: Project
    pixel: Pixel | None
    view: PageState
    first_day: date | None
    today: date
    clock: str
    notices: Sequence[str]
    chips: Sequence[Chip]
    presets: Sequence[ToolbarLink]
    comparisons: Sequence[ToolbarLink]
    units: Sequence[ToolbarLink]
    shapes: Sequence[ToolbarLink]
    quiet: Sequence[Quiet]
    report: Report | None
    full: Panel | None
    pages: int
    is_public: bool = False

    @property
    def period(self) -> Period:
        """Return the period that is shown, or the one asked for where nothing of it could be."""
        return self.view.period if self.view.period.days else self.view.addressed

    @property
    def take(self) -> str:
        """Return the query string of its spreadsheets, nothing for who may not take them away."""
        return "" if self.is_public else self.view.query

    @property
    def all_time_url(self) -> str:
        return self.view.link("start", "end", "by", range="all")

    @property
    def kept(self) -> list[tuple[str, str]]:
        """Return what a form that asks for other dates must hand on."""
        return [
            (key, value) for key, value in self.view.parameters().items() if key not in {"range", "start", "end", "by"}
        ]

    @property
    def page_links(self) -> list[ToolbarLink]:
        """Return the pages around this one of a list that is shown whole."""
        number = self.view.number
        near = sorted({1, self.pages, *range(max(1, number - 2), min(self.pages, number + 2) + 1)})
        return [
            ToolbarLink(
                formatting.exact(near), self.view.link(all=self.view.full, page_number=str(near)), near == number
            )
            for near in near
        ]


def make_page(
    asked: Mapping[str, Any],
    project: Project,
    pixel: Pixel | None = None,
    *,
    now: datetime,
    sections: Collection[str] = ALL_SECTIONS,
    is_public: bool = False,
    full_rows: int = 0,
) -> DashboardPage:
    """Make the page that a query string asks for; of `sections` alone. `is_public` leaves out what members alone see.

    A list that is asked for whole has `full_rows` on its page, where that is not 0.

    About twenty queries, however many hits or pixels there are; more where filters need single hits.
    """
    local = now.astimezone(project.zone)
    first_day = queries.first_day(project)
    lifetime = queries.lifetime(project, pixel.pk, first_day) if pixel and first_day else []
    if pixel:
        first_day = min((day for day, _platform, _visits in lifetime), default=None)
    asked_view = replace(read_page_state(asked, today=local.date(), first_day=first_day), rows=full_rows)
    shown, chips, notices = apply_filters(project, pixel, asked_view, sections, is_public)
    filters = replace(shown.filters, pixel_id=pixel.pk) if pixel else shown.filters
    selection = select_sources(project, filters, shown.period, shown.earlier, now, compares=not shown.full)
    more_notices = raw_hit_notices(project, shown.period, selection)
    if selection.current.period != shown.period:
        shown = replace(shown, period=selection.current.period, asked=shown.period)
    tally = selection.current
    if is_public and shown.period.days > MAX_DAYS_OF_MANY_VALUES and Section.PAGES in sections:
        sections = set(sections) - {Section.PAGES}  # strangers can make up pages by the thousand, and have them ranked
        more_notices = [*more_notices, pages_left_out()]
    quiet = [] if pixel or is_public else quiet_pixels([project], now)
    subject = Subject(
        project=project,
        pixel=pixel,
        now=now,
        lifetime=lifetime,
        published=_published(project, pixel, shown.filters.pixel_id, shown.period)
        if Section.ARTICLES in sections or pixel
        else [],
        quiet=quiet,
        sections=sections,
        are_linked=not is_public,
    )
    full = full_panel(subject, shown, tally) if shown.full and first_day else None
    if full and not full.rows and shown.number > 1:
        shown = replace(shown, number=1)  # there are fewer pages, or nothing that tells how many
        full = full_panel(subject, shown, tally)
    clock_change = shown.period.clock_change(project.zone)
    return DashboardPage(
        project=project,
        pixel=pixel,
        view=shown,
        first_day=first_day,
        today=local.date(),
        clock=f"{local:%H:%M}",
        notices=[
            *asked_view.notices,
            *notices,
            *more_notices,
            *([unknown_list()] if shown.full and full is None else []),
            *filter(None, [clock_change]),
        ],
        chips=chips,
        presets=presets(shown),
        comparisons=comparisons(shown),
        units=units(shown),
        shapes=shapes(shown) if Section.PLATFORMS in sections else [],
        quiet=quiet,
        report=None if full else report(subject, shown, tally, selection.earlier),
        full=full,
        pages=-(-full.values // rows_a_page(shown)) if full else 0,
        is_public=is_public,
    )


def _published(project: Project, pixel: Pixel | None, pixel_id: int | None, period: Period) -> list[Published]:
    """Return the articles that appeared in the period, newest first. One query, none for a single article."""
    if pixel:
        day = pixel.created_at.astimezone(project.zone).date()
        return [Published(pixel.title, pixel.created_at)] if period.start <= day < period.end else []
    from_midnight, to_midnight = period.moments(project.zone)
    pixels = Pixel.objects.filter(project=project, created_at__gte=from_midnight, created_at__lt=to_midnight)
    if pixel_id is not None:
        pixels = pixels.filter(pk=pixel_id)
    return [Published(*row) for row in pixels.values_list("title", "created_at")[:MAX_MARKS]]
