"""The numbers beside a chart. They are computed here, so that they are written like all other numbers of a page."""

from collections.abc import Iterable
from itertools import count
from typing import NamedTuple

from dashboard import formatting

MAX_STEPS = 5


class Tick(NamedTuple):
    """A number on an axis, and how it is written."""

    value: int
    label: str


def number_axis(values: Iterable[int | None]) -> list[Tick]:
    """Return ticks from 0 to the largest of the values or somewhat more.

    Their step is 1, 2 or 5 times a power of ten: no label is rounded (`formatting.short`).
    """
    most = max((value for value in values if value is not None), default=0)
    step = next(step for step in _steps() if step * MAX_STEPS >= most)
    steps = max(-(-most // step), 1)
    return [Tick(number * step, formatting.short(number * step)) for number in range(steps + 1)]


def percent_axis() -> list[Tick]:
    """Return the ticks of shares in percent."""
    return [Tick(value, formatting.percent(value / 100)) for value in (0, 25, 50, 75, 100)]


def _steps() -> Iterable[int]:
    return (digit * 10**power for power in count() for digit in (1, 2, 5))
