"""The sums of closed days: read once, then remembered until anything is added to the counts of these days."""

from collections.abc import Collection, Hashable, Mapping
from datetime import date
from typing import Any, NamedTuple

from django.db.models import Func, IntegerField, Sum

from collector.models import Dimension, Project
from collector.models.counts import WHOLE_PROJECT
from dashboard.visits.cache import REMEMBERED
from dashboard.visits.periods import Period
from dashboard.visits.queries import MAX_LISTED_DAYS, counts_of
from dashboard.visits.results import Total
from dashboard.visits.rollup_scope import Grouping, GroupKey, RollupScope

KEY_WEIGHT = 8  # of a key of the cache without its pixel ids; each id and each remembered row weighs 1
STAMP_DIMENSIONS = (Dimension.POSITION, Dimension.TRAFFIC, Dimension.VERDICT)


class Weekday(Func):
    """The day of the week of a date, 0 for Sunday. Django's own would call Python for each row of SQLite."""

    output_field = IntegerField()
    template = "EXTRACT(DOW FROM %(expressions)s)::int"

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        return self.as_sql(compiler, connection, template="CAST(strftime('%%%%w', %(expressions)s) AS int)", **extra)


class ClosedSums(NamedTuple):
    """An entry of the cache: visits and visitors by a grouping's key, None where there were too many keys."""

    by_key: Mapping[Any, Total] | None


class Stamps:
    """Tells whether the counts of a project have changed, by a number for each day. Read once for a view."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._hits_by_day: dict[date, int] = {}

    def of(self, days: Collection[date]) -> Hashable:
        """Return a value that changes whenever the counts of these days are added to or rebuilt.

        Every hit adds to one of `STAMP_DIMENSIONS`, or to no dimension at all. One query, none after `read`.
        """
        if not self._hits_by_day.keys() >= set(days):
            self.read(days)
        return sum(map(self._hits_by_day.__getitem__, days)), self._project.recounted_at

    def read(self, days: Collection[date]) -> None:
        """Read the stamps of these days. One query, more for thousands of days."""
        listed = sorted(days)
        self._hits_by_day |= dict.fromkeys(listed, 0)
        for start in range(0, len(listed), MAX_LISTED_DAYS):
            counts = counts_of(self._project, [WHOLE_PROJECT], listed[start : start + MAX_LISTED_DAYS])
            sums = counts.filter(dimension__in=STAMP_DIMENSIONS).values("date").annotate(all_hits=Sum("hits"))
            self._hits_by_day |= dict(sums.values_list("date", "all_hits"))


class ClosedDays:
    """Adds up days that are over in the project's time zone."""

    def __init__(self, scope: RollupScope, stamps: Stamps) -> None:
        self._scope = scope
        self._stamps = stamps

    def sums(self, closed: Period, grouping: Grouping[GroupKey], limit: int | None) -> Mapping[GroupKey, Total] | None:
        """Return visits and visitors by the grouping's key; None where there are more than `limit` keys.

        One query, none where they are remembered.
        """
        scope = self._scope
        platform = scope.platform_of(grouping.pixel_ids)
        days = closed.dates()
        key = (scope.project.pk, platform, grouping, limit, closed.start, closed.end, self._stamps.of(days))
        closed_sums: ClosedSums | None = REMEMBERED.get(key)
        if closed_sums is None:
            closed_sums = ClosedSums(self._read(days, grouping, limit))
            REMEMBERED.put(key, closed_sums, KEY_WEIGHT + len(grouping.pixel_ids) + len(closed_sums.by_key or ()))
        return closed_sums.by_key

    def _read(
        self, days: Collection[date], grouping: Grouping[GroupKey], limit: int | None
    ) -> Mapping[GroupKey, Total] | None:
        columns, make_key = grouping.key._fields, grouping.key._make
        rows = self._scope.rows(grouping.pixel_ids, days).filter(dimension__in=grouping.dimensions)
        if "weekday" in columns:
            rows = rows.annotate(weekday=Weekday("date"))
        groups = rows.values(*columns).annotate(visits=Sum("hits"), new_visitors=Sum("visitors"))
        counts = groups.values_list(*columns, "visits", "new_visitors")
        if limit is not None:
            counts = counts[: limit + 1]
        sums = {make_key(fields): Total(visits, visitors) for *fields, visits, visitors in counts}
        return None if limit is not None and len(sums) > limit else sums
