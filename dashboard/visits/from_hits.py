"""Counts of the hits that pass a page's filters, made as the drain makes them, and kept in memory for one page.

The daily counts know articles and platforms; who reads a page by country, or by any other value, has it counted anew
from single hits. That takes time by hit, so it has a bound: the newest `MAX_HITS` that pass, in whole days.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time
from operator import attrgetter
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet

from collector.classify.platforms import lazy_platforms
from collector.models import Dimension, Evidence, Hit, Page, Position, Project, Traffic, Verdict
from collector.models.counts import WHOLE_PROJECT
from collector.storage.countable import COLUMNS, Countable, EpochSecond, Row, countables, second_of, visitor_of
from collector.storage.interned import page_label
from dashboard.report.page_state import Filters
from dashboard.visits.periods import DAY, Bucket, Period
from dashboard.visits.results import START, PixelTotal, PlatformDay, Reading, Sums, ValueCount, read_through, sums_of

MAX_HITS = 50_000
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


class Recounted:
    """The visits of a project, or of one of its pixels, that pass filters: answers what `counted.Counted` answers.

    `period` is what could be counted of the one asked for.
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

    def platform_days(self, period: Period) -> list[PlatformDay]:
        days = self._platform_days(Dimension.TOTAL, attrgetter("date", "platform"))
        if period.bucket is Bucket.HOUR:
            days += self._platform_days(Dimension.HOUR, attrgetter("date", "platform", "hour"))
        return days

    def _platform_days(self, dimension: Dimension, key: Callable[[Countable], tuple[str, ...]]) -> list[PlatformDay]:
        new = Counter(map(key, self._new))
        return [
            PlatformDay(dimension, date.fromisoformat(names[0]), names[1], "".join(names[2:]), visits, new[names])
            for names, visits in Counter(map(key, self._visits)).items()
        ]

    def value_counts(
        self, period: Period, dimensions: Collection[Dimension], limit: int, offset: int = 0
    ) -> list[ValueCount]:
        values = self.sums(period, dimensions, with_pixels=False).values
        return [count for counts in values.values() for count in counts[offset : offset + limit]]

    def week(self, period: Period) -> Counter[tuple[int, str]]:
        week: Counter[tuple[int, str]] = Counter()
        by_hour: Callable[[Countable], tuple[str, str]] = attrgetter("date", "hour")
        for (day, hour), visits in Counter(map(by_hour, self._visits)).items():
            week[date.fromisoformat(day).weekday(), hour] += visits
        return week

    def evidence(self, period: Period) -> dict[str, set[str]]:
        told: dict[str, set[str]] = {}
        if self._is_project:
            for platform, evidence in {(hit.platform, hit.evidence) for hit in self._visits}:
                told.setdefault(platform, set()).add(_EVIDENCE[evidence])
        return told

    def platform_values(self, period: Period, dimensions: Collection[Dimension]) -> list[tuple[str, int, str, int]]:
        found: Counter[tuple[str, int, str]] = Counter()
        if Dimension.HOUR in dimensions:
            found.update((hit.platform, int(Dimension.HOUR), hit.hour) for hit in self._visits)
        if Dimension.POSITION in dimensions:
            started, finished = self._read()
            found.update((hit.platform, int(Dimension.POSITION), START) for hit in started)
            found.update((hit.platform, int(Dimension.POSITION), END) for hit in finished)
        return [(*key, visits) for key, visits in found.items()]

    def sums(self, period: Period, dimensions: Collection[Dimension], *, with_pixels: bool) -> Sums:
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

    def pixel_days(self, period: Period, pixels: Collection[int]) -> dict[int, Counter[date]]:
        days: dict[int, Counter[date]] = defaultdict(Counter)
        for (pixel_id, day), visits in Counter((hit.pixel_id, hit.date) for hit in self._visits).items():
            days[pixel_id][date.fromisoformat(day)] += visits
        return days

    def pixel_platforms(self, period: Period, pixels: Collection[int]) -> dict[int, Counter[str]]:
        platforms: dict[int, Counter[str]] = defaultdict(Counter)
        for (pixel_id, platform), visits in Counter((hit.pixel_id, hit.platform) for hit in self._visits).items():
            platforms[pixel_id][platform] += visits
        return platforms

    def reading(self, period: Period) -> Reading:
        return read_through([self._pixels().get(self._pixel_id, PixelTotal())])


def kept_since(project: Project, now: datetime) -> date:
    """Return the first day that all hits of are kept: older ones go with the retention."""
    return (now - project.retention_days * DAY).astimezone(project.zone).date()


def recount(project: Project, pixel_id: int, filters: Filters, period: Period, *, since: date) -> Recounted:
    """Count a project's hits of `period` that pass `filters` anew; of those days alone that are kept and not too many.

    `since` is the first day that hits are kept of. Three queries.
    """
    start = min(max(period.start, since), period.end)
    hits = _filtered(project, filters, start, period.end)
    rows = hits.annotate(second=EpochSecond("at")).order_by("-at", "-id").values_list(*COLUMNS)
    newest = list(rows[: MAX_HITS + 1])
    if len(newest) > MAX_HITS:
        start = min(datetime.fromtimestamp(second_of(newest[-1]), project.zone).date() + DAY, period.end)
        midnight = _midnight(start, project.zone).timestamp()
        newest = [row for row in newest if second_of(row) >= midnight]
    newest.reverse()
    return Recounted(replace(period, start=start), pixel_id, _countables(project, filters, newest))


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


def _countables(project: Project, filters: Filters, rows: Sequence[Row]) -> Iterator[Countable]:
    """Yield hits as the counts see them, oldest first. A visitor is new with the first visit of a day among them."""
    elsewhere = dict(filters.values).get(Dimension.ELSEWHERE)
    seen_in_project: set[tuple[str, int]] = set()
    seen_on_pixel: set[tuple[str, int, int]] = set()
    for visitor, hit in zip(map(visitor_of, rows), countables(project, rows), strict=True):
        if elsewhere is not None and hit.elsewhere != elsewhere:
            continue
        if visitor is not None and hit.is_visit:
            in_project, on_pixel = (hit.date, visitor), (hit.date, hit.pixel_id, visitor)
            hit.new_to_project = in_project not in seen_in_project
            hit.new_to_pixel = on_pixel not in seen_on_pixel
            seen_in_project.add(in_project)
            seen_on_pixel.add(on_pixel)
        yield hit


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.min, zone).astimezone(UTC)
