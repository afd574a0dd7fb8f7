"""Counts of the hits that pass a page's filters, made as the drain makes them, and kept in memory for one page.

The daily counts know articles and platforms; who reads a page by country, or by any other value, has it counted anew
from single hits. That takes time by hit, so it has a bound: the newest `MAX_HITS` that pass, in whole days.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time
from functools import lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet

from collector.attribution import elsewhere
from collector.counts import Countable, Counts, is_visit
from collector.models import Dimension, Hit, Page, Project
from collector.models.counts import ALL_PLATFORMS, WHOLE_PROJECT
from collector.strings import page_host, page_label
from dashboard.address import Filters
from dashboard.periods import DAY, Bucket, Period
from dashboard.queries import BY_PIXEL, PixelTotal, PlatformDay, Reading, Sums, ValueCount, read_through, sums_of

MAX_HITS = 100_000
_COLUMNS = (
    "at",
    "visitor",
    "pixel_id",
    "position",
    "traffic",
    "verdict",
    "platform",
    "page_id",
    "country",
    "language",
    "user_agent__device",
    "user_agent__browser",
    "user_agent__os",
    "evidence",
    "placement",
)
_AGENT_COLUMNS = {Dimension.DEVICE: "device", Dimension.BROWSER: "browser", Dimension.OS: "os"}


class Row(NamedTuple):
    """One row as `DailyCount` has it."""

    date: date
    pixel_id: int
    dimension: int
    platform: str
    value: str
    hits: int
    visitors: int


class Recounted:
    """The visits of a project, or of one of its pixels, that pass filters: answers what `queries.Counted` answers.

    `period` is what could be counted of the one asked for.
    """

    def __init__(self, period: Period, pixel_id: int, rows: Sequence[Row]) -> None:
        self.period = period
        self._pixel_id = pixel_id
        self._all = rows
        self._of_scope = [row for row in rows if row.pixel_id == pixel_id]
        joined = ALL_PLATFORMS if pixel_id == WHOLE_PROJECT else pixel_id
        self._joined = [row for row in rows if row.pixel_id == joined]

    def platform_days(self, period: Period) -> list[PlatformDay]:
        dimensions = {Dimension.TOTAL, Dimension.HOUR} if period.bucket is Bucket.HOUR else {Dimension.TOTAL}
        return [
            PlatformDay(row.dimension, row.date, row.platform, row.value, row.hits, row.visitors)
            for row in self._of_scope
            if row.dimension in dimensions
        ]

    def value_counts(
        self, period: Period, dimensions: Iterable[Dimension], limit: int, offset: int = 0
    ) -> list[ValueCount]:
        wanted = set(dimensions)
        visits: dict[int, Counter[str]] = defaultdict(Counter)
        visitors: Counter[tuple[int, str]] = Counter()
        for row in self._joined:
            if row.dimension in wanted:
                visits[row.dimension][row.value] += row.hits
                visitors[row.dimension, row.value] += row.visitors
        return [
            ValueCount(dimension, value, count, visitors[dimension, value], len(by_value))
            for dimension, by_value in visits.items()
            for value, count in sorted(by_value.items(), key=lambda item: (-item[1], item[0]))[offset : offset + limit]
        ]

    def week(self, period: Period) -> Counter[tuple[int, str]]:
        week: Counter[tuple[int, str]] = Counter()
        for row in self._joined:
            if row.dimension == Dimension.HOUR:
                week[row.date.weekday(), row.value] += row.hits
        return week

    def evidence(self, period: Period) -> dict[str, set[str]]:
        told: dict[str, set[str]] = {}
        for row in self._of_scope:
            if row.dimension == Dimension.EVIDENCE:
                told.setdefault(row.platform, set()).add(row.value)
        return told

    def platform_values(self, period: Period, dimensions: Iterable[Dimension]) -> list[tuple[str, int, str, int]]:
        wanted = set(dimensions)
        summed: Counter[tuple[str, int, str]] = Counter()
        for row in self._of_scope:
            if row.dimension in wanted:
                summed[row.platform, row.dimension, row.value] += row.hits
        return [(*key, visits) for key, visits in summed.items()]

    def sums(self, period: Period, dimensions: Collection[Dimension], *, with_pixels: bool) -> Sums:
        asked = set(dimensions)
        summed: dict[tuple[int, str], tuple[int, int]] = defaultdict(lambda: (0, 0))
        rows = [row for row in self._joined if row.dimension in asked]
        if with_pixels:
            rows += [row for row in self._all if row.pixel_id == ALL_PLATFORMS and row.dimension in BY_PIXEL]
        for row in rows:
            visits, visitors = summed[row.dimension, row.value]
            summed[row.dimension, row.value] = (visits + row.hits, visitors + row.visitors)
        return sums_of((*key, *counts) for key, counts in summed.items())

    def pixel_days(self, period: Period, pixels: Collection[int]) -> dict[int, Counter[date]]:
        days: dict[int, Counter[date]] = defaultdict(Counter)
        for row in self._all:
            if row.pixel_id == ALL_PLATFORMS and row.dimension == Dimension.PIXEL:
                days[int(row.value)][row.date] += row.hits
        return days

    def pixel_platforms(self, period: Period, pixels: Collection[int]) -> dict[int, Counter[str]]:
        platforms: dict[int, Counter[str]] = defaultdict(Counter)
        for row in self._all:
            if row.pixel_id > 0 and row.dimension == Dimension.TOTAL:
                platforms[row.pixel_id][row.platform] += row.hits
        return platforms

    def reading(self, period: Period) -> Reading:
        return read_through([self.sums(period, (), with_pixels=True).pixels.get(self._pixel_id, PixelTotal())])


def kept_since(project: Project, now: datetime) -> date:
    """Return the first day that all hits of are kept: older ones go with the retention."""
    return (now - project.retention_days * DAY).astimezone(project.zone).date()


def recount(project: Project, pixel_id: int, filters: Filters, period: Period, *, since: date) -> Recounted:
    """Count a project's hits of `period` that pass `filters` anew; of those days alone that are kept and not too many.

    `since` is the first day that hits are kept of. Three queries.
    """
    start = min(max(period.start, since), period.end)
    hits = _filtered(project, filters, start, period.end)
    newest = list(hits.order_by("-at", "-id").values_list(*_COLUMNS)[: MAX_HITS + 1])
    if len(newest) > MAX_HITS:
        start = min(newest[-1][0].astimezone(project.zone).date() + DAY, period.end)
        midnight = _midnight(start, project.zone)
        newest = [row for row in newest if row[0] >= midnight]
    newest.reverse()
    return Recounted(replace(period, start=start), pixel_id, _counted(project, filters, newest))


def _filtered(project: Project, filters: Filters, start: date, end: date) -> QuerySet[Hit]:
    hits = Hit.objects.filter(
        project=project, at__gte=_midnight(start, project.zone), at__lt=_midnight(end, project.zone)
    )
    if filters.pixel_id is not None:
        hits = hits.filter(pixel_id=filters.pixel_id)
    if filters.platform is not None:
        hits = hits.filter(platform=filters.platform)
    for dimension, value in filters.values:
        hits = hits.filter(_condition(dimension, value))
    return hits


def _condition(dimension: Dimension, value: str) -> Q:
    """Return what hits must be like for the counts to count them by `value`; a little more for pages elsewhere."""
    if dimension in _AGENT_COLUMNS:
        column = f"user_agent__{_AGENT_COLUMNS[dimension]}"
        return Q(**{column: value}) if value else Q(user_agent=None) | Q(**{column: ""})
    if dimension == Dimension.COUNTRY:
        return Q(country=value)
    if dimension == Dimension.LANGUAGE:
        return Q(language=value)
    if dimension == Dimension.PAGE and not value:
        return Q(page=None)
    return Q(page__in=_pages(dimension, value))


def _pages(dimension: Dimension, value: str) -> list[int]:
    """Return the pages that the counts name by `value`: by host and path, or by host alone. One query."""
    labelled = page_label if dimension == Dimension.PAGE else page_host
    pages = Page.objects.filter(Q(url=value) | Q(url__contains=f"://{value}")).values_list("pk", "url")
    return [pk for pk, url in pages.iterator() if labelled(url) == value]


def _counted(project: Project, filters: Filters, hits: Sequence[Any]) -> list[Row]:
    """Count hits, oldest first. A visitor is new with the first visit of a day among them."""
    pages = dict(Page.objects.filter(pk__in={row[7] for row in hits} - {None}).values_list("pk", "url"))
    elsewhere_at = dict(filters.values).get(Dimension.ELSEWHERE)
    met: set[tuple[str, int]] = set()
    met_by_pixel: set[tuple[str, int, int]] = set()
    counts = Counts()
    for (
        at, visitor, pixel_id, position, traffic, verdict, platform, page_id, country, language, device, browser, os,
        evidence, placement,
    ) in hits:  # fmt: skip
        day, hour = _day_and_hour(at.replace(minute=at.minute // 15 * 15, second=0, microsecond=0), project.timezone)
        url = pages.get(page_id, "")
        host = elsewhere(placement, page_host(url)) if url and placement else ""
        if elsewhere_at is not None and host != elsewhere_at:
            continue
        new_to_pixel = new_to_project = False
        if visitor is not None and is_visit(position, verdict, traffic):
            new_to_project = (day, visitor) not in met
            new_to_pixel = (day, pixel_id, visitor) not in met_by_pixel
            met.add((day, visitor))
            met_by_pixel.add((day, pixel_id, visitor))
        counts.add(
            Countable(
                project.pk, pixel_id, day, hour, position, traffic, verdict, platform, page_label(url), country,
                language, device or "", browser or "", os or "", evidence, host, new_to_pixel, new_to_project,
            )
        )  # fmt: skip
    return [Row(date.fromisoformat(day), *row) for _, day, *row in counts.rows()]


@lru_cache(maxsize=65_536)
def _day_and_hour(quarter: datetime, timezone: str) -> tuple[str, str]:
    local = quarter.astimezone(ZoneInfo(timezone))
    return local.date().isoformat(), f"{local.hour:02}"


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.min, zone).astimezone(UTC)
