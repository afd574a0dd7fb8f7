"""The questions that a report asks about the visits of a period; the rollup or raw hits answer them."""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import date
from typing import Protocol

from collector.models import Dimension
from dashboard.visits.periods import Period
from dashboard.visits.readings import Reading
from dashboard.visits.results import PlatformDay, PlatformValue, ReadThrough, Sums, ValueCount, WeekHour


class VisitSource(Protocol):
    """Answers questions about the visits of its `period`.

    The two sources are `rollup.RollupSource`, which documents each method, and `from_hits.RawHitSource`.
    """

    @property
    def period(self) -> Period: ...

    def platform_days(self) -> list[PlatformDay]: ...

    def last_day_hours(self) -> list[PlatformDay]: ...

    def value_counts(self, dimensions: Collection[Dimension], limit: int, offset: int = 0) -> list[ValueCount]: ...

    def week(self) -> Counter[WeekHour]: ...

    def evidence(self) -> dict[str, set[str]]: ...

    def platform_values(self, dimensions: Collection[Dimension]) -> list[PlatformValue]: ...

    def sums(self, dimensions: Collection[Dimension], *, with_pixels: bool) -> Sums: ...

    def pixel_days(self, pixels: Sequence[int]) -> dict[int, Counter[date]]: ...

    def pixel_platforms(self, pixels: Sequence[int]) -> dict[int, Counter[str]]: ...

    def pixel_readings(self, pixels: Sequence[int]) -> dict[int, Reading]: ...

    def read_through(self) -> ReadThrough: ...
