"""Queries of the daily counts that need no period or filter: first days, whole lives, and days of many projects.

A view costs the same at a thousand hits and at a hundred million, because counts grow with days and distinct values
only. Queries list their days one by one: the table's key has the day before the pixel, so a range of days would read
the counts of every pixel.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple

from django.db import connection
from django.db.models import BigIntegerField, Q, QuerySet
from django.db.models.functions import Cast
from django.utils import timezone

from collector.models import DailyCount, Dimension, Hit, Pixel, Project
from collector.models.counts import ALL_PLATFORMS, WHOLE_PROJECT
from collector.storage.bulk_sql import chunks
from collector.storage.countable import VISITS
from collector.storage.moments import EpochSecond
from dashboard.visits.periods import DAY, Period

MAX_LISTED_DAYS = 1_500  # in one statement
HEADS = 400  # in one statement. SQLite joins at most 500 (sqlite.org, Limits In SQLite, 4)


def first_day(project: Project, pixel_id: int = WHOLE_PROJECT) -> date | None:
    """Return the first day on which a visit of the project was counted. One query, the head of an index.

    For a single pixel, return the first day on which it was visited. One more query.
    """
    totals = DailyCount.objects.filter(project=project, dimension=Dimension.TOTAL)
    first: date | None = totals.filter(pixel_id=WHOLE_PROJECT).order_by("date").values_list("date", flat=True).first()
    if pixel_id == WHOLE_PROJECT or first is None:
        return first
    return min((row.date for row in lifetime(project, pixel_id, first)), default=None)


class LifetimeDay(NamedTuple):
    """The visits of one pixel on one day, on one platform."""

    date: date
    platform: str
    visits: int


def lifetime(project: Project, pixel_id: int, since: date) -> list[LifetimeDay]:
    """Return the visits of a pixel's whole life. `since` is the project's first day. One query."""
    today = timezone.localdate(timezone=project.zone)
    days = Period(since, max(since, today) + DAY).dates()
    # All days are read, not only the first: for a minimum PostgreSQL would walk the index past the rows of all pixels.
    totals = counts_of(project, [pixel_id], days).filter(dimension=Dimension.TOTAL)
    return [LifetimeDay(*row) for row in totals.values_list("date", "platform", "hits")]


class ListedProject(NamedTuple):
    """A project, and the first day on which a visit of it was counted."""

    project: Project
    first_day: date | None


# The head of an index for each project. A subquery in the list of projects would be shorter, but Citus can't run it.
_FIRST_DAY = f"""
    SELECT project_id, date FROM (
        SELECT project_id, date FROM collector_dailycount
        WHERE project_id = %s AND pixel_id = {WHOLE_PROJECT} AND dimension = {int(Dimension.TOTAL)}
        ORDER BY date LIMIT 1
    ) AS head
"""  # noqa: S608 - our own numbers


def with_first_day(projects: QuerySet[Project]) -> list[ListedProject]:
    """Return projects with their first days. One query, and one for each `HEADS` projects."""
    listed = list(projects)
    first_days: dict[int, date] = {}
    for ids in chunks([project.pk for project in listed], HEADS):
        with connection.cursor() as cursor:
            cursor.execute("/* queries.first_days */" + " UNION ALL ".join([_FIRST_DAY] * len(ids)), ids)
            first_days |= {project_id: _date(day) for project_id, day in cursor.fetchall()}
    return [ListedProject(project, first_days.get(project.pk)) for project in listed]


def _date(value: date | str) -> date:
    """Return a date as SQLite and PostgreSQL give it."""
    return date.fromisoformat(value) if isinstance(value, str) else value


class ProjectDay(NamedTuple):
    """The visits of one project on one day: on one platform, or in one `hour` of it on all platforms."""

    project_id: int
    date: date
    platform: str
    hour: str
    visits: int


def project_days(projects: Collection[Project], days: Sequence[date], days_by_hour: Sequence[date]) -> list[ProjectDay]:
    """Return the visits of each project on each of the days by platform, and on some days also by hour.

    One query: two short scans for each project and day.
    """
    counts = DailyCount.objects.filter(project__in=[project.pk for project in projects])
    columns = ("project_id", "date", "platform", "value", "hits")
    by_platform = counts.filter(date__in=days, pixel_id=WHOLE_PROJECT, dimension=Dimension.TOTAL)
    by_hour = counts.filter(date__in=days_by_hour, pixel_id=ALL_PLATFORMS, dimension=Dimension.HOUR)
    rows = by_platform.values_list(*columns).union(by_hour.values_list(*columns), all=True)
    return [ProjectDay(*row) for row in rows]


def visited_pixels(projects: Collection[Project], days: Sequence[date]) -> QuerySet[DailyCount, int]:
    """Return the ids of the pixels that were visited on any of the days, as a subquery."""
    rows = DailyCount.objects.filter(
        project__in=[project.pk for project in projects],
        date__in=days,
        pixel_id=ALL_PLATFORMS,
        dimension=Dimension.PIXEL,
    )
    return rows.annotate(pixel=Cast("value", BigIntegerField())).values_list("pixel", flat=True)


def visited_days(pixels: Collection[Pixel], days: Sequence[date]) -> Mapping[int, list[date]]:
    """Return the days on which each pixel was visited, in order. One query."""
    rows = DailyCount.objects.filter(
        project__in={pixel.project_id for pixel in pixels},
        date__in=days,
        pixel_id=ALL_PLATFORMS,
        dimension=Dimension.PIXEL,
        value__in=[str(pixel.pk) for pixel in pixels],
    )
    days_by_pixel: dict[int, list[date]] = defaultdict(list)
    for pixel_id, day in rows.order_by("date").values_list("value", "date"):
        days_by_pixel[int(pixel_id)].append(day)
    return days_by_pixel


class RecentVisits(NamedTuple):
    """Visits by minute, counted from the first one. `is_bounded` if there may be more of them."""

    by_minute: Mapping[int, int]
    is_bounded: bool


_RECENT_VISITS = """
    /* queries.recent_visits */
    SELECT minute, COUNT(*), SUM(CASE WHEN is_visit THEN 1 ELSE 0 END) FROM ({newest}) AS newest GROUP BY minute
"""


def recent_visits(project: Project, pixel_id: int | None, since: datetime, limit: int) -> RecentVisits:
    """Return the visits since a whole second, of one pixel or of the whole project. One query, grouped by the database.

    Only the newest `limit` hits of the project are read, because filtered-out hits take as long to read as visits.
    """
    is_visit = VISITS if pixel_id is None else VISITS & Q(pixel_id=pixel_id)
    hits = Hit.objects.filter(project=project, at__gte=since).order_by("-at")
    minute = (EpochSecond("at") - int(since.timestamp())) / 60
    newest, parameters = hits.values(minute=minute, is_visit=is_visit)[:limit].query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(_RECENT_VISITS.format(newest=newest), parameters)
        rows = cursor.fetchall()
    by_minute = {minute: visits for minute, _, visits in rows}
    return RecentVisits(by_minute, is_bounded=sum(hits for _, hits, _ in rows) == limit)


def counts_of(project: Project, pixels: Collection[int], days: Collection[date]) -> QuerySet[DailyCount]:
    """Return the counts of these pixel ids on these days; from the first to the last of them if there are too many."""
    counts = DailyCount.objects.filter(project=project, pixel_id__in=pixels)
    if len(days) > MAX_LISTED_DAYS:
        return counts.filter(date__gte=min(days), date__lte=max(days))
    return counts.filter(date__in=days)
