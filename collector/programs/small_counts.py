"""Merge small counts, so that a public table reveals none of them.

The table of one week says how many installations have each value, and how many there are in all. A value of fewer than
`FEWEST` is merged into “other”. That alone would reveal a single small value, as what is left of the total. So the
next smallest values are merged too, until the published numbers leave at least `CHOICES` possibilities for the sum of
the small ones. Statistical offices call this primary and complementary cell suppression.

Whether that is so is decided by published numbers alone, so the decision itself says nothing more about the small ones.
A test goes through all tables of up to four values: even somebody who knows all values and these rules can't tell any
small count apart from four others.
"""

from collections.abc import Mapping
from typing import Annotated

import msgspec

FEWEST = 10  # installations that a published count is of
CHOICES = 5
Number = Annotated[int, msgspec.Meta(ge=0)]


class PublishedTable(msgspec.Struct, frozen=True):
    """How many installations have each value, the largest first, and how many have one of all merged values."""

    values: tuple[tuple[str, Number], ...]
    other: Number

    @property
    def installations(self) -> int:
        return self.other + sum(count for _, count in self.values)


def merge_small(counts: Mapping[str, int]) -> PublishedTable:
    """Return what may be published of a table of installations by value.

    Its total may be published with it if that is `FEWEST` or more; otherwise nothing of it may.
    """
    rising = sorted((count, value) for value, count in counts.items() if count)
    small = [count for count, _ in rising if count < FEWEST]
    merged = len(small)
    if merged:
        merged += 1
        while merged < len(rising) and not _hides(rising, len(small), merged):
            merged += 1
    values = tuple((value, count) for count, value in sorted(rising[merged:], key=lambda row: (-row[0], row[1])))
    return PublishedTable(values, sum(count for count, _ in rising[:merged]))


def _hides(rising: list[tuple[int, str]], small: int, merged: int) -> bool:
    """Whether the sum of the small counts has `CHOICES` possible values, if the first `merged` counts are merged.

    The counts that are merged with them are known to be at least `FEWEST`, and at most the smallest that is published.
    """
    other = sum(count for count, _ in rising[:merged])
    larger = merged - small
    lowest = max(small, other - larger * rising[merged][0])
    highest = min(small * (FEWEST - 1), other - larger * FEWEST)
    return highest - lowest + 1 >= CHOICES
