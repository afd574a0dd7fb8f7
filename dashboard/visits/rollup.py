"""What a page says, answered from `DailyCount`; what closed days came to is remembered."""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from datetime import date
from functools import cached_property
from itertools import product
from operator import itemgetter
from typing import Any, NamedTuple

from django.db.models import Count, F, Func, IntegerField, Q, QuerySet, Sum, Window
from django.db.models.functions import RowNumber

from collector.classify.platforms import lazy_platforms
from collector.models import DailyCount, Dimension, Project
from collector.models.counts import ALL_PLATFORMS, WHOLE_PROJECT
from dashboard.visits.cache import REMEMBERED
from dashboard.visits.periods import DAY, Bucket, Period
from dashboard.visits.queries import MAX_LISTED_DAYS, counts_of
from dashboard.visits.results import (
    BY_PIXEL,
    MANY_VALUES,
    START,
    PixelTotal,
    PlatformDay,
    Reading,
    Sums,
    ValueCount,
    read_through,
    sums_of,
)

MAX_VALUES = 20_000  # of all dimensions asked for, to be remembered and ranked here; more are left to the database
MAX_CANDIDATES = 500  # articles that are looked at on one platform
STAMPING = (Dimension.POSITION, Dimension.TRAFFIC, Dimension.VERDICT)
KEY_WEIGHT = 8  # of what something is remembered by, beside the pixels; a sum weighs 1
NOTHING = (0, 0)
Summed = Mapping[Any, tuple[int, int]]  # hits and visitors by key
TOO_MANY: Summed = {}
PLATFORM_DIMENSIONS = (Dimension.TOTAL, Dimension.HOUR, Dimension.POSITION, Dimension.EVIDENCE)  # asked by platform
LISTED_DIMENSIONS = (Dimension.TOTAL, Dimension.POSITION, *BY_PIXEL)  # all that is asked about articles in a list
OPEN_FIELDS = ("pixel_id", "dimension", "platform", "value", "hits", "visitors")
OpenRow = tuple[int, int, str, str, int, int, date]
OpenRows = Mapping[tuple[int, int], Sequence[OpenRow]]  # by pixel and dimension


class Scope(NamedTuple):
    """Whose visits are added up, by which of the counts' fields."""

    pixels: tuple[int, ...]
    dimensions: frozenset[Dimension]
    fields: tuple[str, ...]


class Weekday(Func):
    """The day of the week of a date, 0 for Sunday, as both databases tell it without asking Python."""

    output_field = IntegerField()
    template = "EXTRACT(DOW FROM %(expressions)s)::int"

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        return self.as_sql(compiler, connection, template="CAST(strftime('%%%%w', %(expressions)s) AS int)", **extra)


class Rollup:
    """The counts of a project or of one of its pixels, on one platform or on all; makes a source for each period.

    `today` is the first day that is not over in the project's time zone; the sums of the days before it are remembered.
    The sources share what they read of the open days, and whether what is remembered still holds.
    """

    def __init__(
        self,
        project: Project,
        pixel_id: int = WHOLE_PROJECT,
        platform: str | None = None,
        *,
        today: date,
    ) -> None:
        self.project = project
        self.pixel_id = pixel_id
        self.platform = platform
        self.today = today
        self._stamps: dict[date, int] = {}
        self._open: dict[tuple[date, tuple[int, ...], bool], OpenRows | None] = {}

    def prepare(self, *periods: Period) -> None:
        """Find out for all these periods at once whether what is remembered of them still holds. One query."""
        days = (day for period in periods for day in self._clipped(period).dates())
        self._read_stamps({day for day in days if day < self.today})

    def over(self, period: Period) -> "RollupSource":
        """Return what answers for `period`."""
        return RollupSource(self, period)

    def summed(
        self,
        period: Period,
        dimensions: Collection[Dimension],
        fields: tuple[str, ...],
        *,
        pixels: Sequence[int] = (),
        is_joined: bool = False,
        limit: int | None = None,
    ) -> Summed:
        """Add up hits and visitors by `fields`, of this scope or of some pixels; `is_joined` where platforms don't
        matter, which a project has added up. `TOO_MANY` where the closed days have more than `limit` keys.

        A query for the closed days where they are not remembered, and one for all that a page asks about the open ones.
        """
        period = self._clipped(period)
        closed_end = max(period.start, min(period.end, self.today))
        own = ALL_PLATFORMS if is_joined and self.has_joined else self.pixel_id
        scope = Scope(tuple(sorted(pixels)) or (own,), frozenset(dimensions), fields)
        closed = self._closed_sums(Period(period.start, closed_end), scope, limit)
        if closed is TOO_MANY or closed_end == period.end:
            return closed
        open_ = self._open_sums(Period(closed_end, period.end), scope)
        return open_ if open_ is TOO_MANY else _joined(closed, open_)

    def ranked(self, period: Period, dimensions: frozenset[Dimension], limit: int, offset: int) -> list[ValueCount]:
        """Rank values in the database: there are more than shall pass through here. ResultCache until the next hit."""
        period = self._clipped(period)
        own = ALL_PLATFORMS if self.has_joined else self.pixel_id
        key = (self.project.pk, self.platform, own, dimensions, limit, offset, period, self._stamp(period))
        found: list[ValueCount] | None = REMEMBERED.get(key)
        if found is not None:
            return found
        ranked = (
            self._rows([own], period)
            .filter(dimension__in=dimensions)
            .values("dimension", "value")
            .annotate(visits=Sum("hits"), new_visitors=Sum("visitors"))
            .annotate(
                rank=Window(RowNumber(), partition_by="dimension", order_by=[F("visits").desc(), "value"]),
                values_in_all=Window(Count("*"), partition_by="dimension"),
            )
            .filter(rank__gt=offset, rank__lte=offset + limit)
            .order_by("dimension", "rank")
        )
        fields = ("dimension", "value", "visits", "new_visitors", "values_in_all")
        found = [ValueCount(*row) for row in ranked.values_list(*fields)]
        REMEMBERED.put(key, found, KEY_WEIGHT + 2 * len(found))
        return found

    def _closed_sums(self, closed: Period, scope: Scope, limit: int | None) -> Summed:
        """Return what days that are over came to: as remembered, as long as nothing was added to their counts."""
        platform = None if ALL_PLATFORMS in scope.pixels else self.platform
        key = (self.project.pk, platform, scope, limit, closed.start, closed.end, self._stamp(closed))
        found: Summed | None = REMEMBERED.get(key)
        if found is None:
            found = self._read(closed, scope, limit)
            REMEMBERED.put(key, found, KEY_WEIGHT + len(scope.pixels) + len(found))
        return found

    def _read(self, closed: Period, scope: Scope, limit: int | None) -> Summed:
        rows = self._rows(scope.pixels, closed).filter(dimension__in=scope.dimensions)
        if "weekday" in scope.fields:
            rows = rows.annotate(weekday=Weekday("date"))
        summed = rows.values(*scope.fields).annotate(visits=Sum("hits"), new_visitors=Sum("visitors"))
        found = summed.values_list(*scope.fields, "visits", "new_visitors")
        counts = {row[:-2]: row[-2:] for row in (found if limit is None else found[: limit + 1])}
        return TOO_MANY if limit is not None and len(counts) > limit else counts

    def _open_sums(self, open_: Period, scope: Scope) -> Summed:
        """Add up the open days: today alone, as a rule. `TOO_MANY` as for closed days."""
        key_of = _OPEN_KEYS[scope.fields]
        summed: dict[Any, tuple[int, int]] = {}
        for day, is_many in product(open_.dates(), {dimension in MANY_VALUES for dimension in scope.dimensions}):
            rows = self._open_rows(day, scope.pixels, is_many=is_many)
            if rows is None:
                return TOO_MANY
            for asked in product(scope.pixels, scope.dimensions):
                for row in rows.get(asked, ()):
                    key = key_of(row)
                    before = summed.get(key, NOTHING)
                    summed[key] = (before[0] + row[4], before[1] + row[5])
        return summed

    def _open_rows(self, day: date, pixels: tuple[int, ...], *, is_many: bool) -> OpenRows | None:
        """Return the counts of an open day by pixel and dimension; of `MANY_VALUES` or of all others, None where there
        are too many. One query for this scope, and one for each list of pixels, of which only `LISTED_DIMENSIONS` are
        read.
        """
        own = (self.pixel_id, ALL_PLATFORMS) if self.has_joined else (self.pixel_id,)
        is_own = set(pixels) <= set(own)
        key = (day, own if is_own and not is_many else pixels, is_many)
        if key not in self._open:
            rows = self._rows(key[1], Period(day, day + DAY))
            if is_many:
                rows = rows.filter(dimension__in=MANY_VALUES)[: MAX_VALUES + 1]
            elif is_own:
                rows = rows.exclude(dimension__in=MANY_VALUES)
            else:
                rows = rows.filter(dimension__in=LISTED_DIMENSIONS)
            if self.has_joined and is_own and not is_many:  # all else is asked of all platforms together
                rows = rows.filter(Q(pixel_id=ALL_PLATFORMS) | Q(dimension__in=PLATFORM_DIMENSIONS))
            found: dict[tuple[int, int], list[OpenRow]] = defaultdict(list)
            read = list(rows.values_list(*OPEN_FIELDS))
            for row in read:  # without the day: there are a thousand, and it is known
                found[row[0], row[1]].append((*row, day))
            self._open[key] = None if is_many and len(read) > MAX_VALUES else found
        return self._open[key]

    def _stamp(self, period: Period) -> Hashable:
        """Return what changes whenever anything is added to the counts of these days, or they are made anew.

        Every hit adds to one of these dimensions, or to none at all. One query, none after `prepare`.
        """
        days = period.dates()
        if not self._stamps.keys() >= set(days):
            self._read_stamps(days)
        return sum(map(self._stamps.__getitem__, days)), self.project.recounted_at

    def _read_stamps(self, days: Collection[date]) -> None:
        listed = sorted(days)
        self._stamps |= dict.fromkeys(listed, 0)
        for start in range(0, len(listed), MAX_LISTED_DAYS):
            some = counts_of(self.project, [WHOLE_PROJECT], listed[start : start + MAX_LISTED_DAYS])
            sums = some.filter(dimension__in=STAMPING).values("date").annotate(all_hits=Sum("hits"))
            self._stamps |= dict(sums.values_list("date", "all_hits"))

    def _clipped(self, period: Period) -> Period:
        """Return a long period without the days before the first: no address makes us look for those."""
        if period.days <= MAX_LISTED_DAYS:
            return period
        return Period(min(max(period.start, self._first_day), period.end), period.end)

    @cached_property
    def _first_day(self) -> date:
        """Return the first day that anything was counted on. One query, the head of the key."""
        days = DailyCount.objects.filter(project=self.project).order_by("date", "pixel_id", "dimension")
        return days.values_list("date", flat=True).first() or self.today

    @property
    def has_joined(self) -> bool:
        """Whether there are counts of this scope without platforms."""
        return self.pixel_id == WHOLE_PROJECT and self.platform is None

    def _rows(self, pixels: Collection[int], period: Period) -> QuerySet[DailyCount]:
        rows = counts_of(self.project, pixels, period.dates())
        if self.platform is None or ALL_PLATFORMS in pixels:
            return rows
        return rows.filter(platform=self.platform)


class RollupSource:
    """The visits of a period, answered from the counts."""

    def __init__(self, rollup: Rollup, period: Period) -> None:
        self.period = period
        self._rollup = rollup

    def platform_days(self) -> list[PlatformDay]:
        """Return the visits by day and platform; by hour and platform too where the trend is by hour. One query."""
        return self._platform_days(self.period)

    def last_day_hours(self) -> list[PlatformDay]:
        """Return the visits of the last day by hour and platform. One query."""
        last_day = Period(self.period.last_day, self.period.end, unit=Bucket.HOUR)
        return [row for row in self._platform_days(last_day) if row.dimension == Dimension.HOUR]

    def _platform_days(self, period: Period) -> list[PlatformDay]:
        dimensions = [Dimension.TOTAL, Dimension.HOUR] if period.bucket is Bucket.HOUR else [Dimension.TOTAL]
        found = self._rollup.summed(period, dimensions, ("dimension", "date", "platform", "value"))
        return [PlatformDay._make((*key, *counts)) for key, counts in found.items()]

    def value_counts(self, dimensions: Collection[Dimension], limit: int, offset: int = 0) -> list[ValueCount]:
        """Return the most frequent values of each dimension, `limit` after the first `offset`. One or two queries."""
        found = self._rollup.summed(self.period, dimensions, ("dimension", "value"), is_joined=True, limit=MAX_VALUES)
        if found is TOO_MANY:
            return self._rollup.ranked(self.period, frozenset(dimensions), limit, offset)
        values = sums_of((dimension, value, *counts) for (dimension, value), counts in found.items()).values
        return [count for counts in values.values() for count in counts[offset : offset + limit]]

    def week(self) -> Counter[tuple[int, str]]:
        """Return the visits by weekday, 0 for Monday, and hour. One query."""
        found = self._rollup.summed(self.period, [Dimension.HOUR], ("weekday", "value"), is_joined=True)
        return Counter({((weekday - 1) % 7, hour): visits for (weekday, hour), (visits, _) in found.items()})

    def evidence(self) -> dict[str, set[str]]:
        """Return what told each platform of a project, as labels of Evidence; nothing for a pixel. One query."""
        told: dict[str, set[str]] = {}
        for platform, evidence in self._rollup.summed(self.period, [Dimension.EVIDENCE], ("platform", "value")):
            told.setdefault(platform, set()).add(evidence)
        return told

    def platform_values(self, dimensions: Collection[Dimension]) -> list[tuple[str, int, str, int]]:
        """Return platform, dimension, value and hits of every value on every platform. One query."""
        found = self._rollup.summed(self.period, dimensions, ("platform", "dimension", "value"))
        return [(*key, visits) for key, (visits, _) in found.items()]

    def sums(self, dimensions: Collection[Dimension], *, with_pixels: bool) -> Sums:
        """Return the visits by every value of dimensions that have few, and those by pixel. One query.

        On one platform two more, and only of the `MAX_CANDIDATES` pixels that are visited most on all of them.
        """
        asked = [*dimensions, *BY_PIXEL] if with_pixels and self._rollup.has_joined else dimensions
        found = self._values(asked)
        if not with_pixels or self._rollup.has_joined:
            return found
        of_project = self._values(BY_PIXEL, pixels=[ALL_PLATFORMS]).pixels
        candidates = sorted(of_project, key=lambda pixel: (-of_project[pixel].visits, pixel))
        on_platform = self._on_platform(candidates[:MAX_CANDIDATES])
        return Sums(found.values, on_platform, looked_at=MAX_CANDIDATES if len(candidates) > MAX_CANDIDATES else 0)

    def _values(self, dimensions: Collection[Dimension], *, pixels: Sequence[int] = ()) -> Sums:
        found = self._rollup.summed(self.period, dimensions, ("dimension", "value"), pixels=pixels, is_joined=True)
        return sums_of((dimension, value, *counts) for (dimension, value), counts in found.items())

    def _on_platform(self, pixels: Sequence[int]) -> dict[int, PixelTotal]:
        totals: dict[int, PixelTotal] = defaultdict(PixelTotal)
        if not pixels:
            return totals
        dimensions = (Dimension.TOTAL, Dimension.POSITION)
        found = self._rollup.summed(self.period, dimensions, ("pixel_id", "dimension", "value"), pixels=pixels)
        for (pixel_id, dimension, value), (visits, visitors) in found.items():
            if dimension == Dimension.TOTAL:
                totals[pixel_id].add(Dimension.PIXEL, visits, visitors)
            elif self._rollup.platform not in lazy_platforms():
                totals[pixel_id].add(Dimension.STARTED if value == START else Dimension.FINISHED, visits, visitors)
        return totals

    def pixel_days(self, pixels: Sequence[int]) -> dict[int, Counter[date]]:
        """Return the visits of each of the pixels by day. One query."""
        return self._of_each(pixels, "date")

    def pixel_platforms(self, pixels: Sequence[int]) -> dict[int, Counter[str]]:
        """Return the visits of each of the pixels by platform. One query."""
        return self._of_each(pixels, "platform")

    def _of_each(self, pixels: Sequence[int], field: str) -> dict[int, Counter[Any]]:
        counts: dict[int, Counter[Any]] = defaultdict(Counter)
        if not pixels:
            return counts
        found = self._rollup.summed(self.period, [Dimension.TOTAL], ("pixel_id", field), pixels=pixels)
        for (pixel_id, key), (visits, _) in found.items():
            counts[pixel_id][key] += visits
        return counts

    def reading(self) -> Reading:
        """Return how many began and how many finished of one pixel; nothing where no end was seen. One query."""
        total = PixelTotal()
        for platform, _, value, hits in self.platform_values([Dimension.POSITION]):
            if platform not in lazy_platforms():
                total.add(Dimension.STARTED if value == START else Dimension.FINISHED, hits, 0)
        return read_through([total])


_OPEN_KEYS: dict[tuple[str, ...], Callable[[OpenRow], tuple[Any, ...]]] = {
    ("dimension", "date", "platform", "value"): itemgetter(1, 6, 2, 3),
    ("dimension", "value"): itemgetter(1, 3),
    ("platform", "value"): itemgetter(2, 3),
    ("platform", "dimension", "value"): itemgetter(2, 1, 3),
    ("weekday", "value"): lambda row: (row[6].isoweekday() % 7, row[3]),
    ("pixel_id", "date"): itemgetter(0, 6),
    ("pixel_id", "platform"): itemgetter(0, 2),
    ("pixel_id", "dimension", "value"): itemgetter(0, 1, 3),
}


def _joined(closed: Mapping[Any, tuple[int, int]], today: Mapping[Any, tuple[int, int]]) -> dict[Any, tuple[int, int]]:
    joined = dict(closed)
    for key, (visits, visitors) in today.items():
        before = joined.get(key)
        joined[key] = (visits + before[0], visitors + before[1]) if before else (visits, visitors)
    return joined
