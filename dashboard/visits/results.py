"""What visits come to: by day and platform, by value of a dimension, by pixel; and how far articles are read."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from collector.models import Dimension, Position

START = str(Position.START.label)
# Readers' programs name pages and hosts, and may make up a thousand a day: a few rows are found among all of them. So
# the API and shared pages answer for so many days of them at most.
MANY_VALUES = frozenset({Dimension.PAGE, Dimension.ELSEWHERE})
MAX_DAYS_OF_MANY_VALUES = 92
BY_PIXEL = (Dimension.PIXEL, Dimension.STARTED, Dimension.FINISHED)


class PlatformDay(NamedTuple):
    """Visits of one platform on one day, or in one hour of it. A trend has thousands: hence a tuple."""

    dimension: int
    date: date
    platform: str
    hour: str
    visits: int
    visitors: int


class ValueCount(NamedTuple):
    """Visits by one value of a dimension, and how many values that dimension has in all."""

    dimension: int
    value: str
    visits: int
    visitors: int
    values: int


@dataclass(slots=True)
class PixelTotal:
    """Visits of one pixel in a period. `started` and `finished` are what read-through is told from."""

    visits: int = 0
    visitors: int = 0
    started: int = 0
    finished: int = 0

    def add(self, dimension: int, visits: int, visitors: int) -> None:
        """Add a count of one of the dimensions `BY_PIXEL`."""
        if dimension == Dimension.PIXEL:
            self.visits += visits
            self.visitors += visitors
        elif dimension == Dimension.STARTED:
            self.started += visits
        else:
            self.finished += visits


class Reading(NamedTuple):
    """Direct visits of articles that have a pixel at their end, and how many came to that end."""

    started: int
    finished: int

    @property
    def share(self) -> float | None:
        """Return the read-through rate, None where no end was ever seen."""
        return self.finished / self.started if self.started and self.finished else None


@dataclass(frozen=True, slots=True)
class Sums:
    """The visits by dimension and value, most first; and by pixel, of so many as were `looked_at`, 0 for all."""

    values: Mapping[int, Sequence[ValueCount]]
    pixels: Mapping[int, PixelTotal]
    looked_at: int = 0

    def by_value(self, dimension: Dimension) -> dict[str, int]:
        """Return the visits by the values of a dimension."""
        return {count.value: count.visits for count in self.values.get(dimension, ())}


def sums_of(rows: Iterable[tuple[int, str, int, int]]) -> Sums:
    """Sort rows of dimension, value, visits and visitors into what they are of."""
    values: dict[int, list[tuple[str, int, int]]] = defaultdict(list)
    pixels: dict[int, PixelTotal] = defaultdict(PixelTotal)
    for dimension, value, visits, visitors in rows:
        if dimension in BY_PIXEL:
            pixels[int(value)].add(dimension, visits, visitors)
        else:
            values[dimension].append((value, visits, visitors))
    return Sums(
        {
            dimension: [
                ValueCount(dimension, *count, len(counts))
                for count in sorted(counts, key=lambda count: (-count[1], count[0]))
            ]
            for dimension, counts in values.items()
        },
        pixels,
    )


def read_through(totals: Iterable[PixelTotal]) -> Reading:
    """Add up what was begun and finished of the articles whose end was seen at all."""
    with_end = [total for total in totals if total.finished]
    return Reading(sum(total.started for total in with_end), sum(total.finished for total in with_end))
