"""A whole view of a project or of one of its pixels: from the query string of its address to what a template shows.

Members, people with a share link and spreadsheets all get the same view.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from collector.models import Pixel, Project, Section
from dashboard.report.filters import Chip, apply_filters
from dashboard.report.full_list import full_list, rows_per_page
from dashboard.report.notices import many_values_left_out, raw_hit_notices, unknown_list
from dashboard.report.page_state import PageState, read_page_state
from dashboard.report.panels.dimensions import SECTIONS_OF_MANY_VALUES
from dashboard.report.panels.panel import Panel
from dashboard.report.published import PublishedArticle, published_articles
from dashboard.report.quiet import QuietPixel, quiet_pixels
from dashboard.report.sections import Report, make_report
from dashboard.report.subject import ALL_SECTIONS, Subject
from dashboard.report.toolbar import Toolbar, ToolbarLink, pagination, toolbar
from dashboard.visits import queries
from dashboard.visits.periods import Period
from dashboard.visits.queries import LifetimeDay
from dashboard.visits.results import MAX_DAYS_OF_MANY_VALUES
from dashboard.visits.selection import Selection, select_sources
from dashboard.visits.source import VisitSource


@dataclass(frozen=True, slots=True)
class DashboardPage:
    """What a template needs. `first_day` is None while nothing was counted; then the view waits for the first visit.

    `full_list` is the one list that the view shows instead of its `report`, `list_pages` the length of its pagination.
    """

    project: Project
    pixel: Pixel | None
    state: PageState
    first_day: date | None
    today: date
    clock: str
    notices: Sequence[str]
    chips: Sequence[Chip]
    toolbar: Toolbar
    quiet: Sequence[QuietPixel]
    report: Report | None
    full_list: Panel | None
    list_pages: int
    is_public: bool = False

    @property
    def period(self) -> Period:
        """Return the period that is shown, or the requested one where none of it can be."""
        return self.state.period if self.state.period.days else self.state.requested_period

    @property
    def zone(self) -> str:
        return self.project.timezone

    @property
    def export_query(self) -> str:
        """Return the query string of its spreadsheets; empty on a shared page, which has none."""
        return "" if self.is_public else self.state.query

    @property
    def page_links(self) -> list[ToolbarLink]:
        """Return the links of the full list's pagination."""
        return pagination(self.state, self.list_pages)


def make_page(
    parameters: Mapping[str, Any],
    project: Project,
    pixel: Pixel | None = None,
    *,
    now: datetime,
    sections: Collection[str] = ALL_SECTIONS,
    is_public: bool = False,
    full_rows: int = 0,
) -> DashboardPage:
    """Make the view that a query string asks for, with these `sections`. `is_public` leaves out what is for members.

    `full_rows` is how many rows of a full list are shown at once, 0 for the usual number.

    About twenty queries, however many hits or pixels there are; more where filters need raw hits.
    """
    local_now = now.astimezone(project.zone)
    lifetime, first_day = _lifetime(project, pixel)
    today = local_now.date()
    requested = _requested_state(parameters, project, today, first_day, full_rows)
    state, chips, filter_notices = apply_filters(project, pixel, requested, sections, is_public)
    selection = _select(project, pixel, state, now)
    notices = [*requested.notices, *filter_notices, *raw_hit_notices(project, state.period, selection)]
    state = state.cut_to(selection.current.period)
    if is_public and state.period.days > MAX_DAYS_OF_MANY_VALUES and not SECTIONS_OF_MANY_VALUES.isdisjoint(sections):
        # Anyone can invent thousands of pages and campaigns a day, and each of them would have to be ranked.
        sections = set(sections) - SECTIONS_OF_MANY_VALUES
        notices.append(many_values_left_out())
    subject = _subject(project, pixel, state, now, first_day, lifetime, sections, is_public=is_public)
    shown_list, state = _full_list(subject, state, selection.current) if first_day else (None, state)
    if state.full_list and shown_list is None:
        notices.append(unknown_list())
    if clock_change := state.period.clock_change(project.zone):
        notices.append(clock_change)
    return DashboardPage(
        project, pixel, state, first_day, today, f"{local_now:%H:%M}", notices, chips,
        toolbar(state, sections), subject.quiet,
        None if shown_list else make_report(subject, state, selection.current, selection.earlier),
        shown_list, -(-shown_list.total_rows // rows_per_page(state)) if shown_list else 0, is_public,
    )  # fmt: skip


def _lifetime(project: Project, pixel: Pixel | None) -> tuple[Sequence[LifetimeDay], date | None]:
    """Return the visits of a pixel's whole life, and the first day that the view can show. One query, or two."""
    first_day = queries.first_day(project)
    if pixel is None or first_day is None:
        return [], first_day
    lifetime = queries.lifetime(project, pixel.pk, first_day)
    return lifetime, min((row.date for row in lifetime), default=None)


def _first_day_of_article(project: Project, state: PageState, first_day: date | None) -> date | None:
    """Return the day of the first visit of the article that a project's view is filtered by, as its own view has it.

    Without a filter or a visit, return the project's. One query with a filter, else none.
    """
    if first_day is None or state.filters.pixel_id is None:
        return first_day
    lifetime = queries.lifetime(project, state.filters.pixel_id, first_day)
    return min((row.date for row in lifetime), default=first_day)


def _requested_state(
    parameters: Mapping[str, Any], project: Project, today: date, first_day: date | None, full_rows: int
) -> PageState:
    return read_page_state(
        parameters, today=today, first_day=first_day, first_weekday=project.first_weekday, rows_per_page=full_rows
    )


def _select(project: Project, pixel: Pixel | None, state: PageState, now: datetime) -> Selection:
    """Choose the sources of visits. A full list is compared with nothing."""
    filters = replace(state.filters, pixel_id=pixel.pk) if pixel else state.filters
    return select_sources(project, filters, state.period, state.earlier, now, compares=not state.full_list)


def _subject(
    project: Project,
    pixel: Pixel | None,
    state: PageState,
    now: datetime,
    first_day: date | None,
    lifetime: Sequence[LifetimeDay],
    sections: Collection[str],
    *,
    is_public: bool,
) -> Subject:
    published: list[PublishedArticle] = []
    if pixel or Section.ARTICLES in sections:
        published = published_articles(project, pixel, state.filters.pixel_id, state.period)
    return Subject(
        project=project,
        pixel=pixel,
        now=now,
        first_day=_first_day_of_article(project, state, first_day),
        lifetime=lifetime,
        published=published,
        quiet=[] if pixel or is_public else quiet_pixels([project], now),
        sections=sections,
        are_linked=not is_public,
    )


def _full_list(subject: Subject, state: PageState, source: VisitSource) -> tuple[Panel | None, PageState]:
    """Return the full list that `state` names, if any, and the state with the part of the list that is shown."""
    if not state.full_list:
        return None, state
    shown_list = full_list(subject, state, source)
    if shown_list and not shown_list.rows and state.page_number > 1:  # the list is shorter: show its first part
        state = replace(state, page_number=1)
        shown_list = full_list(subject, state, source)
    return shown_list, state
