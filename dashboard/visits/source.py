"""What a report asks of the visits it is about, whoever answers: the daily counts, or hits counted anew."""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import date
from typing import Protocol

from collector.models import Dimension
from dashboard.visits.periods import Period
from dashboard.visits.results import PlatformDay, Reading, Sums, ValueCount


class VisitSource(Protocol):
    """`counted.RollupSource` and `recount.RawHitSource`; what each method returns is told there."""

    def platform_days(self, period: Period) -> list[PlatformDay]: ...

    def value_counts(
        self, period: Period, dimensions: Collection[Dimension], limit: int, offset: int = 0
    ) -> list[ValueCount]: ...

    def week(self, period: Period) -> Counter[tuple[int, str]]: ...

    def evidence(self, period: Period) -> dict[str, set[str]]: ...

    def platform_values(self, period: Period, dimensions: Collection[Dimension]) -> list[tuple[str, int, str, int]]: ...

    def sums(self, period: Period, dimensions: Collection[Dimension], *, with_pixels: bool) -> Sums: ...

    def pixel_days(self, period: Period, pixels: Sequence[int]) -> dict[int, Counter[date]]: ...

    def pixel_platforms(self, period: Period, pixels: Sequence[int]) -> dict[int, Counter[str]]: ...

    def reading(self, period: Period) -> Reading: ...
