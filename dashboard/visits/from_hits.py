"""Visits answered from raw hits, for filters that the daily counts can't answer: a country, a browser, a page.

The hits that match are read and counted for each view, by the rules of the drain. The time grows with their number, so
at most the newest `MAX_HITS` are read, in whole days.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import cached_property

from django.db.models import Q, QuerySet

from collector.classify.sites import Sites, sites_of
from collector.models import Dimension, Evidence, Hit, Project, Traffic, Verdict
from collector.models.conditions import IsOneOf
from collector.models.counts import WHOLE_PROJECT
from collector.storage.attribution import elsewhere
from collector.storage.campaigns import PARAMETERS
from collector.storage.countable import NO_STORED_PAGE, StoredPage, agents_by_id, pages_by_id
from dashboard.visits import hit_groups
from dashboard.visits.filters import Filters
from dashboard.visits.hit_groups import PLACEMENT, QUARTER, QUARTER_SECONDS, HitGroups, Row, added_up, read_rows
from dashboard.visits.page_filters import host_today, pages_counted_as, pages_of_campaign, pages_on_host
from dashboard.visits.periods import DAY, Bucket, Period, midnight
from dashboard.visits.readings import Reading, add_reading, whole_readings
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
_COLUMNS = {
    Dimension.HOUR: hit_groups.HOUR,
    Dimension.COUNTRY: hit_groups.COUNTRY,
    Dimension.LANGUAGE: hit_groups.LANGUAGE,
}
_AGENT_COLUMNS = {Dimension.DEVICE: "device", Dimension.BROWSER: "browser", Dimension.OS: "os"}
_TRAFFIC = {int(traffic): str(traffic.label) for traffic in Traffic}
_VERDICTS = {int(verdict): str(verdict.label) for verdict in Verdict}
_EVIDENCE = {int(evidence): str(evidence.label) for evidence in Evidence}
_NAMES_OF_NUMBERS = {
    Dimension.TRAFFIC: (hit_groups.TRAFFIC, _TRAFFIC),
    Dimension.VERDICT: (hit_groups.VERDICT, _VERDICTS),
}
_COUNTED = str(Verdict.COUNTED.label)
_NO_AGENT = ("", "", "")


class RawHitSource:
    """The visits of a project or of one of its pixels that match filters. Its methods are those of `RollupSource`.

    `period` is the part of the requested period whose hits were read.
    """

    def __init__(self, period: Period, pixel_id: int, groups: HitGroups, sites: Sites) -> None:
        self.period = period
        self._sites = sites
        self._is_project = pixel_id == WHOLE_PROJECT
        self._pixel_id = pixel_id
        self._groups = groups

    def platform_days(self) -> list[PlatformDay]:
        days = [
            PlatformDay(Dimension.TOTAL, day, platform, "", *total)
            for (day, platform), total in self._groups.totals(hit_groups.DATE, hit_groups.PLATFORM).items()
        ]
        return days + self._hours() if self.period.bucket is Bucket.HOUR else days

    def last_day_hours(self) -> list[PlatformDay]:
        return [hour for hour in self._hours() if hour.date == self.period.last_day]

    def value_counts(self, dimensions: Collection[Dimension], limit: int, offset: int = 0) -> list[ValueCount]:
        values = self.sums(dimensions, with_pixels=False).values
        return [count for counts in values.values() for count in counts[offset : offset + limit]]

    def week(self) -> Counter[WeekHour]:
        week: Counter[WeekHour] = Counter()
        for (day, hour), visits in self._groups.visits(hit_groups.DATE, hit_groups.HOUR).items():
            week[WeekHour(day.weekday(), hour)] += visits
        return week

    def evidence(self) -> dict[str, set[str]]:
        evidence: dict[str, set[str]] = defaultdict(set)
        if self._is_project:
            for platform, of_platform in self._groups.visits(hit_groups.PLATFORM, hit_groups.EVIDENCE):
                evidence[platform].add(_EVIDENCE[of_platform])
        return evidence

    def platform_values(self, dimensions: Collection[Dimension]) -> list[PlatformValue]:
        hits: Counter[tuple[str, int, str]] = Counter()
        if Dimension.HOUR in dimensions:
            for (platform, hour), visits in self._groups.visits(hit_groups.PLATFORM, hit_groups.HOUR).items():
                hits[platform, int(Dimension.HOUR), hour] = visits
        for value, count in self._groups.readings.items():
            if value.dimension in dimensions:
                hits[value.platform, value.dimension, value.value] += count
        return [PlatformValue(*value, count) for value, count in hits.items()]

    def sums(self, dimensions: Collection[Dimension], *, with_pixels: bool) -> Sums:
        totals: dict[ValueKey, Total] = {}
        for dimension in dimensions:
            for value, total in self._by_value(dimension).items():
                totals[ValueKey(dimension, value)] = total
        return Sums(sums_of(totals).values, self._pixels if with_pixels else {})

    def _hours(self) -> list[PlatformDay]:
        totals = self._groups.totals(hit_groups.DATE, hit_groups.HOUR, hit_groups.PLATFORM)
        return [
            PlatformDay(Dimension.HOUR, day, platform, hour, *total) for (day, hour, platform), total in totals.items()
        ]

    def _by_value(self, dimension: Dimension) -> Mapping[str, Total]:
        """Return the visits and the new visitors of each value.

        Traffic and verdicts also count hits that are not visits, and have no visitors.
        """
        groups = self._groups
        if dimension in _NAMES_OF_NUMBERS:
            return self._all_hits_by_value(dimension)
        if dimension in _COLUMNS:
            return groups.totals(_COLUMNS[dimension])
        if dimension in _AGENT_COLUMNS:
            number = list(_AGENT_COLUMNS).index(dimension)
            return added_up(groups.totals(hit_groups.AGENT), lambda agent_id: self._agents[agent_id][number])
        pages = groups.totals(hit_groups.PAGE, hit_groups.PLACEMENT)
        if dimension == Dimension.PAGE:
            return added_up(pages, lambda key: self._pages[key[0]].page.label)
        if dimension == Dimension.ELSEWHERE:
            values = added_up(pages, lambda key: elsewhere(key[1], self._pages[key[0]].page.host, self._sites))
        else:
            values = added_up(self._of_campaigns, lambda key: dict(self._pages[key[0]].campaign).get(dimension, ""))
        values.pop("", None)
        return values

    def _all_hits_by_value(self, dimension: Dimension) -> dict[str, Total]:
        column, names = _NAMES_OF_NUMBERS[dimension]
        hits = Counter({names[number]: visits for number, visits in self._groups.visits(column).items()})
        hits.pop(_COUNTED, None)
        for value, count in self._groups.others.items():
            if value.dimension == dimension:
                hits[value.value] += count
        return {value: Total(count, 0) for value, count in hits.items()}

    @cached_property
    def _agents(self) -> Mapping[int | None, Sequence[str]]:
        """Return the device, browser and system of all agents, by id."""
        return {None: _NO_AGENT} | agents_by_id(self._groups.totals(hit_groups.AGENT).keys() - {None})

    @cached_property
    def _pages(self) -> Mapping[int | None, StoredPage]:
        """Return all pages, by id."""
        ids = {page_id for page_id, _ in self._groups.totals(hit_groups.PAGE, hit_groups.PLACEMENT)}
        return {None: NO_STORED_PAGE} | pages_by_id(ids - {None}, self._sites)

    @cached_property
    def _of_campaigns(self) -> Mapping[tuple[int, str], Total]:
        """Return the totals of pages that name a campaign, by page and placement."""
        pages = self._groups.totals(hit_groups.PAGE, hit_groups.PLACEMENT)
        return {key: total for key, total in pages.items() if self._pages[key[0]].campaign}

    @cached_property
    def _pixels(self) -> Mapping[int, PixelTotal]:
        totals: dict[int, PixelTotal] = defaultdict(PixelTotal)
        visitors = self._groups.visitors_of_pixels
        for pixel_id, visits in self._groups.visits(hit_groups.PIXEL).items():
            totals[pixel_id].add(Dimension.PIXEL, visits, visitors[pixel_id])
        for pixel_id, reading in self._readings.items():
            add_reading(totals[pixel_id], reading)
        return totals

    @cached_property
    def _readings(self) -> dict[int, Reading]:
        return whole_readings(
            (value.pixel_id, PlatformValue(value.platform, value.dimension, value.value, hits))
            for value, hits in self._groups.readings.items()
        )

    def pixel_days(self, pixels: Collection[int]) -> dict[int, Counter[date]]:
        days: dict[int, Counter[date]] = defaultdict(Counter)
        for (pixel_id, day), visits in self._groups.visits(hit_groups.PIXEL, hit_groups.DATE).items():
            days[pixel_id][day] = visits
        return days

    def pixel_platforms(self, pixels: Collection[int]) -> dict[int, Counter[str]]:
        platforms: dict[int, Counter[str]] = defaultdict(Counter)
        for (pixel_id, platform), visits in self._groups.visits(hit_groups.PIXEL, hit_groups.PLATFORM).items():
            platforms[pixel_id][platform] = visits
        return platforms

    def pixel_readings(self, pixels: Sequence[int]) -> dict[int, Reading]:
        return self._readings

    def read_through(self) -> ReadThrough:
        return read_through([self._pixels.get(self._pixel_id, PixelTotal())])


def kept_since(project: Project, now: datetime) -> date:
    """Return the first day whose hits are all kept. Older hits are deleted after the project's retention."""
    first_day = (now - project.retention).astimezone(project.zone).date()
    if project.hits_kept_since is None:
        return first_day
    day = project.hits_kept_since.astimezone(project.zone).date()
    is_whole = midnight(day, project.zone) == project.hits_kept_since
    return max(first_day, day if is_whole else day + DAY)  # a longer retention brings no hits back


def read_raw_hits(
    project: Project,
    pixel_id: int,
    filters: Filters,
    period: Period,
    *,
    since: date,
    columns: Sequence[str] = hit_groups.COLUMNS,
) -> RawHitSource:
    """Read the raw hits of a period that match the filters, and return a source that answers from them.

    Days before `since` are left out, and days before the newest `MAX_HITS` hits. One query, one more for a filter by
    page or host, and one each when the source is first asked for agents and for pages. With `FIGURE_COLUMNS` the source
    can't name values (countries, languages, agents, pages), and takes less time to read.
    """
    start = min(max(period.start, since), period.end)
    hits = _filtered(project, filters, start, period.end)
    newest = read_rows(hits.order_by("-at", "-id")[: MAX_HITS + 1], columns)
    if len(newest) > MAX_HITS:
        oldest = datetime.fromtimestamp(newest[-1][QUARTER] * QUARTER_SECONDS, project.zone)
        start = min(oldest.date() + DAY, period.end)
        first_quarter = midnight(start, project.zone).timestamp() / QUARTER_SECONDS
        newest = [row for row in newest if row[QUARTER] >= first_quarter]
    host = dict(filters.values).get(Dimension.ELSEWHERE)
    sites = sites_of(project.sites)
    rows = newest if host is None else _seen_on(host_today(host, sites), newest, sites)
    return RawHitSource(replace(period, start=start), pixel_id, HitGroups(rows, project.zone), sites)


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

    For `ELSEWHERE` it also matches some other hits, which SQL can't tell apart; `_seen_on` leaves them out.
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
    if dimension in PARAMETERS:
        return Q(IsOneOf("page_id", pages_of_campaign(dimension, value)))
    return Q(IsOneOf("page_id", pages_counted_as(value, sites))) if value else Q(page=None)


def _seen_on(host: str, rows: Sequence[Row], sites: Sites) -> list[Row]:
    """Return the hits whose page is elsewhere, on this host. All their pages have it."""
    placements = {row[PLACEMENT] for row in rows}
    is_elsewhere = {placement: elsewhere(placement, host, sites) == host for placement in placements}
    return [row for row in rows if is_elsewhere[row[PLACEMENT]]]
