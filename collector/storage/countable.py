"""What one hit counts: `Countable`, and the one way from stored hits to it.

The drain makes countables from spooled hits (`enrich`). Code that counts stored hits (`rebuild`, pages with filters)
reads their `COLUMNS` and calls `countables`.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from operator import itemgetter
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
from django.db.models import Q

from collector.classify.pages import MAX_LABEL, NO_PAGE, CountedPage, counted_page
from collector.classify.platforms import OTHER
from collector.classify.sites import Sites, sites_of
from collector.models import Dimension, Page, Position, Project, Traffic, UserAgent, Verdict
from collector.models.reading import reading_value
from collector.storage.attribution import elsewhere
from collector.storage.bulk_sql import chunks
from collector.storage.campaigns import Campaign, campaign_of

Value = tuple[int, str]  # dimension and value
QUARTER_US = 15 * 60 * 1_000_000

# Naming a member of an enumeration costs a descriptor call each time. These are named for every hit: plain integers.
_START, _END = int(Position.START), int(Position.END)
_DIRECT, _BOT = int(Traffic.DIRECT), int(Traffic.BOT)
_COUNTED, _TOO_SOON = int(Verdict.COUNTED), int(Verdict.TOO_SOON)
_READING = int(Dimension.READING)
READERS = frozenset({int(Verdict.COUNTED), int(Verdict.OPTED_OUT)})
BOTS = frozenset({int(Verdict.BOT), int(Verdict.SUSPECT)})
_JUDGED = frozenset({_COUNTED, _TOO_SOON})
VALUE_OF_VERDICT = {int(verdict): (int(Dimension.VERDICT), str(verdict.label)) for verdict in Verdict}
VALUE_OF_TRAFFIC = {int(traffic): (int(Dimension.TRAFFIC), str(traffic.label)) for traffic in Traffic}
VALUE_OF_POSITION = {int(position): (int(Dimension.POSITION), str(position.label)) for position in Position}


class Countable(msgspec.Struct):
    """What the counts need to know of one hit. `date` is ISO 8601, as both databases read it.

    `page` is the label of the page (`CountedPage`). `elsewhere` is the page's host if the page is not on the platform
    that the pixel was pasted for. `campaign` is what its address says in `utm_…` parameters.

    An empty string means unknown. The two `new_to_` flags are set last, after the visitor was looked up, and only for
    visits. So is `reading_seconds`, only for ends with a start of the same visitor.
    """

    project_id: int
    pixel_id: int
    date: str
    hour: str
    position: int
    traffic: int
    verdict: int
    platform: str
    page: str
    country: str
    language: str
    device: str
    browser: str
    os: str
    evidence: int
    elsewhere: str
    has_visitor: bool
    reading_seconds: int | None = None
    campaign: Campaign = ()
    new_to_pixel: bool = False
    new_to_project: bool = False

    @property
    def is_visit(self) -> bool:
        """Whether the hit is a visit: the `start` hit of a reader. Most dimensions count only visits."""
        return is_visit(self.position, self.verdict, self.traffic)

    def other_values(self) -> tuple[Value, ...]:
        """Return what a hit that is not a visit counts in."""
        return other_values(self.verdict, self.reading_seconds)


@lru_cache(maxsize=4096)  # many ends took the same seconds
def other_values(verdict: int, reading_seconds: int | None) -> tuple[Value, ...]:
    """Return what a hit that is not a visit counts in."""
    values: list[Value] = []
    if verdict != _COUNTED:
        values.append(VALUE_OF_VERDICT[verdict])
    if verdict in BOTS:
        values.append(VALUE_OF_TRAFFIC[_BOT])
    if reading_seconds is not None:
        is_too_soon = verdict == _TOO_SOON
        values.append((_READING, reading_value(reading_seconds, is_too_soon=is_too_soon)))
        if not is_too_soon:
            values.append(VALUE_OF_POSITION[_END])
    return tuple(values)


def is_visit(position: int, verdict: int, traffic: int) -> bool:
    """Whether a hit is a visit: the `start` hit of a reader."""
    return position == _START and verdict in READERS and traffic != _BOT


# The same in SQL.
VISITS = Q(position=_START, verdict__in=sorted(READERS)) & ~Q(traffic=_BOT)


def is_judged(position: int, verdict: int, traffic: int, visitor: int | None) -> bool:
    """Whether a hit is the end of an article that its reader's start can judge.

    Opted-out readers and those behind a proxy have no visitor. Their ends say nothing and count nowhere.
    """
    return position == _END and visitor is not None and verdict in _JUDGED and traffic == _DIRECT


def is_readers(position: int, verdict: int, traffic: int, visitor: int | None) -> bool:
    """Whether a hit is a visit with a visitor, or an end that its reader's start can judge."""
    return visitor is not None and (
        is_visit(position, verdict, traffic) or is_judged(position, verdict, traffic, visitor)
    )


# What is read of a stored hit to count it. `second` is annotated, as `EpochSecond("at")`. Rows stay the plain tuples of
# the database.
COLUMNS = (
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
    "reading_seconds",
)
Row = tuple[Any, ...]  # of `COLUMNS`
visitor_of: Callable[[Row], int | None] = itemgetter(COLUMNS.index("visitor"))
_page_id_of = itemgetter(COLUMNS.index("page_id"))
_agent_id_of = itemgetter(COLUMNS.index("user_agent_id"))


def countables(project: Project, rows: Sequence[Row]) -> Iterator[Countable]:
    """Yield what each of these stored hits counts, in their order. The caller sets the flags of new visitors.

    Two queries for each 900 pages and agents: each is read once, which is faster than joining them to every hit.
    """
    page_ids, agent_ids = set(map(_page_id_of, rows)) - {None}, set(map(_agent_id_of, rows)) - {None}
    sites = sites_of(project.sites)
    pages, agents = pages_by_id(page_ids, sites), agents_by_id(agent_ids)
    no_agent = ["", "", ""]
    project_id, timezone = project.pk, project.timezone
    for (
        second, visitor, pixel_id, position, traffic, verdict, platform, page_id, country, language, agent_id, evidence,
        placement, reading_seconds,
    ) in rows:  # fmt: skip
        day, hour = local_day_and_hour(second * 1_000_000, timezone)
        page, campaign = pages.get(page_id, NO_STORED_PAGE)
        device, browser, os = agents.get(agent_id, no_agent)
        yield Countable(
            project_id, pixel_id, day, hour, position, traffic, verdict, platform, page.label, country, language,
            device, browser, os, evidence, _elsewhere(placement, page.host, sites) if placement else "",
            visitor is not None, reading_seconds, campaign,
        )  # fmt: skip


class StoredPage(NamedTuple):
    """What a row of `Page` counts as."""

    page: CountedPage
    campaign: Campaign


NO_STORED_PAGE = StoredPage(NO_PAGE, ())


def pages_by_id(ids: Iterable[int], sites: Sites) -> dict[int, StoredPage]:
    """Return what pages count as in a project with these sites, by id."""
    pages: dict[int, StoredPage] = {}
    for chunk in chunks(ids):
        for pk, url, host in Page.objects.filter(pk__in=chunk).values_list("pk", "url", "host"):
            pages[pk] = StoredPage(stored_page(url, host, sites), campaign_of(url))
    return pages


def stored_page(url: str, host: str, sites: Sites) -> CountedPage:
    """Return what a row of `Page` counts as. Of a page over its cap, the host alone may be known."""
    if url == OTHER:
        return CountedPage(OTHER, sites.canonical(host)[:MAX_LABEL], host)
    return counted_page(url, sites)


def agents_by_id(ids: Iterable[int]) -> dict[int, list[str]]:
    """Return the device, browser and system of agents, by id."""
    agents: dict[int, list[str]] = {}
    for chunk in chunks(ids):
        rows = UserAgent.objects.filter(pk__in=chunk).values_list("pk", "device", "browser", "os")
        agents |= {pk: facts for pk, *facts in rows}
    return agents


_elsewhere = lru_cache(maxsize=4096)(elsewhere)  # many hits share a placement and a host


def local_day_and_hour(at_us: int, timezone: str) -> tuple[str, str]:
    """Return the day, in ISO 8601, and the hour, such as "09", of a moment in the time zone of that name.

    All moments of a quarter hour have the same day and hour, so the result is cached by quarter. Since 1972 the offset
    of every zone has been a multiple of 15 minutes (IANA tzdata; Liberia had 44:30 until that year).
    """
    return _day_and_hour(at_us // QUARTER_US, timezone)


@lru_cache(maxsize=65_536)
def _day_and_hour(quarter: int, timezone: str) -> tuple[str, str]:
    local = datetime.fromtimestamp(quarter * 900, UTC).astimezone(ZoneInfo(timezone))
    return local.date().isoformat(), f"{local.hour:02}"
