"""A whole view of a program: from the query string of its address to what a template shows. Days are UTC."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

from collector.models import Pixel, Project
from collector.programs.program import Program
from dashboard.report.charts import BUCKET_NAMES
from dashboard.report.filters import Chip
from dashboard.report.notices import unknown_list
from dashboard.report.page_state import PageState, read_page_state
from dashboard.report.program.doors import dropped_panel
from dashboard.report.program.panel import UsagePanel
from dashboard.report.program.report import ProgramReport, make_program_report
from dashboard.report.program.subject import ALL_PROGRAM_SECTIONS, ProgramSubject
from dashboard.report.toolbar import Toolbar, toolbar
from dashboard.usage.counts import Usage
from dashboard.visits.filters import NO_FILTERS
from dashboard.visits.periods import Bucket, Period


@dataclass(frozen=True, slots=True)
class ProgramPage:
    """What a template needs. `first_day` is None while nothing was reported; then there is no `report`.

    `full_list` is the one panel that the view shows instead of its `report`. `dropped` has names that other SDKs sent
    and nobody declared: only for members, because strangers can send any.
    """

    pixel: Pixel
    program: Program
    state: PageState
    first_day: date | None
    today: date
    clock: str
    notices: Sequence[str]
    toolbar: Toolbar
    report: ProgramReport | None
    full_list: UsagePanel | None = None
    dropped: UsagePanel | None = None
    is_public: bool = False
    zone: str = "UTC"
    chips: Sequence[Chip] = ()

    @property
    def project(self) -> Project:
        return self.pixel.project

    @property
    def period(self) -> Period:
        return self.state.period

    @property
    def export_query(self) -> str:
        """Return the query string of its spreadsheets; empty on a shared page, which has none."""
        return "" if self.is_public else self.state.query

    @property
    def has_first_day(self) -> bool:
        """Whether the page shows the day of the first report."""
        return self.first_day is not None and self.period.start <= self.first_day < self.period.end


def make_program_page(
    parameters: Mapping[str, Any],
    pixel: Pixel,
    program: Program,
    *,
    now: datetime,
    sections: Collection[str] = ALL_PROGRAM_SECTIONS,
    is_public: bool = False,
) -> ProgramPage:
    """Make the view of a program that a query string asks for, with these `sections`. At most 20 queries."""
    utc_now = now.astimezone(UTC)
    today = utc_now.date()
    first_day = Usage(pixel, today).first_day()
    requested = read_page_state(parameters, today=today, first_day=first_day)
    state = replace(requested, filters=NO_FILTERS, is_line=False, period=_without_hours(requested.period))
    notices = list(requested.notices)
    report, full_list, dropped = None, None, None
    if first_day is not None:
        subject = ProgramSubject(pixel, program, _by_days(state.period), first_day, now)
        report = make_program_report(subject, state, sections, is_public=is_public)
        full_list = _full_list(report, state)
        dropped = dropped_panel(subject) if program.sdks and not is_public else None
        if state.full_list and full_list is None:
            notices.append(unknown_list())
    return ProgramPage(
        pixel, program, state, first_day, today, f"{utc_now:%H:%M}", notices, _toolbar(state), report, full_list,
        dropped, is_public,
    )  # fmt: skip


def _without_hours(period: Period) -> Period:
    """Return the period without the unit of hours: reports have none."""
    return replace(period, unit=None) if period.unit is Bucket.HOUR else period


def _by_days(period: Period) -> Period:
    """Return the period in days where it would be in hours: a single day."""
    return replace(period, unit=Bucket.DAY) if period.bucket is Bucket.HOUR else period


def _toolbar(state: PageState) -> Toolbar:
    links = toolbar(state, ())
    hourly = str(BUCKET_NAMES[Bucket.HOUR])
    return replace(links, units=[link for link in links.units if link.label != hourly])


def _full_list(report: ProgramReport, state: PageState) -> UsagePanel | None:
    """Return the panel that `state` names, with all its rows."""
    for panel in report.tables() if state.full_list else ():
        if isinstance(panel, UsagePanel) and panel.key == state.full_list:
            return replace(panel, shown=0)
    return None
