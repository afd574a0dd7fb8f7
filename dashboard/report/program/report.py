"""A program's report: figures, charts and panels, a function for each section. At most 16 queries."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from collector.models import ProgramSection, ReportDimension
from collector.programs.windows import DAY, Window
from dashboard.report.charts import Chart
from dashboard.report.comparison import is_measured
from dashboard.report.figures import Figure
from dashboard.report.page_state import PageState
from dashboard.report.program.actives import actives_chart, turnout_chart
from dashboard.report.program.doors import DoorSection, door_section
from dashboard.report.program.events import EventDetails, event_details, events_panel, failures_panel
from dashboard.report.program.figures import (
    FigureNumbers,
    NewestShare,
    comparison_note,
    earlier_window,
    program_figures,
    whole_days_before,
)
from dashboard.report.program.others import others_panel, runs_group
from dashboard.report.program.panel import UsageGroup, UsagePanel
from dashboard.report.program.retention import RetentionGrid, first_cohort, retention_grid
from dashboard.report.program.subject import ProgramSubject
from dashboard.report.program.systems import dimensions_of, systems_group
from dashboard.report.program.unusual import (
    LeavingOut,
    UnusualDays,
    first_kept_day,
    leaving_out,
    marks_of,
    unusual_days,
)
from dashboard.report.program.versions import adoption_chart, version_groups
from dashboard.usage.actives import Actives
from dashboard.usage.left_out import left_out_days
from dashboard.usage.versions import released_upgrades
from dashboard.visits.periods import Comparison

Table = Chart | RetentionGrid | UsagePanel | EventDetails | UnusualDays


@dataclass(frozen=True, slots=True)
class ProgramReport:
    """Everything that a program's page shows over a period. `active` are the installations of the period's window.

    `has_only_doors` says that only other SDKs have reported: then the figures are theirs.
    """

    active: int
    figures: Sequence[Figure]
    comparison_note: str
    charts: Sequence[Chart]
    adoption: Chart | None
    retention: RetentionGrid | None
    groups: Sequence[UsageGroup]
    events: UsagePanel | None
    details: Sequence[EventDetails]
    doors: DoorSection | None
    has_only_doors: bool = False
    unusual: UnusualDays | None = None
    leaving_out: LeavingOut | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nobody reported in the period's window."""
        return not self.active and not self.has_only_doors

    def tables(self) -> list[Table]:
        """Return everything that has a table, in the order of the page."""
        parts = [*self.charts, self.adoption, self.retention]
        tables: list[Table] = [part for part in parts if part]
        tables += [panel for group in self.groups for panel in group.panels]
        tables += [self.events] if self.events else []
        tables += self.details
        tables += [self.doors.chart, *self.doors.group.panels] if self.doors else []
        return [*tables, self.unusual] if self.unusual else tables

    def other_reporters(self) -> list[UsagePanel]:
        """Return the panels with numbers of what is not an installation: CI, agents, containers, and runs by shells."""
        panels = [group.panels[0] for group in self.groups if group.panels[0].section == ProgramSection.OTHERS]
        return [panel for panel in panels if any(number for row in panel.rows for number in row.numbers)]


def make_program_report(
    subject: ProgramSubject, state: PageState, sections: Collection[str], *, is_public: bool = False
) -> ProgramReport:
    """Report on a program. Only the `sections` are read and made. What is left out is for members."""
    actives = _actives(subject)
    doors = door_section(subject) if subject.program.sdks and ProgramSection.SDKS in sections else None
    if doors and doors.has_counts and not actives.has_reports:
        return _only_doors(doors, None if is_public else _unusual(subject))
    window_actives = actives.active(subject.window)
    groups: list[UsageGroup] = []
    in_last_week = _versions_in(subject, subject.last_week)
    adoption = None
    if ProgramSection.VERSIONS in sections:
        adoption, groups = _versions(subject, in_last_week)
    if ProgramSection.SYSTEMS in sections:
        values = subject.usage.in_window(subject.window, dimensions_of(subject))
        groups.append(systems_group(subject, values, window_actives))
    events, details, failures = _events(subject, window_actives, sections)
    groups += failures
    if ProgramSection.OTHERS in sections:
        groups += _others(subject)
    numbers = _figure_numbers(subject, state, actives, in_last_week)
    unusual = None if is_public else _unusual(subject)
    return ProgramReport(
        active=window_actives,
        figures=program_figures(subject, numbers, state.comparison, state.earlier),
        comparison_note=comparison_note(subject, state.comparison),
        charts=_charts(subject, actives, unusual) if ProgramSection.ACTIVES in sections else [],
        adoption=adoption,
        retention=_retention(subject, sections),
        groups=groups,
        events=events,
        details=details,
        doors=doors,
        unusual=unusual,
        leaving_out=None if is_public else leaving_out(subject),
    )


def _versions(subject: ProgramSubject, in_last_week: Mapping[str, int]) -> tuple[Chart, list[UsageGroup]]:
    """Read which versions were active on each day, and from which one to which installations upgraded."""
    first_bucket = subject.bucket_windows()[0].start
    all_by_day = subject.usage.by_day(ReportDimension.VERSION, first_bucket, subject.period.end)
    by_day = {day: subject.program.versions.as_counted(counts) for day, counts in all_by_day.items()}
    upgrades = subject.usage.upgrades(subject.period.start, subject.period.end)
    upgrades = released_upgrades(subject.program.versions, upgrades)
    return adoption_chart(subject, by_day), version_groups(subject, in_last_week, by_day, upgrades)


def _only_doors(doors: DoorSection, unusual: UnusualDays | None) -> ProgramReport:
    """Report on a program that no client has reported in these days, and other SDKs have."""
    return ProgramReport(
        active=0, figures=doors.figures, comparison_note="", charts=(), adoption=None, retention=None, groups=(),
        events=None, details=(), doors=doors, has_only_doors=True, unusual=unusual,
    )  # fmt: skip


def _actives(subject: ProgramSubject) -> Actives:
    """Read the reports of the period, and those before it that its windows and the windows before them need."""
    start = min(subject.bucket_windows()[0].start, subject.last_whole_day - 27 * DAY)
    return subject.usage.actives(start - 28 * DAY, subject.period.end)


def _figure_numbers(
    subject: ProgramSubject, state: PageState, actives: Actives, in_last_week: Mapping[str, int]
) -> FigureNumbers:
    """Read what the figures are compared with, and pick the newest version. Three queries at most."""
    newest = subject.program.versions.newest
    now = _newest_share(newest, in_last_week)
    if state.comparison is Comparison.NONE:
        return FigureNumbers(actives, None, None, now, None)
    actives_before, newcomers_before, year_earlier = actives, None, None
    if state.earlier is not None:
        days = whole_days_before(subject, state.earlier)
        if days.days and is_measured(days.start, subject.first_day):
            newcomers_before = subject.usage.newcomers(days.start, days.end)
        if state.comparison is Comparison.YEAR:
            year_earlier = state.earlier
            actives_before = subject.usage.actives(year_earlier.last_day - 28 * DAY, year_earlier.end)
    newest_before = None
    week_before = earlier_window(subject, year_earlier, 7)
    if newest and is_measured(week_before.start, subject.first_day):
        newest_before = _newest_share(newest, _versions_in(subject, week_before))
    return FigureNumbers(actives, actives_before, newcomers_before, now, newest_before)


def _charts(subject: ProgramSubject, actives: Actives, unusual: UnusualDays | None) -> list[Chart]:
    marks = marks_of(unusual, subject.bucket_windows())
    return [actives_chart(subject, actives, marks), turnout_chart(subject, actives, marks)]


def _unusual(subject: ProgramSubject) -> UnusualDays | None:
    period = subject.period
    start = period.start if period.start > subject.first_day else date.min  # also days of which nothing counts
    return unusual_days(subject, left_out_days(subject.pixel, start, period.end, first_kept_day(subject)))


def _versions_in(subject: ProgramSubject, window: Window) -> Mapping[str, int]:
    found = subject.usage.in_window(window, [ReportDimension.VERSION]).get(ReportDimension.VERSION, {})
    return subject.program.versions.as_counted(found)


def _newest_share(newest: str, versions: Mapping[str, int]) -> NewestShare:
    return NewestShare(versions.get(newest, 0), sum(versions.values()))


def _retention(subject: ProgramSubject, sections: Collection[str]) -> RetentionGrid | None:
    if ProgramSection.RETENTION not in sections:
        return None
    return retention_grid(subject, subject.usage.cohorts(first_cohort(subject), subject.last_day))


def _events(
    subject: ProgramSubject, active: int, sections: Collection[str]
) -> tuple[UsagePanel | None, Sequence[EventDetails], list[UsageGroup]]:
    """Return the events, their properties, and the failures as a group of their own."""
    if ProgramSection.EVENTS not in sections:
        return None, [], []
    window = subject.window
    uses = subject.usage.events(window)
    properties = subject.usage.properties(window.start, window.end)
    failures = failures_panel(subject, properties.values)
    return (
        events_panel(subject, uses, active),
        event_details(subject, properties),
        [UsageGroup("failures", [failures])] if failures else [],
    )


def _others(subject: ProgramSubject) -> list[UsageGroup]:
    period = subject.period
    others = others_panel(subject, subject.usage.others(period.start, period.end))
    runs = runs_group(subject.usage.runs(period.start, period.end))
    return [UsageGroup("others", [others]), *([runs] if runs else [])]
