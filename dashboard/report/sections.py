"""The report: figures, charts and panels of a view, a function for each section.

Python decides numbers, labels, order and links; templates place them; JavaScript paints.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from collector.models import Dimension, Section
from dashboard.report.charts import Chart
from dashboard.report.comparison import comparison_note, earlier_numbers
from dashboard.report.figures import Figure, filtered_out, key_figures
from dashboard.report.first_week import first_week_chart
from dashboard.report.hours import HoursGrid, hours_grid
from dashboard.report.numbers import FIGURE_DIMENSIONS, PeriodNumbers, period_numbers, totals_of
from dashboard.report.page_state import PageState
from dashboard.report.panels.articles import ArticleTotals, articles_panel
from dashboard.report.panels.dimensions import PANELS, panel_groups
from dashboard.report.panels.panel import PANEL_ROWS, Panel, PanelGroup
from dashboard.report.panels.placements import placements_panel
from dashboard.report.panels.platforms import platforms_panel
from dashboard.report.panels.reading_time import reading_time_panel
from dashboard.report.subject import Subject
from dashboard.report.trend import trend_chart
from dashboard.visits.readings import READING_DIMENSIONS, readings_by_platform
from dashboard.visits.results import MANY_VALUES, PixelTotal, PlatformDay, Sums, ValueCount, read_through
from dashboard.visits.source import VisitSource


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that a view shows over one period. `filtered_out` says which hits are not counted, and why.

    `comparison_note` says what visits are compared with, and up to which time; empty where nothing is compared.
    """

    visits: int
    filtered_out: str
    figures: Sequence[Figure]
    comparison_note: str
    trend: Chart | None
    hours: HoursGrid | None
    platforms: Panel | None
    articles: Panel | None
    placements: Panel | None
    reading: Panel | None
    first_week: Chart | None
    groups: Sequence[PanelGroup]

    def tables(self) -> list[Chart | HoursGrid | Panel]:
        """Return everything that has a table, in the order of the view."""
        parts = (
            self.trend, self.hours, self.platforms, self.articles, self.placements, self.reading, self.first_week
        )  # fmt: skip
        panels = [panel for group in self.groups for panel in group.panels]
        return [part for part in parts if part] + panels


@dataclass(frozen=True, slots=True)
class _Results:
    """What several sections are made of, read from the source once. `counts` has the first values by dimension."""

    days: Sequence[PlatformDay]
    days_before: Sequence[PlatformDay]
    sums: Sums
    counts: Mapping[int, Sequence[ValueCount]]
    numbers: PeriodNumbers


def make_report(subject: Subject, state: PageState, source: VisitSource, earlier: VisitSource | None) -> Report:
    """Report on a project or a pixel. `earlier` answers for the earlier period, None where nothing is compared."""
    results = _results(subject, state, source, earlier)
    numbers = results.numbers
    placements, reading = _on_platforms(subject, state, source, results)
    compared = earlier_numbers(subject, state, earlier, results.days_before)
    return Report(
        visits=numbers.visits,
        filtered_out=filtered_out(numbers.verdicts),
        figures=key_figures(numbers, compared, lacks_earlier=state.earlier is not None and compared is None),
        comparison_note=comparison_note(compared),
        trend=_trend(subject, state, results),
        hours=_hours(subject, state, source),
        platforms=_platforms(subject, state, source, results),
        articles=_articles(subject, state, source, results),
        placements=placements,
        reading=reading,
        first_week=_first_week(subject, state),
        groups=panel_groups(
            subject, state, results.counts, numbers.visits, results.sums.values.get(Dimension.COUNTRY, ())
        ),
    )


def visits_by_pixel(state: PageState, numbers: PeriodNumbers, sums: Sums) -> Mapping[int, PixelTotal]:
    """Return the visits by pixel. Where the view is filtered by an article, all visits are of that one."""
    if state.filters.pixel_id is None:
        return sums.pixels
    return {state.filters.pixel_id: PixelTotal(numbers.visits, numbers.visitors, *numbers.reading)}


def _results(subject: Subject, state: PageState, source: VisitSource, earlier: VisitSource | None) -> _Results:
    is_project = subject.is_whole_project(state)
    days = source.platform_days()
    dimensions = [panel.dimension for panel in PANELS.values() if panel.section in subject.sections]
    with_few_values = [dimension for dimension in dimensions if dimension not in MANY_VALUES]
    with_many_values = [dimension for dimension in dimensions if dimension in MANY_VALUES]
    sums = source.sums([*FIGURE_DIMENSIONS, *with_few_values], with_pixels=is_project)
    counts: dict[int, list[ValueCount]] = {
        dimension: list(sums.values.get(dimension, ()))[:PANEL_ROWS] for dimension in with_few_values
    }
    if with_many_values:
        for count in source.value_counts(with_many_values, limit=PANEL_ROWS):
            counts.setdefault(count.dimension, []).append(count)
    reading = read_through(sums.pixels.values()) if is_project else source.read_through()
    return _Results(
        days,
        earlier.platform_days() if earlier else [],
        sums,
        counts,
        period_numbers(days, sums, reading),
    )


def _trend(subject: Subject, state: PageState, results: _Results) -> Chart | None:
    if Section.TREND not in subject.sections:
        return None
    if Section.PLATFORMS not in subject.sections:
        state = replace(state, is_line=True)  # stacked bars would show the platforms
    return trend_chart(subject, state, results.days, results.days_before)


def _hours(subject: Subject, state: PageState, source: VisitSource) -> HoursGrid | None:
    if Section.HOURS not in subject.sections:
        return None
    return hours_grid(subject, state.period, source.week())


def _platforms(subject: Subject, state: PageState, source: VisitSource, results: _Results) -> Panel | None:
    if subject.pixel or Section.PLATFORMS not in subject.sections:
        return None
    evidence = source.evidence()
    visits = results.numbers.visits
    return platforms_panel(totals_of(results.days), visits, state, subject.sites, evidence=evidence)


def _articles(subject: Subject, state: PageState, source: VisitSource, results: _Results) -> Panel | None:
    if subject.pixel or Section.ARTICLES not in subject.sections:
        return None
    totals = ArticleTotals(
        visits_by_pixel(state, results.numbers, results.sums), results.numbers.visits, results.sums.candidates
    )
    has_platforms = Section.PLATFORMS in subject.sections
    return articles_panel(subject, state, source, totals, limit=PANEL_ROWS, has_sparklines=has_platforms)


def _on_platforms(
    subject: Subject, state: PageState, source: VisitSource, results: _Results
) -> tuple[Panel | None, Panel | None]:
    """Return an article's platforms side by side, and how long it is read on them."""
    if subject.pixel is None or Section.PLATFORMS not in subject.sections:
        return None, None
    values = source.platform_values([Dimension.HOUR, *READING_DIMENSIONS])
    readings = readings_by_platform(values)
    placements = placements_panel(
        totals_of(results.days), values, readings, subject.lifetime, results.numbers.visits, state,
        subject.sites,
    )  # fmt: skip
    return placements, reading_time_panel(subject.pixel, readings)


def _first_week(subject: Subject, state: PageState) -> Chart | None:
    """Draw an article's first week. Filters don't apply to it, so a filtered view has none."""
    if subject.pixel is None or Section.TREND not in subject.sections or state.filters.parameters():
        return None
    return first_week_chart(subject.lifetime, subject.today)
