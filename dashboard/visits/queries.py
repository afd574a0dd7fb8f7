"""What the dashboard asks the database: short scans of `DailyCount`, one for each day, of one project and one pixel.

Pages cost the same at a thousand hits and at a hundred million: counts grow with days and distinct values only. Days
are listed one by one, for the table's key has them before the pixel: a range of them would read every pixel's counts.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple

from django.db.models import BigIntegerField, QuerySet
from django.db.models.functions import Cast
from django.utils import timezone

from collector.models import DailyCount, Dimension, Hit, Pixel, Project
from collector.models.counts import ALL_PLATFORMS, WHOLE_PROJECT
from collector.storage.countable import is_visit
from dashboard.visits.periods import DAY, Period

MAX_LISTED_DAYS = 1_500  # in a statement


def first_day(project: Project, pixel_id: int = WHOLE_PROJECT) -> date | None:
    """Return the first day that a visit of the project was counted on; one query, the head of an index.

    Of a single pixel, the first day that it was visited on; one more query.
    """
    totals = DailyCount.objects.filter(project=project, dimension=Dimension.TOTAL)
    first: date | None = totals.filter(pixel_id=WHOLE_PROJECT).order_by("date").values_list("date", flat=True).first()
    if pixel_id == WHOLE_PROJECT or first is None:
        return first
    return min((day for day, _, _ in lifetime(project, pixel_id, first)), default=None)


def lifetime(project: Project, pixel_id: int, since: date) -> list[tuple[date, str, int]]:
    """Return day, platform and visits of a pixel's whole life, from the project's first day on. One query."""
    today = timezone.localdate(timezone=project.zone)
    days = Period(since, max(since, today) + DAY).dates()
    # The days and not their minimum: for that PostgreSQL would walk the index from its first day on, past all pixels.
    totals = counts_of(project, [pixel_id], days).filter(dimension=Dimension.TOTAL)
    return list(totals.values_list("date", "platform", "hits"))


class ProjectDay(NamedTuple):
    """All visits of one project on one day, on one platform."""

    project_id: int
    date: date
    platform: str
    visits: int


def project_days(projects: Collection[Project], days: Sequence[date]) -> list[ProjectDay]:
    """Return the visits of each project on each of the days. One query, a short scan for a project and a day."""
    rows = DailyCount.objects.filter(
        project__in=[project.pk for project in projects],
        date__in=days,
        pixel_id=WHOLE_PROJECT,
        dimension=Dimension.TOTAL,
    )
    return [ProjectDay(*row) for row in rows.values_list("project_id", "date", "platform", "hits")]


def visited_pixels(projects: Collection[Project], days: Sequence[date]) -> QuerySet[DailyCount, int]:
    """Return the pixels that were visited on any of the days, to be looked up in another query."""
    rows = DailyCount.objects.filter(
        project__in=[project.pk for project in projects],
        date__in=days,
        pixel_id=ALL_PLATFORMS,
        dimension=Dimension.PIXEL,
    )
    return rows.annotate(pixel=Cast("value", BigIntegerField())).values_list("pixel", flat=True)


def visited_days(pixels: Collection[Pixel], days: Sequence[date]) -> Mapping[int, list[date]]:
    """Return on which of the days each pixel was visited, in order. One query."""
    rows = DailyCount.objects.filter(
        project__in={pixel.project_id for pixel in pixels},
        date__in=days,
        pixel_id=ALL_PLATFORMS,
        dimension=Dimension.PIXEL,
        value__in=[str(pixel.pk) for pixel in pixels],
    )
    visited: dict[int, list[date]] = defaultdict(list)
    for value, day in rows.order_by("date").values_list("value", "date"):
        visited[int(value)].append(day)
    return visited


def recent_visits(project: Project, pixel_id: int | None, since: datetime, limit: int) -> tuple[list[datetime], bool]:
    """Return when the visits since a moment were, newest first, and whether there may be more of them. One query.

    Looks at the newest `limit` hits of the project: those that are set aside in a flood are hits as well.
    """
    hits = Hit.objects.filter(project=project, at__gte=since).order_by("-at")
    newest = list(hits.values_list("at", "pixel_id", "position", "verdict", "traffic")[:limit])
    moments = [at for at, of_pixel, *facts in newest if pixel_id in {None, of_pixel} and is_visit(*facts)]
    return moments, len(newest) == limit


def counts_of(project: Project, pixels: Collection[int], days: Collection[date]) -> QuerySet[DailyCount]:
    """Return the counts of scopes or pixels on each of the days; on all days between them where they are too many."""
    counts = DailyCount.objects.filter(project=project, pixel_id__in=pixels)
    if len(days) > MAX_LISTED_DAYS:
        return counts.filter(date__gte=min(days), date__lte=max(days))
    return counts.filter(date__in=days)
