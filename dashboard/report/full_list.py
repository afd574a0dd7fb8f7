"""The one list that a view shows whole, with pagination."""

from collector.models import Section
from dashboard.report.numbers import period_numbers, totals_of
from dashboard.report.page_state import PageState
from dashboard.report.panels.articles import ArticleTotals, articles_panel
from dashboard.report.panels.dimensions import PANELS, PanelDescription, dimension_panel
from dashboard.report.panels.panel import Panel
from dashboard.report.panels.platforms import platforms_panel
from dashboard.report.sections import visits_by_pixel
from dashboard.report.subject import Subject
from dashboard.visits.results import ReadThrough
from dashboard.visits.source import VisitSource

FULL_ROWS = 100
FULL_ARTICLES = 50


def full_list(subject: Subject, state: PageState, source: VisitSource) -> Panel | None:
    """Return the rows of the list that `state` names; None where there is no such list."""
    if state.full_list == "platforms" and Section.PLATFORMS in subject.sections:
        return _platforms(subject, state, source)
    if state.full_list == "articles" and Section.ARTICLES in subject.sections and not subject.pixel:
        return _articles(subject, state, source)
    description = PANELS.get(state.full_list)
    if description is None or description.section not in subject.sections:
        return None
    return _dimension(description, subject, state, source)


def rows_per_page(state: PageState) -> int:
    """Return how many rows of the list are shown at once."""
    return state.rows_per_page or (FULL_ARTICLES if state.full_list == "articles" else FULL_ROWS)


def _offset(state: PageState) -> int:
    return (state.page_number - 1) * rows_per_page(state)


def _platforms(subject: Subject, state: PageState, source: VisitSource) -> Panel:
    totals = totals_of(source.platform_days())
    return platforms_panel(
        totals,
        sum(day.visits for day in totals),
        state,
        subject.sites,
        evidence=source.evidence(),
        limit=rows_per_page(state),
        offset=_offset(state),
    )


def _articles(subject: Subject, state: PageState, source: VisitSource) -> Panel:
    """Return the articles. An export has no sparklines, because it may have thousands of rows."""
    is_project = subject.is_whole_project(state)
    days = source.platform_days()
    sums = source.sums((), with_pixels=is_project)
    numbers = period_numbers(days, sums, ReadThrough(0, 0) if is_project else source.read_through())
    return articles_panel(
        subject,
        state,
        source,
        ArticleTotals(visits_by_pixel(state, numbers, sums), numbers.visits, sums.candidates),
        limit=rows_per_page(state),
        offset=_offset(state),
        has_sparklines=Section.PLATFORMS in subject.sections and not state.rows_per_page,
    )


def _dimension(description: PanelDescription, subject: Subject, state: PageState, source: VisitSource) -> Panel:
    """Return the values of a dimension. Bars are measured against the longest of the whole list."""
    all_visits = sum(day.visits for day in totals_of(source.platform_days()))
    dimensions = [description.dimension]
    counts = source.value_counts(dimensions, rows_per_page(state), _offset(state))
    most_visits = 0
    if _offset(state):
        first_two = source.value_counts(dimensions, 2)  # the first known value: one of them may be unknown
        most_visits = max((count.visits for count in first_two if count.value), default=0)
    return dimension_panel(description, subject, counts, all_visits, state, most_visits=most_visits)
