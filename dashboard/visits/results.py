"""The answers of a source: visits by day and platform, by value and by pixel, and the read-through.

The read-through is computed here, by `read_through`, from the `PixelTotal` of each article. Rows are NamedTuples: a
trend has thousands of them.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from collector.models import Dimension
from collector.storage.campaigns import CAMPAIGN_DIMENSIONS

# Readers' browsers name pages, hosts and campaigns, and can make up a thousand a day. A view shows only the first of
# them, and the API and shared pages answer for this many days of them at most.
MANY_VALUES = frozenset({Dimension.PAGE, Dimension.ELSEWHERE, *CAMPAIGN_DIMENSIONS})
MAX_DAYS_OF_MANY_VALUES = 92
BY_PIXEL = (Dimension.PIXEL, Dimension.STARTED, Dimension.FINISHED, Dimension.AT_ONCE)  # their values are pixel ids


class Total(NamedTuple):
    """Visits, and the visitors who were new on their day."""

    visits: int
    visitors: int

    def plus(self, visits: int, visitors: int) -> "Total":
        return Total(self.visits + visits, self.visitors + visitors)


class ValueKey(NamedTuple):
    """One value of a dimension."""

    dimension: int
    value: str


class PlatformDay(NamedTuple):
    """Visits on one platform on one day; for the dimension `HOUR`, in one hour of it."""

    dimension: int
    date: date
    platform: str
    hour: str
    visits: int
    visitors: int


class PlatformValue(NamedTuple):
    """Hits on one platform with one value of a dimension."""

    platform: str
    dimension: int
    value: str
    hits: int


class ValueCount(NamedTuple):
    """Visits with one value of a dimension. `values` is how many values the dimension has in all."""

    dimension: int
    value: str
    visits: int
    visitors: int
    values: int


class WeekHour(NamedTuple):
    """An hour of the week. `weekday` is 0 for Monday, `hour` is `00` to `23`."""

    weekday: int
    hour: str


def visible_visitors(visits: int, visitors: int) -> int | None:
    """Return the visitors; None where there were visits but we could see none of their visitors."""
    return None if visits and not visitors else visitors


@dataclass(slots=True)
class PixelTotal:
    """Visits of one pixel in a period, and the hits that its read-through is computed from."""

    visits: int = 0
    visitors: int = 0
    started: int = 0
    finished: int = 0
    at_once: int = 0

    def add(self, dimension: int, visits: int, visitors: int) -> None:
        """Add a count of one of the dimensions `BY_PIXEL`."""
        if dimension == Dimension.PIXEL:
            self.visits += visits
            self.visitors += visitors
        elif dimension == Dimension.STARTED:
            self.started += visits
        elif dimension == Dimension.FINISHED:
            self.finished += visits
        else:
            self.at_once += visits


class ReadThrough(NamedTuple):
    """How far articles are read: the direct visits that can tell, of articles with a pixel at their end, and how many
    readers came to it in a time in which they can have read.
    """

    started: int
    finished: int

    @property
    def share(self) -> float | None:
        """Return the read-through from 0 to 1; above 1 if more ends than starts were loaded. None without any end."""
        return self.finished / self.started if self.started and self.finished else None


def read_through(totals: Iterable[PixelTotal]) -> ReadThrough:
    """Add up the starts and ends of the articles that were read to their end at least once.

    A visit whose end was loaded together with its start can't tell how far it went, so it is left out.
    """
    with_end = [total for total in totals if total.finished]
    started = sum(max(total.started - total.at_once, 0) for total in with_end)
    return ReadThrough(started, sum(total.finished for total in with_end))


@dataclass(frozen=True, slots=True)
class Sums:
    """Visits by dimension and value, most frequent first, and visits by pixel id.

    `candidates` is how many pixels were considered, 0 for all of them.
    """

    values: Mapping[int, Sequence[ValueCount]]
    pixels: Mapping[int, PixelTotal]
    candidates: int = 0

    def by_value(self, dimension: Dimension) -> dict[str, int]:
        """Return the visits by the values of a dimension."""
        return {count.value: count.visits for count in self.values.get(dimension, ())}


def sums_of(totals: Mapping[ValueKey, Total]) -> Sums:
    """Group totals by dimension and rank their values; those of the dimensions `BY_PIXEL` become `PixelTotal`s."""
    by_dimension: dict[int, list[tuple[str, Total]]] = defaultdict(list)
    pixels: dict[int, PixelTotal] = defaultdict(PixelTotal)
    for (dimension, value), total in totals.items():
        if dimension in BY_PIXEL:
            pixels[int(value)].add(dimension, total.visits, total.visitors)
        else:
            by_dimension[dimension].append((value, total))
    ranked: dict[int, list[ValueCount]] = {}
    for dimension, values in by_dimension.items():
        values.sort(key=_most_visits_first)
        ranked[dimension] = [
            ValueCount(dimension, value, total.visits, total.visitors, len(values)) for value, total in values
        ]
    return Sums(ranked, pixels)


def _most_visits_first(value_and_total: tuple[str, Total]) -> tuple[int, str]:
    value, total = value_and_total
    return -total.visits, value
