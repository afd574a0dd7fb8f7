"""What a page of the dashboard says: figures, charts and panels, made of the visits that it is about.

Python decides numbers, labels, order and links; templates place them; JavaScript paints.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from django.utils.translation import gettext as _

from collector.models import Dimension, Pixel, Project, Section
from dashboard.address import View
from dashboard.articles import articles_panel
from dashboard.charts import Chart, first_week_chart, trend_chart
from dashboard.figures import Figure, Numbers, key_figures, proxied, set_aside
from dashboard.hours import Grid, hours_grid
from dashboard.panels import (
    FULL_ROWS,
    GROUPS,
    PANEL_ROWS,
    PANELS,
    Group,
    Panel,
    dimension_panel,
    placements_panel,
    platforms_panel,
)
from dashboard.periods import Bucket, Period
from dashboard.queries import PlatformDay, Reading, ValueCount, read_through
from dashboard.quiet import Quiet
from dashboard.tally import Tally

ALL_SECTIONS = frozenset(Section.values)
FIGURES = (Dimension.TRAFFIC, Dimension.VERDICT)
FULL_ARTICLES = 50


@dataclass(frozen=True, slots=True)
class Subject:
    """What a report is about: a project, or one of its pixels with the days of its life; and at which moment.

    `sections` are the parts that whoever looks may see; `are_linked` is whether they may open the articles' pages.
    """

    project: Project
    pixel: Pixel | None
    now: datetime
    lifetime: Sequence[tuple[date, str, int]] = ()
    published: Sequence[Pixel] = ()
    quiet: Sequence[Quiet] = ()
    sections: Collection[str] = ALL_SECTIONS
    are_linked: bool = True

    @property
    def today(self) -> date:
        return self.now.astimezone(self.project.zone).date()


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that a page shows over one period. `set_aside` says what was not counted."""

    visits: int
    set_aside: str
    figures: Sequence[Figure]
    trend: Chart | None
    hours: Grid | None
    platforms: Panel | None
    articles: Panel | None
    placements: Panel | None
    first_week: Chart | None
    groups: Sequence[Group]

    def tables(self) -> list[Chart | Grid | Panel]:
        """Return all that has a table, in the order of the page."""
        parts = (self.trend, self.hours, self.platforms, self.articles, self.placements, self.first_week)
        return [part for part in parts if part] + [panel for group in self.groups for panel in group.panels]


def report(subject: Subject, view: View, tally: Tally, earlier: Tally | None) -> Report:
    """Report on a project or pixel. `earlier` answers for the period compared with, None where there is none."""
    period, sections = view.period, subject.sections
    days = tally.platform_days(period)
    by_dimension = _values(tally, period, [*FIGURES, *_shown_dimensions(sections)])
    totals = {} if subject.pixel or view.filters.pixel_id else tally.pixel_totals(period)
    reading = read_through(totals.values()) if totals else tally.reading(period)
    now = _numbers(days, by_dimension, reading)
    days_before = earlier.platform_days(view.earlier) if earlier and view.earlier else []
    has_platforms = Section.PLATFORMS in sections
    drawn = view if has_platforms else replace(view, is_line=True)  # a stack would tell the platforms
    return Report(
        visits=now.visits,
        set_aside=set_aside(now.verdicts),
        figures=_figures(subject, view, now, earlier, days_before),
        trend=trend_chart(subject.project, drawn, days, days_before, subject.published)
        if Section.TREND in sections
        else None,
        hours=hours_grid(subject.project, period, tally.week(period)) if Section.HOURS in sections else None,
        platforms=platforms_panel(_totals(days), now.visits, view, evidence=tally.evidence(period))
        if has_platforms and not subject.pixel
        else None,
        articles=articles_panel(
            subject.project, tally, view, totals or tally.pixel_totals(period), now.visits,
            quiet={quiet.pixel.pk: quiet for quiet in subject.quiet}, limit=PANEL_ROWS, are_linked=subject.are_linked,
            are_split=has_platforms,
        )
        if Section.ARTICLES in sections and not subject.pixel
        else None,
        placements=_placements(subject, view, tally, days, now.visits) if has_platforms and subject.pixel else None,
        first_week=first_week_chart(subject.project, subject.lifetime, subject.today)
        if Section.TREND in sections and subject.pixel and not view.filters.need_hits
        else None,
        groups=_groups(by_dimension, now.visits, view, sections),
    )  # fmt: skip


def full_panel(subject: Subject, view: View, tally: Tally) -> Panel | None:
    """Return a page of the one list that the view shows whole; None where there is no such list."""
    period = view.period
    offset = (view.number - 1) * FULL_ROWS
    days = tally.platform_days(period)
    visits = sum(day.visits for day in _totals(days))
    if view.full == "platforms" and Section.PLATFORMS in subject.sections:
        evidence = tally.evidence(period)
        return platforms_panel(_totals(days), visits, view, evidence=evidence, limit=FULL_ROWS, offset=offset)
    if view.full == "articles" and Section.ARTICLES in subject.sections and not subject.pixel:
        offset = (view.number - 1) * FULL_ARTICLES
        return articles_panel(
            subject.project, tally, view, tally.pixel_totals(period), visits,
            quiet={quiet.pixel.pk: quiet for quiet in subject.quiet}, limit=FULL_ARTICLES, offset=offset,
            are_linked=subject.are_linked, are_split=Section.PLATFORMS in subject.sections,
        )  # fmt: skip
    described = PANELS.get(view.full)
    if described is None or described.section not in subject.sections:
        return None
    counts = tally.value_counts(period, [described.dimension], FULL_ROWS, offset)
    return dimension_panel(described, counts, visits, view)


def rows_a_page(view: View) -> int:
    """Return how many rows a page of the view's full list has."""
    return FULL_ARTICLES if view.full == "articles" else FULL_ROWS


def _shown_dimensions(sections: Collection[str]) -> list[Dimension]:
    return [described.dimension for described in PANELS.values() if described.section in sections]


def _values(tally: Tally, period: Period, dimensions: Sequence[Dimension]) -> dict[int, list[ValueCount]]:
    by_dimension: dict[int, list[ValueCount]] = defaultdict(list)
    for row in tally.value_counts(period, dimensions, limit=PANEL_ROWS):
        by_dimension[row.dimension].append(row)
    return by_dimension


def _totals(days: Sequence[PlatformDay]) -> list[PlatformDay]:
    return [day for day in days if day.dimension == Dimension.TOTAL]


def _numbers(
    days: Sequence[PlatformDay], by_dimension: Mapping[int, Sequence[ValueCount]], reading: Reading
) -> Numbers:
    totals = _totals(days)
    return Numbers(
        visits=sum(day.visits for day in totals),
        visitors=sum(day.visitors for day in totals),
        proxied=proxied({row.value: row.visits for row in by_dimension.get(Dimension.TRAFFIC, ())}),
        verdicts={row.value: row.visits for row in by_dimension.get(Dimension.VERDICT, ())},
        reading=reading,
    )


def _figures(
    subject: Subject, view: View, now: Numbers, earlier: Tally | None, days_before: Sequence[PlatformDay]
) -> Sequence[Figure]:
    """Return the key figures with their changes. A day that is not over is compared with as much of the earlier one."""
    period = view.earlier
    if earlier is None or period is None:
        return key_figures(now, None, "")
    if view.period.bucket is Bucket.HOUR and view.period.start == subject.today:
        hour = f"{subject.now.astimezone(subject.project.zone).hour:02}"
        so_far = [day for day in days_before if day.dimension == Dimension.HOUR and day.hour <= hour]
        visits, visitors = sum(day.visits for day in so_far), sum(day.visitors for day in so_far)
        when = _("%(day)s until this hour") % {"day": period.label}
        before = Numbers(visits, visitors, 0, {}, Reading(0, 0))
        return key_figures(now, before, when, is_partial=True)
    by_dimension = _values(earlier, period, FIGURES)
    return key_figures(now, _numbers(days_before, by_dimension, earlier.reading(period)), period.label)


def _placements(subject: Subject, view: View, tally: Tally, days: Sequence[PlatformDay], visits: int) -> Panel:
    values = tally.platform_values(view.period, [Dimension.HOUR, Dimension.POSITION])
    return placements_panel(_totals(days), values, subject.lifetime, visits, view)


def _groups(
    by_dimension: Mapping[int, Sequence[ValueCount]], visits: int, view: View, sections: Collection[str]
) -> list[Group]:
    groups = []
    for key, names in GROUPS:
        shown = [
            dimension_panel(described, by_dimension.get(described.dimension, ()), visits, view)
            for described in map(PANELS.__getitem__, names)
            if described.section in sections and (by_dimension.get(described.dimension) or not described.optional)
        ]
        if shown:
            groups.append(Group(key, shown))
    return groups
