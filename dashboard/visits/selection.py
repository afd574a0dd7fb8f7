"""The choice between the two sources of visits: the rollup, or raw hits where filters need them."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import date, datetime

from collector.models import Project
from collector.models.counts import WHOLE_PROJECT
from dashboard.visits.filters import Filters
from dashboard.visits.from_hits import RawHitSource, kept_since, read_raw_hits
from dashboard.visits.hit_groups import FIGURE_COLUMNS
from dashboard.visits.periods import DAY, EARLIEST, Bucket, Period
from dashboard.visits.rollup import Rollup
from dashboard.visits.source import VisitSource

MAX_READ = 1_000_000  # visits whose raw hits a filter may search


@dataclass(frozen=True, slots=True)
class Selection:
    """The sources for a period and for the earlier one it is compared with, None where nothing is compared.

    `current.period` is the part of the requested period that can be answered. `hits_kept_since` is the first day whose
    raw hits are all kept, None where the rollup answers. `lacks_earlier` says that too few are kept to compare.
    """

    current: VisitSource
    earlier: VisitSource | None
    hits_kept_since: date | None = None
    lacks_earlier: bool = False


def select_sources(
    project: Project, filters: Filters, period: Period, earlier: Period | None, now: datetime, *, compares: bool
) -> Selection:
    """Choose what answers for `period` and, if the view `compares`, for `earlier`: raw hits if filters need them.

    One query for the rollup, which reads the stamps of both periods at once. For raw hits those of `read_raw_hits` for
    each period, and up to four to find out how many hits there are.
    """
    pixel_id = filters.pixel_id or WHOLE_PROJECT
    today = now.astimezone(project.zone).date()
    if not filters.need_hits:
        rollup = Rollup(project, pixel_id, filters.platform, today=today)
        rollup.prepare(*filter(None, [period, earlier]))
        return Selection(rollup.over(period), rollup.over(earlier) if earlier else None)
    hits_kept_since = kept_since(project, now)
    since = max(hits_kept_since, _readable_since(project, period, today))
    current = read_raw_hits(project, pixel_id, filters, period, since=since)
    if current.period.start > period.start:
        return Selection(current, None, hits_kept_since, lacks_earlier=earlier is not None)
    if not compares:
        return Selection(current, None, hits_kept_since)
    earlier_source = _earlier_source(project, pixel_id, filters, earlier, since)
    return Selection(
        current, earlier_source, hits_kept_since, lacks_earlier=earlier_source is None and earlier is not None
    )


def _readable_since(project: Project, period: Period, today: date) -> date:
    """Return the first day whose raw hits may be read: those of the newest `MAX_READ` visits, at least of one day."""
    visits_by_day: Counter[date] = Counter()
    for row in Rollup(project, today=today).over(replace(period, unit=Bucket.DAY)).platform_days():
        visits_by_day[row.date] += row.visits
    visits = 0
    for day in sorted(visits_by_day, reverse=True):
        visits += visits_by_day[day]
        if visits > MAX_READ:
            return min(day + DAY, period.last_day)
    return EARLIEST


def _earlier_source(
    project: Project, pixel_id: int, filters: Filters, earlier: Period | None, since: date
) -> RawHitSource | None:
    """Return a source for the whole earlier period, None if some of its raw hits are deleted or too many.

    It answers only what a comparison asks: figures, days and hours.
    """
    if earlier is None or earlier.start < since:
        return None
    source = read_raw_hits(project, pixel_id, filters, earlier, since=since, columns=FIGURE_COLUMNS)
    return source if source.period == earlier else None
