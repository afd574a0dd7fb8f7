"""Visits answered from the daily counts.

The sums of closed days are remembered between views (`closed_days`), the rows of open days are read for each view
(`open_days`), and values that are too many for both are ranked in the database (`ranking`).
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from functools import cached_property

from collector.models import DailyCount, Dimension, Project
from collector.models.counts import ALL_PLATFORMS, WHOLE_PROJECT
from dashboard.visits.closed_days import ClosedDays, Stamps
from dashboard.visits.open_days import OpenDays
from dashboard.visits.periods import Bucket, Period
from dashboard.visits.queries import MAX_LISTED_DAYS
from dashboard.visits.ranking import rank_values
from dashboard.visits.readings import (
    FEWEST_AT_ONCE,
    READING_DIMENSIONS,
    Reading,
    add_reading,
    readings_by_platform,
    whole_reading,
    whole_readings,
)
from dashboard.visits.results import (
    BY_PIXEL,
    PixelTotal,
    PlatformDay,
    PlatformValue,
    ReadThrough,
    Sums,
    Total,
    ValueCount,
    ValueKey,
    WeekHour,
    read_through,
    sums_of,
)
from dashboard.visits.rollup_scope import (
    Grouping,
    GroupKey,
    PixelDayKey,
    PixelReadingKey,
    PlatformDayKey,
    PlatformValueKey,
    RollupScope,
    WeekHourKey,
)

MAX_VALUES = 20_000  # at most are added up and ranked in Python for one question, over all its dimensions
MAX_CANDIDATES = 500  # articles that are considered on one platform


class Rollup:
    """The counts of a project or of one of its pixels, on one platform or on all; makes a source for each period.

    `today` is the first day that is not over in the project's time zone. The sources of a rollup share what they read
    of open days, and the stamps that tell whether remembered sums are still valid.
    """

    def __init__(
        self,
        project: Project,
        pixel_id: int = WHOLE_PROJECT,
        platform: str | None = None,
        *,
        today: date,
    ) -> None:
        self.scope = RollupScope(project, pixel_id, platform)
        self._today = today
        self._stamps = Stamps(project)
        self._closed_days = ClosedDays(self.scope, self._stamps)
        self._open_days = OpenDays(self.scope, MAX_VALUES)

    def prepare(self, *periods: Period) -> None:
        """Read the stamps of the closed days of all these periods at once. One query."""
        days = {day for period in periods for day in self._clipped(period).dates()}
        self._stamps.read({day for day in days if day < self._today})

    def over(self, period: Period) -> "RollupSource":
        """Return the source for a period."""
        return RollupSource(self, period)

    def sums(
        self, period: Period, grouping: Grouping[GroupKey], limit: int | None = None
    ) -> Mapping[GroupKey, Total] | None:
        """Add up visits and visitors by the grouping's key; None where there are more than `limit` keys.

        A query for the closed days where they are not remembered, and one for all that a view needs of the open ones.
        """
        period = self._clipped(period)
        closed_end = max(period.start, min(period.end, self._today))
        closed_sums = self._closed_days.sums(Period(period.start, closed_end), grouping, limit)
        if closed_sums is None or closed_end == period.end:
            return closed_sums
        open_sums = self._open_days.sums(Period(closed_end, period.end), grouping)
        return None if open_sums is None else _merged(closed_sums, open_sums)

    def ranked(self, period: Period, dimensions: Collection[Dimension], *, limit: int, offset: int) -> list[ValueCount]:
        """Rank values in the database, as `rank_values` does."""
        return rank_values(self.scope, self._stamps, self._clipped(period), dimensions, limit=limit, offset=offset)

    def _clipped(self, period: Period) -> Period:
        """Return a long period without the days before the first count, so that an early start date costs nothing."""
        if period.days <= MAX_LISTED_DAYS:
            return period
        return Period(min(max(period.start, self._first_day), period.end), period.end)

    @cached_property
    def _first_day(self) -> date:
        """Return the first day that anything was counted on. One query, the head of the key."""
        days = DailyCount.objects.filter(project=self.scope.project).order_by("date", "pixel_id", "dimension")
        return days.values_list("date", flat=True).first() or self._today


class RollupSource:
    """The visits of a period, answered from the counts."""

    def __init__(self, rollup: Rollup, period: Period) -> None:
        self.period = period
        self._rollup = rollup
        self._scope = rollup.scope

    def platform_days(self) -> list[PlatformDay]:
        """Return the visits by day and platform; by hour and platform too where the trend is by hour. One query."""
        return self._platform_days(self.period)

    def last_day_hours(self) -> list[PlatformDay]:
        """Return the visits of the last day by hour and platform. One query."""
        last_day = Period(self.period.last_day, self.period.end, unit=Bucket.HOUR)
        return [row for row in self._platform_days(last_day) if row.dimension == Dimension.HOUR]

    def value_counts(self, dimensions: Collection[Dimension], limit: int, offset: int = 0) -> list[ValueCount]:
        """Return the most frequent values of each dimension, `limit` after the first `offset`. One or two queries."""
        grouping = Grouping((self._scope.pixel_id_across_platforms,), frozenset(dimensions), ValueKey)
        totals = self._rollup.sums(self.period, grouping, MAX_VALUES)
        if totals is None:
            return self._rollup.ranked(self.period, dimensions, limit=limit, offset=offset)
        ranked = sums_of(totals).values.values()
        return [count for counts in ranked for count in counts[offset : offset + limit]]

    def week(self) -> Counter[WeekHour]:
        """Return the visits by weekday and hour. One query."""
        week: Counter[WeekHour] = Counter()
        totals = self._totals([self._scope.pixel_id_across_platforms], [Dimension.HOUR], WeekHourKey)
        for key, total in totals.items():
            week[WeekHour((key.weekday - 1) % 7, key.value)] = total.visits
        return week

    def evidence(self) -> dict[str, set[str]]:
        """Return what named each platform of a project, as labels of `Evidence`; empty for a pixel. One query."""
        evidence: dict[str, set[str]] = defaultdict(set)
        for row in self.platform_values([Dimension.EVIDENCE]):
            evidence[row.platform].add(row.value)
        return evidence

    def platform_values(self, dimensions: Collection[Dimension]) -> list[PlatformValue]:
        """Return the hits of every value on every platform. One query."""
        totals = self._totals([self._scope.pixel_id], dimensions, PlatformValueKey)
        return [PlatformValue(*key, total.visits) for key, total in totals.items()]

    def sums(self, dimensions: Collection[Dimension], *, with_pixels: bool) -> Sums:
        """Return the visits by every value of dimensions that have few values, and by pixel. One query.

        One more where the ends of articles were loaded at once. Two more on one platform, and only the `MAX_CANDIDATES`
        pixels with most visits on all platforms are considered.
        """
        has_pixels = with_pixels and self._scope.has_all_platforms
        own_dimensions = [*dimensions, *BY_PIXEL] if has_pixels else dimensions
        sums = sums_of(self._totals([self._scope.pixel_id_across_platforms], own_dimensions, ValueKey))
        if has_pixels:
            self._leave_out_platforms_at_once(sums.pixels)
        if has_pixels or not with_pixels:
            return sums
        of_project = sums_of(self._totals([ALL_PLATFORMS], BY_PIXEL, ValueKey)).pixels
        candidates = sorted(of_project, key=lambda pixel_id: (-of_project[pixel_id].visits, pixel_id))
        pixels = self._pixels_on_platform(candidates[:MAX_CANDIDATES])
        return Sums(sums.values, pixels, candidates=MAX_CANDIDATES if len(candidates) > MAX_CANDIDATES else 0)

    def pixel_days(self, pixels: Sequence[int]) -> dict[int, Counter[date]]:
        """Return the visits of each of the pixels by day. One query."""
        by_pixel: dict[int, Counter[date]] = defaultdict(Counter)
        for key, total in self._totals(pixels, [Dimension.TOTAL], PixelDayKey).items():
            by_pixel[key.pixel_id][key.date] += total.visits
        return by_pixel

    def pixel_platforms(self, pixels: Sequence[int]) -> dict[int, Counter[str]]:
        """Return the visits of each of the pixels by platform. One query."""
        by_pixel: dict[int, Counter[str]] = defaultdict(Counter)
        for key, total in self._visits_and_times(pixels).items():
            if key.dimension == Dimension.TOTAL:
                by_pixel[key.pixel_id][key.platform] += total.visits
        return by_pixel

    def pixel_readings(self, pixels: Sequence[int]) -> dict[int, Reading]:
        """Return how long each of the pixels is read, without its starts. One query, which `pixel_platforms` shares."""
        return _whole_readings(self._visits_and_times(pixels))

    def read_through(self) -> ReadThrough:
        """Return the read-through of one pixel. One query."""
        total = PixelTotal()
        add_reading(total, whole_reading(readings_by_platform(self.platform_values(READING_DIMENSIONS))))
        return read_through([total])

    def _platform_days(self, period: Period) -> list[PlatformDay]:
        dimensions = [Dimension.TOTAL, Dimension.HOUR] if period.bucket is Bucket.HOUR else [Dimension.TOTAL]
        totals = self._totals([self._scope.pixel_id], dimensions, PlatformDayKey, period)
        return [PlatformDay(*key, *total) for key, total in totals.items()]

    def _pixels_on_platform(self, pixel_ids: Sequence[int]) -> dict[int, PixelTotal]:
        pixels: dict[int, PixelTotal] = defaultdict(PixelTotal)
        totals = self._totals(pixel_ids, [Dimension.TOTAL, *READING_DIMENSIONS], PixelReadingKey)
        for key, total in totals.items():
            if key.dimension == Dimension.TOTAL:
                pixels[key.pixel_id].add(Dimension.PIXEL, total.visits, total.visitors)
        for pixel_id, reading in _whole_readings(totals).items():
            add_reading(pixels[pixel_id], reading)
        return pixels

    def _visits_and_times(self, pixel_ids: Sequence[int]) -> Mapping[PixelReadingKey, Total]:
        return self._totals(pixel_ids, [Dimension.TOTAL, Dimension.READING], PixelReadingKey)

    def _leave_out_platforms_at_once(self, pixels: Mapping[int, PixelTotal]) -> None:
        """Leave out, of each article, the platforms that show its end at once. One query, none without such ends.

        Only the `MAX_CANDIDATES` articles with most ends at once are considered. In all others, and in all smaller
        numbers, single visits are left out (`read_through`), which is nearly the same.
        """
        suspects = [pixel_id for pixel_id, total in pixels.items() if total.at_once >= FEWEST_AT_ONCE]
        suspects.sort(key=lambda pixel_id: (-pixels[pixel_id].at_once, pixel_id))
        totals = self._totals(suspects[:MAX_CANDIDATES], READING_DIMENSIONS, PixelReadingKey)
        for pixel_id, reading in _whole_readings(totals).items():
            add_reading(pixels[pixel_id], reading)

    def _totals(
        self,
        pixel_ids: Collection[int],
        dimensions: Collection[Dimension],
        key: type[GroupKey],
        period: Period | None = None,
    ) -> Mapping[GroupKey, Total]:
        """Add up the counts of these pixels by `key`. No query without pixels."""
        if not pixel_ids:
            return {}
        # Sorted, so that a list in another order is remembered as well.
        grouping = Grouping(tuple(sorted(pixel_ids)), frozenset(dimensions), key)
        return self._rollup.sums(period or self.period, grouping) or {}


def _whole_readings(totals: Mapping[PixelReadingKey, Total]) -> dict[int, Reading]:
    """Return how each article is read."""
    return whole_readings(
        (key.pixel_id, PlatformValue(key.platform, key.dimension, key.value, total.visits))
        for key, total in totals.items()
    )


def _merged(closed_sums: Mapping[GroupKey, Total], open_sums: Mapping[GroupKey, Total]) -> Mapping[GroupKey, Total]:
    merged = dict(closed_sums)
    for key, total in open_sums.items():
        closed = closed_sums.get(key)
        merged[key] = total if closed is None else closed.plus(*total)
    return merged
