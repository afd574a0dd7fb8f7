"""Retention: of the installations that began in a week, how many were active in each week after it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from math import ceil

from django.utils.translation import gettext as _

from collector.models import ProgramSection
from collector.programs.weeks import monday_of, weeks_between
from collector.programs.windows import DAY
from dashboard import formatting
from dashboard.report.charts import BUCKET_NAMES
from dashboard.report.program.panel import installations
from dashboard.report.program.subject import ProgramSubject
from dashboard.usage.results import CohortWeek
from dashboard.visits.periods import Bucket

MAX_WEEKS = 12
SHADES = 8
FEWEST = 10  # installations in a cohort; shares of fewer say nothing
WEEK = 7 * DAY


@dataclass(frozen=True, slots=True)
class RetentionCell:
    """One week of a cohort. `text` is the share in percent, empty where it is not known; `shade` from 0 to `SHADES`."""

    installations: int
    text: str
    shade: int
    title: str
    is_over: bool = True


@dataclass(frozen=True, slots=True)
class RetentionLine:
    """One cohort: the installations whose first report was in the week of `monday`."""

    monday: date
    label: str
    title: str
    size: int
    cells: Sequence[RetentionCell]

    @property
    def numbers(self) -> Sequence[int]:
        return (self.size,)


@dataclass(frozen=True, slots=True)
class RetentionGrid:
    """Cohorts in rows, the newest last; `weeks` number the weeks after the first one."""

    key: str
    section: str
    title: str
    caption: str
    weeks: Sequence[int]
    lines: Sequence[RetentionLine]
    note: str = ""

    def table(self) -> tuple[list[str], list[list[object]]]:
        """Return its head and its rows as a spreadsheet takes them: installations, empty where a week has not come."""
        weeks = [_("Week %(number)s") % {"number": number} for number in self.weeks]
        rows: list[list[object]] = []
        for line in self.lines:
            cells = [cell.installations for cell in line.cells]
            rows.append([f"{line.monday}", line.size, *cells, *[None] * (len(self.weeks) - len(cells))])
        return [str(BUCKET_NAMES[Bucket.WEEK]), installations(), *weeks], rows


def first_cohort(subject: ProgramSubject) -> date:
    """Return the Monday of the oldest cohort that is shown: the week of the first report, 12 weeks at most."""
    last = monday_of(subject.last_day)
    return max(last - (MAX_WEEKS - 1) * WEEK, monday_of(subject.first_day))


def retention_grid(subject: ProgramSubject, cohorts: Sequence[CohortWeek]) -> RetentionGrid:
    """Lay out the cohorts of the last weeks of the period."""
    by_week = {(row.cohort, row.week): row.installations for row in cohorts}
    mondays = weeks_between(first_cohort(subject), subject.last_day)
    lines = [_line(subject, monday, [by_week.get((monday, week), 0) for week in mondays]) for monday in mondays]
    is_open = _is_last_week_open(subject)
    note = _("Weeks begin on Monday, UTC. The last week of each row is not over.") if is_open else ""
    return RetentionGrid(
        "retention",
        ProgramSection.RETENTION.value,
        _("Retention"),
        _("Percent of new installations active in later weeks"),
        range(1, len(mondays)),
        [line for line in lines if line.size],
        note or _("Weeks begin on Monday, UTC."),
    )


def _is_last_week_open(subject: ProgramSubject) -> bool:
    return monday_of(subject.last_day) == monday_of(subject.today)


def _line(subject: ProgramSubject, monday: date, by_week: Sequence[int]) -> RetentionLine:
    age = (monday_of(subject.last_day) - monday) // WEEK
    size = by_week[len(by_week) - 1 - age]
    later = by_week[len(by_week) - age :] if age else []
    label = formatting.day(monday, "MMMd")
    cells = [
        _cell(label, week + 1, active, size, is_over=week + 1 < age or not _is_last_week_open(subject))
        for week, active in enumerate(later)
    ]
    return RetentionLine(monday, label, formatting.days(monday, monday + 6 * DAY), size, cells)


def _cell(label: str, week: int, active: int, size: int, *, is_over: bool) -> RetentionCell:
    share = min(active / size, 1) if size else 0
    title = _("%(cohort)s, week %(week)s: %(active)s of %(size)s") % {
        "cohort": label, "week": week, "active": formatting.exact(active), "size": formatting.exact(size),
    }  # fmt: skip
    if size < FEWEST:
        return RetentionCell(active, formatting.UNSEEN, 0, title, is_over)
    return RetentionCell(active, formatting.hundredths(share), ceil(SHADES * share), title, is_over)
