"""What the dashboard asks the database: short scans of `DailyCount`, one for each day, of one project and one pixel.

Pages cost the same at a thousand hits and at a hundred million: counts grow with days and distinct values only. Days
are listed one by one, for the table's key has them before the pixel: a range of them would read every pixel's counts.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from django.db.models import CharField, Count, F, IntegerField, Q, QuerySet, Sum, Window
from django.db.models.functions import Cast, RowNumber
from django.utils import timezone

from collector.models import DailyCount, Dimension, Pixel, Project
from collector.models.counts import ALL_PLATFORMS, WHOLE_PROJECT
from dashboard.periods import DAY, Bucket, Period

MAX_LISTED_DAYS = 1_500  # in a statement


class PlatformDay(NamedTuple):
    """Visits of one platform on one day, or in one hour of it. A trend has thousands: hence a tuple."""

    dimension: int
    date: date
    platform: str
    hour: str
    visits: int
    visitors: int


class ValueCount(NamedTuple):
    """Visits by one value of a dimension, and how many values that dimension has in all."""

    dimension: int
    value: str
    visits: int
    visitors: int
    values: int


@dataclass(frozen=True, slots=True)
class PixelCount:
    """One pixel with its visits in a period."""

    pixel: Pixel
    visits: int
    visitors: int


def first_day(project: Project, pixel_id: int = WHOLE_PROJECT) -> date | None:
    """Return the first day that a visit of the project was counted on; one query, the head of an index.

    Of a single pixel, the first day that it was visited on; one more query.
    """
    totals = DailyCount.objects.filter(project=project, dimension=Dimension.TOTAL)
    first: date | None = totals.filter(pixel_id=WHOLE_PROJECT).order_by("date").values_list("date", flat=True).first()
    if pixel_id == WHOLE_PROJECT or first is None:
        return first
    period = Period(first, max(first, timezone.localdate(timezone=project.zone)) + DAY)
    # The days and not their minimum: for that PostgreSQL would walk the index from its first day on, past all pixels.
    totals = _counts(project, pixel_id, period).filter(dimension=Dimension.TOTAL)
    return min(totals.values_list("date", flat=True).distinct(), default=None)


def platform_days(project: Project, pixel_id: int, period: Period) -> list[PlatformDay]:
    """Return the visits by day and platform; for a single day by hour and platform too. One query."""
    dimensions = [Dimension.TOTAL, Dimension.HOUR] if period.bucket is Bucket.HOUR else [Dimension.TOTAL]
    rows = _counts(project, pixel_id, period).filter(dimension__in=dimensions)
    fields = ("dimension", "date", "platform", "value", "hits", "visitors")
    return [PlatformDay(*row) for row in rows.values_list(*fields)]


def platform_evidence(project: Project, period: Period) -> dict[str, set[str]]:
    """Return what told each platform of a project, as labels of Evidence. One query."""
    rows = _counts(project, WHOLE_PROJECT, period).filter(dimension=Dimension.EVIDENCE)
    told: dict[str, set[str]] = {}
    for platform, evidence in rows.values_list("platform", "value").distinct():
        told.setdefault(platform, set()).add(evidence)
    return told


def value_counts(
    project: Project, pixel_id: int, period: Period, dimensions: Iterable[Dimension], limit: int
) -> list[ValueCount]:
    """Return the `limit` most frequent values of each dimension, most frequent first. One query."""
    ranked = (
        _counts(project, ALL_PLATFORMS if pixel_id == WHOLE_PROJECT else pixel_id, period)
        .filter(dimension__in=list(dimensions))
        .values("dimension", "value")
        .annotate(visits=Sum("hits"), new_visitors=Sum("visitors"))
        .annotate(
            rank=Window(RowNumber(), partition_by="dimension", order_by=[F("visits").desc(), "value"]),
            values_in_all=Window(Count("*"), partition_by="dimension"),
        )
        .filter(rank__lte=limit)
        .order_by("dimension", "rank")
    )
    fields = ("dimension", "value", "visits", "new_visitors", "values_in_all")
    return [ValueCount(*row) for row in ranked.values_list(*fields)]


def pixel_counts(project: Project, period: Period, limit: int) -> tuple[list[PixelCount], int]:
    """Return the pixels with most visits in the period, then the newest without; and how many there are in all.

    Three queries.
    """
    pixels = Pixel.objects.filter(project=project)
    ranked = (
        _counts(project, ALL_PLATFORMS, period)
        .filter(dimension=Dimension.PIXEL, value__in=pixels.order_by().values_list(Cast("pk", CharField())))
        .values("value")
        .annotate(visits=Sum("hits"), new_visitors=Sum("visitors"), pixel=Cast("value", IntegerField()))
        .order_by("-visits", "pixel")
    )
    fields = ("pixel", "visits", "new_visitors")
    counts = {pixel_id: (visits, visitors) for pixel_id, visits, visitors in ranked.values_list(*fields)[:limit]}
    live_first = F("retired_at").asc(nulls_first=True)
    shown = pixels.annotate(visited=Q(pk__in=list(counts))).order_by("-visited", live_first, "-created_at", "-pk")
    rows = [PixelCount(pixel, *counts.get(pixel.pk, (0, 0))) for pixel in shown[:limit]]
    return sorted(rows, key=lambda row: -row.visits), pixels.count()


class ProjectDay(NamedTuple):
    """All visits of one project on one day."""

    project_id: int
    date: date
    visits: int


def project_days(projects: Collection[Project], days: Sequence[date]) -> list[ProjectDay]:
    """Return the visits of each project on each of the days. One query, a short scan for a project and a day."""
    rows = (
        DailyCount.objects.filter(
            project__in=[project.pk for project in projects],
            date__in=days,
            pixel_id=WHOLE_PROJECT,
            dimension=Dimension.TOTAL,
        )
        .values("project_id", "date")
        .annotate(visits=Sum("hits"))
    )
    return [ProjectDay(*row) for row in rows.values_list("project_id", "date", "visits")]


def _counts(project: Project, pixel_id: int, period: Period) -> QuerySet[DailyCount]:
    counts = DailyCount.objects.filter(project=project, pixel_id=pixel_id)
    if period.days > MAX_LISTED_DAYS:
        return counts.filter(date__gte=period.start, date__lt=period.end)
    return counts.filter(date__in=period.dates())
