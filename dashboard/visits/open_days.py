"""The sums of days that are not over, usually only today. Their rows are read once for a view."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from itertools import product
from operator import attrgetter
from typing import Any, NamedTuple

from django.db.models import Q, QuerySet

from collector.models import DailyCount, Dimension
from collector.models.counts import ALL_PLATFORMS
from dashboard.visits.periods import Period
from dashboard.visits.results import BY_PIXEL, MANY_VALUES, Total
from dashboard.visits.rollup_scope import Grouping, GroupKey, RollupScope

# The dimensions that views show for each platform of a scope, and for each article in a list.
PLATFORM_DIMENSIONS = (Dimension.TOTAL, Dimension.HOUR, Dimension.POSITION, Dimension.EVIDENCE)
LISTED_DIMENSIONS = (Dimension.TOTAL, Dimension.POSITION, Dimension.READING, *BY_PIXEL)


class OpenRow(NamedTuple):
    """One row of the counts of an open day."""

    pixel_id: int
    dimension: int
    platform: str
    value: str
    hits: int
    visitors: int
    date: date

    @property
    def weekday(self) -> int:
        """Return the day of the week, 0 for Sunday, as `closed_days.Weekday` does."""
        return self.date.isoweekday() % 7


COLUMNS = OpenRow._fields[:-1]  # without the date: it is known, and reading it takes time for each row
OpenRows = Mapping[tuple[int, int], Sequence[OpenRow]]  # by pixel id and dimension


class ReadRows(NamedTuple):
    """Which rows of a day were read: those of some pixels, either of `MANY_VALUES` or of the other dimensions."""

    day: date
    pixel_ids: tuple[int, ...]
    is_many: bool


class OpenDays:
    """Adds up days that are not over in the project's time zone."""

    def __init__(self, scope: RollupScope, max_many: int) -> None:
        """`max_many` is how many rows of `MANY_VALUES` may be read of a day."""
        self._scope = scope
        self._max_many = max_many
        self._rows_read: dict[ReadRows, OpenRows | None] = {}

    def sums(self, open_period: Period, grouping: Grouping[GroupKey]) -> Mapping[GroupKey, Total] | None:
        """Return visits and visitors by the grouping's key; None where a day has too many values to read."""
        make_key = grouping.key._make
        fields_of: Callable[[OpenRow], tuple[Any, ...]] = attrgetter(*grouping.key._fields)
        are_many = {dimension in MANY_VALUES for dimension in grouping.dimensions}
        sums: dict[GroupKey, Total] = {}
        for day, is_many in product(open_period.dates(), are_many):
            rows = self._rows_of(day, grouping.pixel_ids, is_many=is_many)
            if rows is None:
                return None
            for group in product(grouping.pixel_ids, grouping.dimensions):
                for row in rows.get(group, ()):
                    key = make_key(fields_of(row))
                    before = sums.get(key)
                    sums[key] = before.plus(row.hits, row.visitors) if before else Total(row.hits, row.visitors)
        return sums

    def _rows_of(self, day: date, pixel_ids: tuple[int, ...], *, is_many: bool) -> OpenRows | None:
        """Return the rows of these pixels, None where there are too many.

        One query for everything that a view shows of the scope itself, and one for each other list of pixels.
        """
        scope = self._scope
        own_ids = (scope.pixel_id, ALL_PLATFORMS) if scope.has_all_platforms else (scope.pixel_id,)
        is_own = not is_many and set(pixel_ids) <= set(own_ids)
        key = ReadRows(day, own_ids if is_own else pixel_ids, is_many)
        if key not in self._rows_read:
            if is_many:
                self._rows_read[key] = self._read_many_values(key)
            elif is_own:
                self._rows_read[key] = self._read_own(key)
            else:
                rows = scope.rows(pixel_ids, [day]).filter(dimension__in=LISTED_DIMENSIONS)
                self._rows_read[key] = _grouped(rows, day)
        return self._rows_read[key]

    def _read_own(self, key: ReadRows) -> OpenRows:
        rows = self._scope.rows(key.pixel_ids, [key.day]).exclude(dimension__in=MANY_VALUES)
        if self._scope.has_all_platforms:  # other dimensions are only needed for all platforms together
            rows = rows.filter(Q(pixel_id=ALL_PLATFORMS) | Q(dimension__in=PLATFORM_DIMENSIONS))
        return _grouped(rows, key.day)

    def _read_many_values(self, key: ReadRows) -> OpenRows | None:
        rows = self._scope.rows(key.pixel_ids, [key.day]).filter(dimension__in=MANY_VALUES)
        groups = _grouped(rows[: self._max_many + 1], key.day)
        return None if sum(map(len, groups.values())) > self._max_many else groups


def _grouped(counts: QuerySet[DailyCount], day: date) -> OpenRows:
    groups: dict[tuple[int, int], list[OpenRow]] = defaultdict(list)
    for columns in counts.values_list(*COLUMNS):
        row = OpenRow._make((*columns, day))
        groups[row.pixel_id, row.dimension].append(row)
    return groups
