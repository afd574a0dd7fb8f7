"""The query behind the API's counts: short scans of `DailyCount`, however many hits there are."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal, NamedTuple

from django.db.models import DateField, F, Func, Q, QuerySet, Sum
from msgspec import Meta

from collector.models import DailyCount, Dimension, Project
from collector.models.counts import ALL_PLATFORMS, WHOLE_PROJECT
from dashboard.visits.periods import DAY

DimensionName = Literal[
    "total", "platform", "hour", "position", "traffic", "verdict", "page", "country", "language", "device", "browser",
    "os", "pixel", "elsewhere", "reading",
    "utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "utm_id",
]  # fmt: skip
IntervalName = Literal["total", "day", "week", "month"]
# `ALL_PLATFORMS` has no counts of these: those of a whole project are stored by platform.
BY_PLATFORM_ALONE = {"total", "platform", "position", "reading"}


@dataclass(frozen=True, slots=True)
class CountQuery:
    """Which counts to return, for the days `[since, until)`."""

    project: Project
    since: date
    until: date
    dimension: DimensionName
    interval: IntervalName
    pixel_id: int | None
    platform: str


class CountRow(NamedTuple):
    """The hits and visitors of one value in one interval."""

    first_day: date
    value: str
    hits: int
    visitors: int

    @property
    def sort_key(self) -> "CountKey":
        return CountKey(self.first_day, self.hits, self.value)


class CountKey(NamedTuple):
    """The sort key of a row: by interval, then by hits, most first, then by value."""

    first_day: date
    hits: Annotated[int, Meta(ge=0, le=2**62)]
    value: Annotated[str, Meta(max_length=255, pattern="^[^\0]*$")]


class FirstDay(Func):
    """The first day of the week or month of a day. On SQLite, Django's TruncWeek would call Python for each row.

    A week begins on `first_weekday`, in ISO 8601's numbers.
    """

    output_field = DateField()

    def __init__(self, interval: IntervalName, first_weekday: int) -> None:
        super().__init__(F("date"))
        self.interval = interval
        self.first_weekday = first_weekday

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        last_weekday = (self.first_weekday - 1) % 7  # 0 is Sunday; the day itself, or the next one of this name
        modifiers = {"week": f"'weekday {last_weekday}', '-6 days'", "month": "'start of month'"}[self.interval]
        return super().as_sql(compiler, connection, template=f"DATE(%(expressions)s, {modifiers})", **context)

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        days_to_monday = (1 - self.first_weekday) % 7 if self.interval == "week" else 0
        template = f"(DATE_TRUNC('{self.interval}', %(expressions)s + {days_to_monday})::date - {days_to_monday})"
        return super().as_sql(compiler, connection, template=template, **context)


def next_counts(query: CountQuery, after: CountKey | None, limit: int) -> list[CountRow]:
    """Return the next `limit` counts after a sort key, or the first ones if it is None. One query."""
    counts = _counts(query).annotate(label=F("platform" if query.dimension == "platform" else "value"))
    if query.interval == "total":
        return _rows_of_range(counts, query.since, after, limit)
    first_day = F("date") if query.interval == "day" else FirstDay(query.interval, query.project.first_weekday)
    return _rows_of_intervals(counts.annotate(first_day=first_day), after, limit)


def _rows_of_range(counts: QuerySet[Any], since: date, after: CountKey | None, limit: int) -> list[CountRow]:
    sums = _sums(counts.values("label"))
    if after:
        fewer, as_many = Q(sum_of_hits__lt=after.hits), Q(sum_of_hits=after.hits)
        sums = sums.filter(fewer | (as_many & Q(label__gt=after.value)))
    rows = sums.order_by("-sum_of_hits", "label").values_list("label", "sum_of_hits", "sum_of_visitors")
    return [CountRow(since, *row) for row in rows[:limit]]


def _rows_of_intervals(counts: QuerySet[Any], after: CountKey | None, limit: int) -> list[CountRow]:
    if after:
        counts = counts.filter(date__gte=after.first_day)  # the index begins with the days
    sums = _sums(counts.values("first_day", "label"))
    if after:
        later, same_day = Q(first_day__gt=after.first_day), Q(first_day=after.first_day)
        fewer, as_many = Q(sum_of_hits__lt=after.hits), Q(sum_of_hits=after.hits)
        sums = sums.filter(later | (same_day & fewer) | (same_day & as_many & Q(label__gt=after.value)))
    ordered = sums.order_by("first_day", "-sum_of_hits", "label")
    rows = ordered.values_list("first_day", "label", "sum_of_hits", "sum_of_visitors")
    return [CountRow(*row) for row in rows[:limit]]


def _sums(groups: Any) -> Any:
    return groups.annotate(sum_of_hits=Sum("hits"), sum_of_visitors=Sum("visitors"))


def _counts(query: CountQuery) -> QuerySet[DailyCount]:
    """Return the rows of `DailyCount` that answer a query. Each hit is in exactly one of them.

    Days are listed one by one because they come before the pixel in the table's key: a range of days would read the
    counts of every pixel.
    """
    days = [query.since + day * DAY for day in range((query.until - query.since).days)]
    stored_as = "total" if query.dimension == "platform" else query.dimension
    counts = DailyCount.objects.filter(project=query.project, date__in=days, dimension=Dimension[stored_as.upper()])
    if query.dimension == "pixel":  # stored by pixel id, and only under this scope
        counts = counts.filter(pixel_id=ALL_PLATFORMS)
        return counts.filter(value=str(query.pixel_id)) if query.pixel_id else counts
    if query.pixel_id:
        counts = counts.filter(pixel_id=query.pixel_id)
    elif query.platform or query.dimension in BY_PLATFORM_ALONE:
        counts = counts.filter(pixel_id=WHOLE_PROJECT)
    else:
        counts = counts.filter(pixel_id=ALL_PLATFORMS)
    return counts.filter(platform=query.platform) if query.platform else counts
