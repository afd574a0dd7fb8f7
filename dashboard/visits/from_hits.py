"""Counts of the hits that pass a page's filters, made as the drain makes them, and kept in memory for one page.

The daily counts know articles and platforms; who reads a page by country, or by any other value, has it counted anew
from single hits. That takes time by hit, so it has a bound: the newest `MAX_HITS` that pass, in whole days.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time
from functools import cache
from operator import attrgetter
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import BigIntegerField, Func, Q, QuerySet

from collector.classify.platforms import lazy_platforms
from collector.models import Dimension, Evidence, Hit, Page, Position, Project, Traffic, UserAgent, Verdict
from collector.models.counts import WHOLE_PROJECT
from collector.storage.attribution import elsewhere
from collector.storage.counts import Countable, is_visit, local_day_and_hour
from collector.storage.interned import page_host, page_label
from dashboard.visits.filters import Filters
from dashboard.visits.periods import DAY, Bucket, Period
from dashboard.visits.results import START, PixelTotal, PlatformDay, Reading, Sums, ValueCount, read_through, sums_of

MAX_HITS = 50_000
_COLUMNS = (
    "second",
    "visitor",
    "pixel_id",
    "position",
    "traffic",
    "verdict",
    "platform",
    "page_id",
    "country",
    "language",
    "user_agent_id",
    "evidence",
    "placement",
)
END = str(Position.END.label)
_AGENT_COLUMNS = {Dimension.DEVICE: "device", Dimension.BROWSER: "browser", Dimension.OS: "os"}


_FACTS: dict[int, Callable[[Countable], str]] = {
    dimension: attrgetter(str(dimension.label))
    for dimension in (
        Dimension.HOUR, Dimension.PAGE, Dimension.COUNTRY, Dimension.LANGUAGE, Dimension.DEVICE, Dimension.BROWSER,
        Dimension.OS, Dimension.ELSEWHERE,
    )
}  # fmt: skip
_TRAFFIC = {int(traffic): str(traffic.label) for traffic in Traffic}
_VERDICTS = {int(verdict): str(verdict.label) for verdict in Verdict}
_EVIDENCE = {int(evidence): str(evidence.label) for evidence in Evidence}


class Second(Func):
    """A moment in whole seconds since the epoch: a number comes out of a database ten times as fast as a datetime."""

    output_field = BigIntegerField()
    template = "FLOOR(EXTRACT(EPOCH FROM %(expressions)s))::bigint"

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        return self.as_sql(compiler, connection, template="CAST(strftime('%%%%s', %(expressions)s) AS int)", **extra)


class RawHitSource:
    """The visits of a project, or of one of its pixels, that pass filters: answers what `rollup.RollupSource` answers.

    `period` is the part of the requested period whose hits could be read.
    """

    def __init__(self, period: Period, pixel_id: int, hits: Iterable[Countable]) -> None:
        self.period = period
        self._is_project = pixel_id == WHOLE_PROJECT
        self._pixel_id = pixel_id
        self._visits: list[Countable] = []
        self._others: list[Countable] = []
        for hit in hits:
            (self._visits if hit.is_visit else self._others).append(hit)
        self._new = [hit for hit in self._visits if (hit.new_to_project if self._is_project else hit.new_to_pixel)]

    def platform_days(self) -> list[PlatformDay]:
        days = self._platform_days(Dimension.TOTAL, attrgetter("date", "platform"))
        if self.period.bucket is Bucket.HOUR:
            days += self._platform_days(Dimension.HOUR, attrgetter("date", "platform", "hour"))
        return days

    def _platform_days(self, dimension: Dimension, key: Callable[[Countable], tuple[str, ...]]) -> list[PlatformDay]:
        new = Counter(map(key, self._new))
        return [
            PlatformDay(dimension, date.fromisoformat(names[0]), names[1], "".join(names[2:]), visits, new[names])
            for names, visits in Counter(map(key, self._visits)).items()
        ]

    def last_day_hours(self) -> list[PlatformDay]:
        last = self.period.last_day
        hours = self._platform_days(Dimension.HOUR, attrgetter("date", "platform", "hour"))
        return [hour for hour in hours if hour.date == last]

    def value_counts(self, dimensions: Collection[Dimension], limit: int, offset: int = 0) -> list[ValueCount]:
        values = self.sums(dimensions, with_pixels=False).values
        return [count for counts in values.values() for count in counts[offset : offset + limit]]

    def week(self) -> Counter[tuple[int, str]]:
        week: Counter[tuple[int, str]] = Counter()
        by_hour: Callable[[Countable], tuple[str, str]] = attrgetter("date", "hour")
        for (day, hour), visits in Counter(map(by_hour, self._visits)).items():
            week[date.fromisoformat(day).weekday(), hour] += visits
        return week

    def evidence(self) -> dict[str, set[str]]:
        told: dict[str, set[str]] = {}
        if self._is_project:
            for platform, evidence in {(hit.platform, hit.evidence) for hit in self._visits}:
                told.setdefault(platform, set()).add(_EVIDENCE[evidence])
        return told

    def platform_values(self, dimensions: Collection[Dimension]) -> list[tuple[str, int, str, int]]:
        found: Counter[tuple[str, int, str]] = Counter()
        if Dimension.HOUR in dimensions:
            found.update((hit.platform, int(Dimension.HOUR), hit.hour) for hit in self._visits)
        if Dimension.POSITION in dimensions:
            started, finished = self._read()
            found.update((hit.platform, int(Dimension.POSITION), START) for hit in started)
            found.update((hit.platform, int(Dimension.POSITION), END) for hit in finished)
        return [(*key, visits) for key, visits in found.items()]

    def sums(self, dimensions: Collection[Dimension], *, with_pixels: bool) -> Sums:
        rows: list[tuple[int, str, int, int]] = []
        for dimension in dimensions:
            visits, new = self._by_value(dimension)
            rows += [(int(dimension), value, count, new[value]) for value, count in visits.items()]
        return Sums(sums_of(rows).values, self._pixels() if with_pixels else {})

    def _by_value(self, dimension: Dimension) -> tuple[Counter[str], Counter[str]]:
        """Return the visits and the new visitors of each value; of hits that are no visits too, where they count."""
        if dimension == Dimension.TRAFFIC:
            visits = Counter(_TRAFFIC[hit.traffic] for hit in self._visits)
        elif dimension == Dimension.VERDICT:
            visits = Counter(_VERDICTS[hit.verdict] for hit in self._visits if hit.verdict != Verdict.COUNTED)
        else:
            fact = _FACTS[dimension]
            visits, new = Counter(map(fact, self._visits)), Counter(map(fact, self._new))
            if dimension == Dimension.ELSEWHERE:
                del visits[""]
            return visits, new
        for hit in self._others:
            visits.update(value for of_dimension, value in hit.other_values() if of_dimension == dimension)
        return visits, Counter()

    def _pixels(self) -> dict[int, PixelTotal]:
        totals: dict[int, PixelTotal] = defaultdict(PixelTotal)
        for hit in self._visits:
            totals[hit.pixel_id].add(Dimension.PIXEL, 1, hit.new_to_pixel)
        for dimension, hits in zip((Dimension.STARTED, Dimension.FINISHED), self._read(), strict=True):
            for hit in hits:
                if hit.platform not in lazy_platforms():
                    totals[hit.pixel_id].add(dimension, 1, 0)
        return totals

    def _read(self) -> tuple[list[Countable], list[Countable]]:
        """Return the direct visits, and the hits of readers who came to an article's end."""
        started = [hit for hit in self._visits if hit.traffic == Traffic.DIRECT]
        end = (int(Dimension.POSITION), END)
        return started, [hit for hit in self._others if end in hit.other_values()]

    def pixel_days(self, pixels: Collection[int]) -> dict[int, Counter[date]]:
        days: dict[int, Counter[date]] = defaultdict(Counter)
        for (pixel_id, day), visits in Counter((hit.pixel_id, hit.date) for hit in self._visits).items():
            days[pixel_id][date.fromisoformat(day)] += visits
        return days

    def pixel_platforms(self, pixels: Collection[int]) -> dict[int, Counter[str]]:
        platforms: dict[int, Counter[str]] = defaultdict(Counter)
        for (pixel_id, platform), visits in Counter((hit.pixel_id, hit.platform) for hit in self._visits).items():
            platforms[pixel_id][platform] += visits
        return platforms

    def reading(self) -> Reading:
        return read_through([self._pixels().get(self._pixel_id, PixelTotal())])


def kept_since(project: Project, now: datetime) -> date:
    """Return the first day that all hits of are kept: older ones go with the retention."""
    return (now - project.retention_days * DAY).astimezone(project.zone).date()


def recount(project: Project, pixel_id: int, filters: Filters, period: Period, *, since: date) -> RawHitSource:
    """Count a project's hits of `period` that pass `filters` anew; of those days alone that are kept and not too many.

    `since` is the first day that hits are kept of. Three queries.
    """
    start = min(max(period.start, since), period.end)
    hits = _filtered(project, filters, start, period.end)
    found = hits.annotate(second=Second("at")).order_by("-at", "-id").values_list(*_COLUMNS)
    newest = list(found[: MAX_HITS + 1])
    if len(newest) > MAX_HITS:
        start = min(datetime.fromtimestamp(newest[-1][0], project.zone).date() + DAY, period.end)
        midnight = _midnight(start, project.zone).timestamp()
        newest = [row for row in newest if row[0] >= midnight]
    newest.reverse()
    return RawHitSource(replace(period, start=start), pixel_id, _countables(project, filters, newest))


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
    if dimension == Dimension.ELSEWHERE:
        return Q(page__host=value) & ~Q(placement="")
    return Q(page__in=_pages(value)) if value else Q(page=None)


def _pages(label: str) -> list[int]:
    """Return the pages that the counts name so, by host and path; they differ in their queries. One query."""
    pages = Page.objects.filter(Q(url=label) | Q(url__contains=f"://{label}")).values_list("pk", "url")
    return [pk for pk, url in pages.iterator() if page_label(url) == label]


def _countables(project: Project, filters: Filters, hits: Sequence[Any]) -> Iterator[Countable]:
    """Yield hits as the counts see them, oldest first. A visitor is new with the first visit of a day among them."""
    pages = dict(Page.objects.filter(pk__in={row[7] for row in hits} - {None}).values_list("pk", "url"))
    named = {pk: (page_label(url), page_host(url)) for pk, url in pages.items()}
    found_in = UserAgent.objects.filter(pk__in={row[10] for row in hits} - {None})
    agents = {pk: facts for pk, *facts in found_in.values_list("pk", "device", "browser", "os")}
    nothing = ["", "", ""]
    elsewhere_at = dict(filters.values).get(Dimension.ELSEWHERE)
    hosts = cache(elsewhere)
    met: set[tuple[str, int]] = set()
    met_by_pixel: set[tuple[str, int, int]] = set()
    for (
        second, visitor, pixel_id, position, traffic, verdict, platform, page_id, country, language, agent_id, evidence,
        placement,
    ) in hits:  # fmt: skip
        day, hour = local_day_and_hour(second * 1_000_000, project.timezone)
        label, host = named.get(page_id, ("", ""))
        seen_at = hosts(placement, host) if placement else ""
        if elsewhere_at is not None and seen_at != elsewhere_at:
            continue
        device, browser, os = agents.get(agent_id, nothing)
        new_to_pixel = new_to_project = False
        if visitor is not None and is_visit(position, verdict, traffic):
            new_to_project = (day, visitor) not in met
            new_to_pixel = (day, pixel_id, visitor) not in met_by_pixel
            met.add((day, visitor))
            met_by_pixel.add((day, pixel_id, visitor))
        yield Countable(
            project.pk, pixel_id, day, hour, position, traffic, verdict, platform, label, country, language,
            device, browser, os, evidence, seen_at, new_to_pixel, new_to_project,
        )  # fmt: skip


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.min, zone).astimezone(UTC)
