"""Visits answered from raw hits, for filters that the daily counts can't answer: a country, a browser, a page.

The hits that match are read and counted for each view, by the rules of the drain. The time grows with their number, so
at most the newest `MAX_HITS` are read, in whole days.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime
from operator import attrgetter

from django.db.models import Q, QuerySet

from collector.classify.sites import Sites, sites_of
from collector.models import Dimension, Evidence, Hit, Position, Project, Traffic, Verdict
from collector.models.conditions import IsOneOf
from collector.models.counts import WHOLE_PROJECT
from collector.storage.countable import COLUMNS, Countable, Row, countables, second_of, visitor_of
from collector.storage.moments import EpochSecond
from dashboard.visits.filters import Filters
from dashboard.visits.page_filters import host_today, pages_counted_as, pages_on_host
from dashboard.visits.periods import DAY, Bucket, Period, midnight
from dashboard.visits.readings import (
    READING_DIMENSIONS,
    Reading,
    add_reading,
    whole_readings,
)
from dashboard.visits.results import (
    PixelTotal,
    PlatformDay,
    PlatformValue,
    ReadThrough,
    Sums,
    Total,
    ValueCount,
    ValueKey,
    WeekHour,
    read_through,
    sums_of,
)

MAX_HITS = 50_000
START = str(Position.START.label)
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


class RawHitSource:
    """The visits of a project or of one of its pixels that match filters. Its methods are those of `RollupSource`.

    `period` is the part of the requested period whose hits were read.
    """

    def __init__(self, period: Period, pixel_id: int, hits: Iterable[Countable]) -> None:
        self.period = period
        self._is_project = pixel_id == WHOLE_PROJECT
        self._pixel_id = pixel_id
        self._visits: list[Countable] = []
        self._others: list[Countable] = []
        for hit in hits:
            (self._visits if hit.is_visit else self._others).append(hit)
        is_new: Callable[[Countable], bool] = attrgetter("new_to_project" if self._is_project else "new_to_pixel")
        self._new_visitors = list(filter(is_new, self._visits))

    def platform_days(self) -> list[PlatformDay]:
        days = self._totals_by_day()
        return days + self._totals_by_hour() if self.period.bucket is Bucket.HOUR else days

    def last_day_hours(self) -> list[PlatformDay]:
        return [hour for hour in self._totals_by_hour() if hour.date == self.period.last_day]

    def value_counts(self, dimensions: Collection[Dimension], limit: int, offset: int = 0) -> list[ValueCount]:
        values = self.sums(dimensions, with_pixels=False).values
        return [count for counts in values.values() for count in counts[offset : offset + limit]]

    def week(self) -> Counter[WeekHour]:
        week: Counter[WeekHour] = Counter()
        date_and_hour: Callable[[Countable], tuple[str, str]] = attrgetter("date", "hour")
        for (day, hour), visits in Counter(map(date_and_hour, self._visits)).items():
            week[WeekHour(date.fromisoformat(day).weekday(), hour)] += visits
        return week

    def evidence(self) -> dict[str, set[str]]:
        evidence: dict[str, set[str]] = defaultdict(set)
        if self._is_project:
            for hit in self._visits:
                evidence[hit.platform].add(_EVIDENCE[hit.evidence])
        return evidence

    def platform_values(self, dimensions: Collection[Dimension]) -> list[PlatformValue]:
        hits: Counter[tuple[str, int, str]] = Counter()
        if Dimension.HOUR in dimensions:
            hits.update((hit.platform, int(Dimension.HOUR), hit.hour) for hit in self._visits)
        for _, value in self._reading_values():
            if value.dimension in dimensions:
                hits[value.platform, value.dimension, value.value] += 1
        return [PlatformValue(*value, count) for value, count in hits.items()]

    def sums(self, dimensions: Collection[Dimension], *, with_pixels: bool) -> Sums:
        totals: dict[ValueKey, Total] = {}
        for dimension in dimensions:
            visits, visitors = self._by_value(dimension)
            for value, count in visits.items():
                totals[ValueKey(dimension, value)] = Total(count, visitors[value])
        return Sums(sums_of(totals).values, self._pixels() if with_pixels else {})

    def _totals_by_day(self) -> list[PlatformDay]:
        key_of: Callable[[Countable], tuple[str, str]] = attrgetter("date", "platform")
        visits, visitors = Counter(map(key_of, self._visits)), Counter(map(key_of, self._new_visitors))
        days = []
        for key, count in visits.items():
            day, platform = key
            days.append(PlatformDay(Dimension.TOTAL, date.fromisoformat(day), platform, "", count, visitors[key]))
        return days

    def _totals_by_hour(self) -> list[PlatformDay]:
        key_of: Callable[[Countable], tuple[str, str, str]] = attrgetter("date", "platform", "hour")
        visits, visitors = Counter(map(key_of, self._visits)), Counter(map(key_of, self._new_visitors))
        hours = []
        for key, count in visits.items():
            day, platform, hour = key
            hours.append(PlatformDay(Dimension.HOUR, date.fromisoformat(day), platform, hour, count, visitors[key]))
        return hours

    def _by_value(self, dimension: Dimension) -> tuple[Counter[str], Counter[str]]:
        """Return the visits and the new visitors of each value.

        Traffic and verdicts also count hits that are not visits, and have no visitors.
        """
        if dimension == Dimension.TRAFFIC:
            visits = Counter(_TRAFFIC[hit.traffic] for hit in self._visits)
        elif dimension == Dimension.VERDICT:
            visits = Counter(_VERDICTS[hit.verdict] for hit in self._visits if hit.verdict != Verdict.COUNTED)
        else:
            fact = _FACTS[dimension]
            visits, visitors = Counter(map(fact, self._visits)), Counter(map(fact, self._new_visitors))
            if dimension == Dimension.ELSEWHERE:
                del visits[""]
            return visits, visitors
        for hit in self._others:
            visits.update(value for of_dimension, value in hit.other_values() if of_dimension == dimension)
        return visits, Counter()

    def _pixels(self) -> dict[int, PixelTotal]:
        totals: dict[int, PixelTotal] = defaultdict(PixelTotal)
        for hit in self._visits:
            totals[hit.pixel_id].add(Dimension.PIXEL, 1, hit.new_to_pixel)
        for pixel_id, reading in self.pixel_readings(()).items():
            add_reading(totals[pixel_id], reading)
        return totals

    def _reading_values(self) -> Iterator[tuple[int, PlatformValue]]:
        """Yield what each hit counts in `READING_DIMENSIONS`, with its pixel."""
        for hit in self._visits:
            if hit.traffic == Traffic.DIRECT and hit.has_visitor:
                yield hit.pixel_id, PlatformValue(hit.platform, int(Dimension.POSITION), START, 1)
        for hit in self._others:
            for dimension, value in hit.other_values():
                if dimension in READING_DIMENSIONS:
                    yield hit.pixel_id, PlatformValue(hit.platform, dimension, value, 1)

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

    def pixel_readings(self, pixels: Sequence[int]) -> dict[int, Reading]:
        return whole_readings(self._reading_values())

    def read_through(self) -> ReadThrough:
        return read_through([self._pixels().get(self._pixel_id, PixelTotal())])


def kept_since(project: Project, now: datetime) -> date:
    """Return the first day whose hits are all kept. Older hits are deleted after the project's retention."""
    first_day = (now - project.retention).astimezone(project.zone).date()
    if project.hits_kept_since is None:
        return first_day
    day = project.hits_kept_since.astimezone(project.zone).date()
    is_whole = midnight(day, project.zone) == project.hits_kept_since
    return max(first_day, day if is_whole else day + DAY)  # a longer retention brings no hits back


def read_raw_hits(project: Project, pixel_id: int, filters: Filters, period: Period, *, since: date) -> RawHitSource:
    """Read the raw hits of a period that match the filters, and return a source that answers from them.

    Days before `since` are left out, and days before the newest `MAX_HITS` hits. Three queries, one more for a filter
    by page or by host.
    """
    start = min(max(period.start, since), period.end)
    hits = _filtered(project, filters, start, period.end)
    rows = hits.annotate(second=EpochSecond("at")).order_by("-at", "-id").values_list(*COLUMNS)
    newest = list(rows[: MAX_HITS + 1])
    if len(newest) > MAX_HITS:
        start = min(datetime.fromtimestamp(second_of(newest[-1]), project.zone).date() + DAY, period.end)
        first_second = midnight(start, project.zone).timestamp()
        newest = [row for row in newest if second_of(row) >= first_second]
    newest.reverse()
    return RawHitSource(replace(period, start=start), pixel_id, _countables(project, filters, newest))


def _filtered(project: Project, filters: Filters, start: date, end: date) -> QuerySet[Hit]:
    hits = Hit.objects.filter(
        project=project, at__gte=midnight(start, project.zone), at__lt=midnight(end, project.zone)
    )
    if filters.pixel_id is not None:
        hits = hits.filter(pixel_id=filters.pixel_id)
    if filters.platform is not None:
        hits = hits.filter(platform=filters.platform)
    for dimension, value in filters.values:
        hits = hits.filter(_condition(dimension, value, sites_of(project.sites)))
    return hits


def _condition(dimension: Dimension, value: str, sites: Sites) -> Q:
    """Return a condition for the hits that count with `value`.

    For `ELSEWHERE` it also matches some other hits, which SQL can't tell apart; `_countables` leaves them out.
    """
    if dimension in _AGENT_COLUMNS:
        column = f"user_agent__{_AGENT_COLUMNS[dimension]}"
        return Q(**{column: value}) if value else Q(user_agent=None) | Q(**{column: ""})
    if dimension == Dimension.COUNTRY:
        return Q(country=value)
    if dimension == Dimension.LANGUAGE:
        return Q(language=value)
    if dimension == Dimension.ELSEWHERE:
        return Q(IsOneOf("page_id", pages_on_host(host_today(value, sites), sites))) & ~Q(placement="")
    return Q(IsOneOf("page_id", pages_counted_as(value, sites))) if value else Q(page=None)


def _countables(project: Project, filters: Filters, rows: Sequence[Row]) -> Iterator[Countable]:
    """Yield hits as the counts see them, oldest first. A visitor is new with the first visit of a day among them."""
    elsewhere = dict(filters.values).get(Dimension.ELSEWHERE)
    if elsewhere is not None:
        elsewhere = host_today(elsewhere, sites_of(project.sites))
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
