"""Which daily counts a rollup adds up, and what it groups them by."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Generic, NamedTuple, TypeVar

from django.db.models import QuerySet

from collector.models import DailyCount, Dimension, Project
from collector.models.counts import ALL_PLATFORMS, WHOLE_PROJECT
from dashboard.visits.queries import counts_of

GroupKey = TypeVar("GroupKey", bound=NamedTuple)


@dataclass(frozen=True, slots=True)
class RollupScope:
    """The counts of a project or of one of its pixels, on one platform or, where that is None, on all."""

    project: Project
    pixel_id: int
    platform: str | None

    @property
    def has_all_platforms(self) -> bool:
        """Whether there are counts of this scope for all platforms together, under `ALL_PLATFORMS`."""
        return self.pixel_id == WHOLE_PROJECT and self.platform is None

    @property
    def pixel_id_across_platforms(self) -> int:
        """Return the pixel id to read where platforms don't matter: it has fewer rows."""
        return ALL_PLATFORMS if self.has_all_platforms else self.pixel_id

    def platform_of(self, pixel_ids: Collection[int]) -> str | None:
        """Return the platform that the rows of these pixels are filtered by; under `ALL_PLATFORMS` there is none."""
        return None if ALL_PLATFORMS in pixel_ids else self.platform

    def rows(self, pixel_ids: Collection[int], days: Collection[date]) -> QuerySet[DailyCount]:
        """Return the counts of these pixels on the days, on the scope's platform."""
        rows = counts_of(self.project, pixel_ids, days)
        platform = self.platform_of(pixel_ids)
        return rows if platform is None else rows.filter(platform=platform)


class Grouping(NamedTuple, Generic[GroupKey]):
    """Which counts to add up, and by what. The fields of `key` are the columns of the GROUP BY."""

    pixel_ids: tuple[int, ...]
    dimensions: frozenset[Dimension]
    key: type[GroupKey]


# Each is a key of a `Grouping`. `OpenRow` has all their fields.


class PlatformDayKey(NamedTuple):
    dimension: int
    date: date
    platform: str
    value: str


class PlatformValueKey(NamedTuple):
    platform: str
    dimension: int
    value: str


class PixelDayKey(NamedTuple):
    pixel_id: int
    date: date


class PixelReadingKey(NamedTuple):
    pixel_id: int
    platform: str
    dimension: int
    value: str


class WeekHourKey(NamedTuple):
    weekday: int  # 0 for Sunday, as both databases have it
    value: str
