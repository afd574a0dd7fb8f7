"""The list of projects: a card for each, with the visits of its last 30 days.

They are compared as the project's page compares them, and say the same: see `comparison`.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db.models import QuerySet

from collector.classify.platforms import platform_colour
from collector.classify.sites import sites_of
from collector.models import Project
from dashboard.report.changes import Change, count_change, no_earlier_data
from dashboard.report.comparison import is_measured, label_up_to, up_to
from dashboard.report.panels.platforms import platform_label
from dashboard.report.quiet import quiet_pixels
from dashboard.report.sparkline import SparkLine, spark_line_of_days
from dashboard.visits import queries
from dashboard.visits.periods import DAY, PRESETS, Period

CARD_DAYS = 30
CARD_RANGES = ("today", "7d", "30d")  # presets that end today


@dataclass(frozen=True, slots=True)
class CardCount:
    """The visits of some days, and how they changed against the same number of days before."""

    label: str
    visits: int
    change: Change | None = None


@dataclass(frozen=True, slots=True)
class ProjectCard:
    """One project in the list. Its last 7 and 30 days end today, in its own time zone.

    `days` are the visits of its last 30 days, None before its first visit. `platform` is where most of them come from,
    `quiet` how many of its pixels are unusually quiet, `clock` the time that visits are compared up to, where they are.
    `is_waiting` tells that it has had no visit yet.
    """

    project: Project
    counts: Sequence[CardCount]
    days: Sequence[int | None]
    platform: str
    platform_colour: str
    quiet: int
    clock: str = ""
    is_waiting: bool = False

    @property
    def line(self) -> SparkLine:
        """Return the points of SVG polylines in a box of 290 by 40, the highest day at the top."""
        return spark_line_of_days(self.days, 290, 40, is_open=True)


@dataclass(frozen=True, slots=True)
class _Visits:
    """The visits of one project: by day, by day and hour where one is compared, and by platform in the last 30 days."""

    by_day: Counter[date] = field(default_factory=Counter)
    by_hour: Mapping[date, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    by_platform: Counter[str] = field(default_factory=Counter)


def project_cards(projects: QuerySet[Project], now: datetime) -> list[ProjectCard]:
    """Return a card for each project. Six queries at most."""
    listed = queries.with_first_day(projects)
    if not listed:
        return []
    clocks = {one.project.pk: now.astimezone(one.project.zone) for one in listed}
    visits = _visits([one.project for one in listed], clocks)
    quiet = Counter(quiet.pixel.project_id for quiet in quiet_pixels([one.project for one in listed], now))
    return [_card(one, visits[one.project.pk], clocks[one.project.pk], quiet[one.project.pk]) for one in listed]


def _visits(projects: Sequence[Project], clocks: Mapping[int, datetime]) -> Mapping[int, _Visits]:
    """Return the visits of each project by its id, of 60 days and today. One query."""
    first = min(clock.date() for clock in clocks.values()) - 2 * CARD_DAYS * DAY
    days = Period(first, max(clock.date() for clock in clocks.values()) + DAY).dates()
    compared = {_period(name, clock).days_before().last_day for name in CARD_RANGES for clock in clocks.values()}
    visits: dict[int, _Visits] = defaultdict(_Visits)
    for row in queries.project_days(projects, days, sorted(compared)):
        of_project = visits[row.project_id]
        if row.hour:
            of_project.by_hour[row.date][row.hour] += row.visits
            continue
        of_project.by_day[row.date] += row.visits
        if row.date > clocks[row.project_id].date() - CARD_DAYS * DAY:
            of_project.by_platform[row.platform] += row.visits
    return visits


def _card(listed: queries.ListedProject, visits: _Visits, clock: datetime, quiet: int) -> ProjectCard:
    today, first_day = clock.date(), listed.first_day
    days = Period(today - (CARD_DAYS - 1) * DAY, today + DAY).dates()
    counts = [_count(name, visits, clock, first_day) for name in CARD_RANGES]
    platform = max(sorted(visits.by_platform), key=lambda slug: visits.by_platform[slug], default="")
    return ProjectCard(
        project=listed.project,
        counts=counts,
        days=[visits.by_day[day] if first_day and day >= first_day else None for day in days],
        platform=platform_label(platform, sites_of(listed.project.sites)) if platform else "",
        platform_colour=platform_colour(platform) if platform else "",
        quiet=quiet,
        clock=f"{clock:%H:%M}" if any(count.change and count.change.arrow for count in counts) else "",
        is_waiting=first_day is None,
    )


def _count(name: str, visits: _Visits, clock: datetime, first_day: date | None) -> CardCount:
    """Count the visits of a range that ends today, and compare them with as many days before."""
    period = _period(name, clock)
    earlier = period.days_before()
    now = sum(visits.by_day[day] for day in period.dates())
    change = None
    if first_day and not is_measured(earlier.start, first_day):
        change = no_earlier_data()
    elif first_day:
        whole_days = sum(visits.by_day[day] for day in earlier.dates()[:-1])
        before = up_to(clock, whole_days, visits.by_hour[earlier.last_day])
        change = count_change(now, before, label_up_to(clock, earlier))
    return CardCount(str(PRESETS[name].label), now, change)


def _period(name: str, clock: datetime) -> Period:
    today = clock.date()
    return Period(PRESETS[name].start(today), today + DAY, name)
