"""What a page of the dashboard says: figures, charts and panels, made of the visits that it is about.

Python decides numbers, labels, order and links; templates place them; JavaScript paints.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from collector.models import Dimension, Pixel, Project, Section
from dashboard.report.charts import Chart, Published, first_week_chart, trend_chart
from dashboard.report.figures import Figure, Numbers, key_figures, proxied, set_aside
from dashboard.report.hours import Grid, hours_grid
from dashboard.report.page_state import PageState
from dashboard.report.panels.articles import articles_panel
from dashboard.report.panels.panel import (
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
from dashboard.report.quiet import Quiet
from dashboard.visits.results import MANY_VALUES, PixelTotal, PlatformDay, ReadThrough, Sums, ValueCount, read_through
from dashboard.visits.source import VisitSource

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
    published: Sequence[Published] = ()
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


def report(subject: Subject, view: PageState, tally: VisitSource, earlier: VisitSource | None) -> Report:
    """Report on a project or pixel. `earlier` answers for the period compared with, None where there is none."""
    period, sections = view.period, subject.sections
    is_project = not subject.pixel and view.filters.pixel_id is None
    days = tally.platform_days()
    few, many = _shown_dimensions(sections)
    sums = tally.sums([*FIGURES, *few], with_pixels=is_project)
    ranked: dict[int, list[ValueCount]] = {one: list(sums.values.get(one, ()))[:PANEL_ROWS] for one in few}
    if many:
        for row in tally.value_counts(many, limit=PANEL_ROWS):
            ranked.setdefault(row.dimension, []).append(row)
    numbers = _numbers(days, sums, read_through(sums.pixels.values()) if is_project else tally.read_through())
    days_before = earlier.platform_days() if earlier else []
    has_platforms = Section.PLATFORMS in sections
    drawn = view if has_platforms else replace(view, is_line=True)  # a stack would tell the platforms
    return Report(
        visits=numbers.visits,
        set_aside=set_aside(numbers.verdicts),
        figures=_figures(subject, view, numbers, earlier, days_before, is_project=is_project),
        trend=trend_chart(subject.project, drawn, days, days_before, subject.published)
        if Section.TREND in sections
        else None,
        hours=hours_grid(subject.project, period, tally.week()) if Section.HOURS in sections else None,
        platforms=platforms_panel(_totals(days), numbers.visits, view, evidence=tally.evidence())
        if has_platforms and not subject.pixel
        else None,
        articles=articles_panel(
            subject.project, tally, view, _by_pixel(view, numbers, sums), numbers.visits,
            quiet={quiet.pixel.pk: quiet for quiet in subject.quiet}, limit=PANEL_ROWS, are_linked=subject.are_linked,
            are_split=has_platforms, looked_at=sums.looked_at,
        )
        if Section.ARTICLES in sections and not subject.pixel
        else None,
        placements=_placements(subject, view, tally, days, numbers.visits)
        if has_platforms and subject.pixel
        else None,
        first_week=first_week_chart(subject.project, subject.lifetime, subject.today)
        if Section.TREND in sections and subject.pixel and not view.filters.parameters()
        else None,
        groups=_groups(ranked, numbers.visits, view, subject, sums.values.get(Dimension.COUNTRY, ())),
    )  # fmt: skip


def full_panel(subject: Subject, view: PageState, tally: VisitSource) -> Panel | None:
    """Return a page of the one list that the view shows whole; None where there is no such list.

    Articles of a page of any length (`view.rows`) come without their lines and bands: those cost by article.
    """
    limit = rows_a_page(view)
    offset = (view.number - 1) * limit
    days = tally.platform_days()
    visits = sum(day.visits for day in _totals(days))
    if view.full == "platforms" and Section.PLATFORMS in subject.sections:
        evidence = tally.evidence()
        return platforms_panel(_totals(days), visits, view, evidence=evidence, limit=limit, offset=offset)
    if view.full == "articles" and Section.ARTICLES in subject.sections and not subject.pixel:
        is_project = view.filters.pixel_id is None
        sums = tally.sums((), with_pixels=is_project)
        numbers = _numbers(days, sums, ReadThrough(0, 0) if is_project else tally.read_through())
        return articles_panel(
            subject.project, tally, view, _by_pixel(view, numbers, sums), visits,
            quiet={quiet.pixel.pk: quiet for quiet in subject.quiet}, limit=limit, offset=offset,
            are_linked=subject.are_linked, are_split=Section.PLATFORMS in subject.sections and not view.rows,
            looked_at=sums.looked_at,
        )  # fmt: skip
    described = PANELS.get(view.full)
    if described is None or described.section not in subject.sections:
        return None
    counts = tally.value_counts([described.dimension], limit, offset)
    known = [one for one in tally.value_counts([described.dimension], 2) if one.value] if offset else []
    most = known[0].visits if known else 0
    return dimension_panel(described, counts, visits, view, are_linked=subject.are_linked, most=most)


def rows_a_page(view: PageState) -> int:
    """Return how many rows a page of the view's full list has."""
    return view.rows or (FULL_ARTICLES if view.full == "articles" else FULL_ROWS)


def _shown_dimensions(sections: Collection[str]) -> tuple[list[Dimension], list[Dimension]]:
    """Return the dimensions of the panels that are shown: those with few values, and those with any number."""
    shown = [described.dimension for described in PANELS.values() if described.section in sections]
    return [one for one in shown if one not in MANY_VALUES], [one for one in shown if one in MANY_VALUES]


def _totals(days: Sequence[PlatformDay]) -> list[PlatformDay]:
    return [day for day in days if day.dimension == Dimension.TOTAL]


def _numbers(days: Sequence[PlatformDay], sums: Sums, reading: ReadThrough) -> Numbers:
    totals = _totals(days)
    return Numbers(
        visits=sum(day.visits for day in totals),
        visitors=sum(day.visitors for day in totals),
        proxied=proxied(sums.by_value(Dimension.TRAFFIC)),
        verdicts=sums.by_value(Dimension.VERDICT),
        reading=reading,
    )


def _by_pixel(view: PageState, numbers: Numbers, sums: Sums) -> Mapping[int, PixelTotal]:
    """Return the visits by pixel; where the view is filtered by one, all visits are its own."""
    if view.filters.pixel_id is None:
        return sums.pixels
    return {view.filters.pixel_id: PixelTotal(numbers.visits, numbers.visitors, *numbers.reading)}


def _figures(
    subject: Subject, view: PageState, now: Numbers, earlier: VisitSource | None, days_before: Sequence[PlatformDay],
    *, is_project: bool,
) -> Sequence[Figure]:  # fmt: skip
    """Return the key figures with their changes. A day that is not over is compared with as much of the earlier one."""
    if earlier is None:
        return key_figures(now, None, "")
    period = earlier.period
    sums = earlier.sums(FIGURES, with_pixels=is_project)
    reading = read_through(sums.pixels.values()) if is_project else earlier.read_through()
    before = _numbers(days_before, sums, reading)
    if view.period.last_day != subject.today:
        return key_figures(now, before, period.label)
    return key_figures(now, before, period.label, so_far=_so_far(subject, earlier, days_before))


def _so_far(subject: Subject, earlier: VisitSource, days_before: Sequence[PlatformDay]) -> tuple[int, int]:
    """Return visits and visitors of the earlier period up to this hour and minute of its last day.

    Within an hour they are taken to be even.
    """
    last, clock = earlier.period.last_day, subject.now.astimezone(subject.project.zone)
    whole = [day for day in _totals(days_before) if day.date != last]
    visits, visitors = float(sum(day.visits for day in whole)), float(sum(day.visitors for day in whole))
    for day in earlier.last_day_hours():
        passed = min(max(clock.hour + clock.minute / 60 - int(day.hour), 0), 1)
        visits += day.visits * passed
        visitors += day.visitors * passed
    return round(visits), round(visitors)


def _placements(
    subject: Subject, view: PageState, tally: VisitSource, days: Sequence[PlatformDay], visits: int
) -> Panel:
    values = tally.platform_values([Dimension.HOUR, Dimension.POSITION])
    return placements_panel(_totals(days), values, subject.lifetime, visits, view)


def _groups(
    ranked: Mapping[int, Sequence[ValueCount]],
    visits: int,
    view: PageState,
    subject: Subject,
    countries: Sequence[ValueCount],
) -> list[Group]:
    groups = []
    # Set in two columns, these come out about as long as each other: a project has its platforms after the first.
    for key, names in (GROUPS[1], GROUPS[0], GROUPS[2]) if subject.pixel else GROUPS:
        shown = [
            dimension_panel(
                described,
                ranked.get(described.dimension, ()),
                visits,
                view,
                are_linked=subject.are_linked,
                mapped=countries if described.dimension == Dimension.COUNTRY else (),
            )
            for described in map(PANELS.__getitem__, names)
            if described.section in subject.sections and (ranked.get(described.dimension) or not described.optional)
        ]
        if shown:
            groups.append(Group(key, shown))
    return groups
