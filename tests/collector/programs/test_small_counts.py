"""What a public table reveals about small counts, to somebody who knows all its values and the rules."""

from collections import defaultdict
from collections.abc import Iterator

import pytest

from collector.programs.small_counts import CHOICES, FEWEST, PublishedTable, merge_small


@pytest.mark.parametrize(
    ("counts", "published", "other"),
    [
        ({}, (), 0),
        ({"linux": 40, "macos": 10}, (("linux", 40), ("macos", 10)), 0),
        ({"linux": 40, "macos": 20, "windows": 0}, (("linux", 40), ("macos", 20)), 0),
        ({"linux": 40, "macos": 20, "windows": 3}, (("linux", 40),), 23),  # 3 alone would be what is left of 63
        ({"linux": 40, "macos": 40, "windows": 3}, (("macos", 40),), 43),
        ({"linux": 900, "macos": 41, "windows": 40, "freebsd": 9}, (("linux", 900),), 90),  # 49 would say: 9 or 8
        ({"linux": 900, "macos": 30, "windows": 10, "freebsd": 1}, (("linux", 900),), 41),  # 11 would say: 1 and 10
        ({"linux": 900, "macos": 11, "windows": 10, "freebsd": 1}, (), 922),  # 22 would say: 1 or 2
        ({"linux": 900, "macos": 3, "windows": 4}, (), 907),
        ({"linux": 3, "macos": 4}, (), 7),
    ],
)
def test_small_counts_are_merged_with_the_next_smallest(counts, published, other):
    assert merge_small(counts) == PublishedTable(published, other)


def tables(values: int, total: int) -> Iterator[tuple[int, ...]]:
    """Yield all tables of some values with this total."""
    if values == 1:
        yield (total,)
        return
    for count in range(total + 1):
        for rest in tables(values - 1, total - count):
            yield (count, *rest)


@pytest.mark.parametrize(("values", "totals"), [(2, range(10, 120)), (3, range(10, 60)), (4, range(10, 38))])
def test_nobody_can_tell_a_small_count_from_four_others(values, totals):
    """It computes what everybody can: all tables that would be published in the same way."""
    for total in totals:
        possible: dict[PublishedTable, list[set[int]]] = defaultdict(lambda: [set() for _ in range(values)])
        for table in tables(values, total):
            published = merge_small({str(value): count for value, count in enumerate(table)})
            assert published.other + sum(count for _, count in published.values) == total
            for counts, count in zip(possible[published], table, strict=True):
                counts.add(count)
        for published, by_value in possible.items():
            visible = dict(published.values)
            assert all(count >= FEWEST for count in visible.values())
            for value, counts in enumerate(by_value):
                if str(value) not in visible and counts & set(range(1, FEWEST)):
                    assert len(counts) >= CHOICES, (total, published, counts)
