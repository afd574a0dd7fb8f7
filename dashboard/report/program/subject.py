"""What a program's report is about, which days it counts, and which parts of it people may see."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property

from collector.models import Pixel, ProgramSection, Project
from collector.programs.program import Program
from collector.programs.windows import DAY, MAX_WINDOW_DAYS, Window
from dashboard import formatting
from dashboard.usage.counts import Usage
from dashboard.visits.periods import Bucket, Period

LAST_WEEK_DAYS, LAST_WEEKS_DAYS = 7, 28


ALL_PROGRAM_SECTIONS = frozenset(ProgramSection.values)


@dataclass(frozen=True)
class ProgramSubject:
    """A program at the moment `now`, and the period that is shown. `program` is what it declares."""

    pixel: Pixel
    program: Program
    period: Period
    first_day: date
    now: datetime

    @property
    def project(self) -> Project:
        return self.pixel.project

    @property
    def today(self) -> date:
        return self.now.astimezone(UTC).date()

    @property
    def last_day(self) -> date:
        return self.period.last_day

    @property
    def is_today_shown(self) -> bool:
        """Tell whether the last day is not over."""
        return self.last_day == self.today

    @property
    def last_whole_day(self) -> date:
        return self.last_day - DAY if self.is_today_shown else self.last_day

    @cached_property
    def usage(self) -> Usage:
        return Usage(self.pixel, self.today)

    @property
    def window(self) -> Window:
        """Return the window in which installations are told apart: the period, or its last 28 days if it is longer."""
        if self.period.days <= MAX_WINDOW_DAYS:
            return Window(self.period.start, self.period.end)
        return Window.to(self.last_day, LAST_WEEKS_DAYS)

    @property
    def last_week(self) -> Window:
        """Return the last seven days of the period, even if it is shorter."""
        return Window.to(self.last_day, LAST_WEEK_DAYS)

    def bucket_windows(self) -> list[Window]:
        """Return the days, ISO weeks or months of the period, each whole except for the days after the period.

        Those before the first report are left out: nothing is known of them.
        """
        starts = self.period.buckets()
        ends = [*starts[1:], self.period.end]
        windows = [Window(start, end) for start, end in zip(starts, ends, strict=True)]
        return [window for window in windows if window.end > self.first_day] or windows[-1:]

    @cached_property
    def bucket_labels(self) -> Sequence[tuple[str, str]]:
        """Return the names of the buckets: in short for the axis, and in full. All charts of a page share them."""
        return [self._bucket_label(window) for window in self.bucket_windows()]

    def _bucket_label(self, window: Window) -> tuple[str, str]:
        if self.period.bucket is Bucket.MONTH:
            return formatting.day(window.start, "yMMM"), formatting.days(window.start, window.last_day)
        label = formatting.day(window.start, "MMMd")
        if window.days == 1 and self.period.bucket is Bucket.DAY:
            return label, formatting.day(window.start, "yMMMEd")
        return label, formatting.days(window.start, window.last_day)


def days_label(window: Window) -> str:
    """Write the days of a window, both its first and its last one included."""
    return formatting.days(window.start, window.last_day)
