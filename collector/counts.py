"""The rollup of hits by pixel, local day, platform, dimension and value.

What one hit adds is decided here alone, for the running drain and for `rebuild_counts` alike. What the whole project
has on all platforms together is added up once a batch, when it is stored: a hit costs nothing more.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection

from collector.models import Dimension, Position, Traffic, Verdict
from collector.models.counts import ALL_PLATFORMS, WHOLE_PROJECT
from collector.rows import columns_from_json, json_columns

Group = tuple[int, int, date, str]  # project, pixel or whole project, day, platform
Value = tuple[str, str]  # dimension and value
MAX_WAITING_VALUES = 500_000
QUARTER_US = 15 * 60 * 1_000_000

# Members of an enumeration cost a descriptor each time they are named; these are named for every hit.
_START, _END = int(Position.START), int(Position.END)
_DIRECT, _BOT = int(Traffic.DIRECT), int(Traffic.BOT)
_COUNTED = int(Verdict.COUNTED)
_READERS = frozenset({int(Verdict.COUNTED), int(Verdict.OPTED_OUT)})
_BY_VERDICT = {verdict.value: (Dimension.VERDICT.value, str(verdict.label)) for verdict in Verdict}
_BY_TRAFFIC = {traffic.value: (Dimension.TRAFFIC.value, str(traffic.label)) for traffic in Traffic}
_BY_POSITION = {position.value: (Dimension.POSITION.value, str(position.label)) for position in Position}
_TOTAL = (Dimension.TOTAL.value, "")
_HOUR, _PAGE, _COUNTRY = Dimension.HOUR.value, Dimension.PAGE.value, Dimension.COUNTRY.value
_LANGUAGE, _DEVICE = Dimension.LANGUAGE.value, Dimension.DEVICE.value
_BROWSER, _OS = Dimension.BROWSER.value, Dimension.OS.value
_PIXEL = Dimension.PIXEL.value
_NOT_JOINED = frozenset({Dimension.TOTAL.value, Dimension.POSITION.value, Dimension.LANGUAGE.value})

_UPSERT = """
    /* counts.upsert */
    INSERT INTO collector_dailycount (project_id, pixel_id, dimension, date, platform, value, hits, visitors)
    {rows}
    ON CONFLICT (project_id, pixel_id, dimension, date, platform, value) DO UPDATE SET
        hits = collector_dailycount.hits + excluded.hits,
        visitors = collector_dailycount.visitors + excluded.visitors
"""
UPSERT_POSTGRESQL = _UPSERT.format(
    rows="SELECT project_id::int, pixel_id::int, dimension, date::date, platform, value, hits::int, visitors::int"
    f" FROM {columns_from_json(8)} AS row (project_id, pixel_id, dimension, date, platform, value, hits, visitors)"
)
UPSERT_SQLITE = _UPSERT.format(rows="VALUES (%s, %s, %s, %s, %s, %s, %s, %s)")


@dataclass(slots=True)
class Countable:
    """What the counts need to know of one hit. `page` is its host and path; empty strings where nothing is known.

    The two `new_to_` flags are known last, when the visitor was looked up.
    """

    project_id: int
    pixel_id: int
    date: date
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
    new_to_pixel: bool = False
    new_to_project: bool = False

    @property
    def is_visit(self) -> bool:
        """A reader's request of the usual pixel: what all dimensions add up to."""
        return self.position == _START and self.verdict in _READERS and self.traffic != _BOT

    def values(self) -> list[Value]:
        """Return the dimensions that the hit counts in, each with its value."""
        values: list[Value] = []
        if self.verdict != _COUNTED:
            values.append(_BY_VERDICT[self.verdict])
        if self.traffic == _BOT:
            values.append(_BY_TRAFFIC[_BOT])
            return values
        if self.verdict not in _READERS:
            return values
        if self.traffic == _DIRECT:
            values.append(_BY_POSITION[self.position])
        if self.position == _START:
            values += (
                _TOTAL,
                _BY_TRAFFIC[self.traffic],
                (_HOUR, self.hour),
                (_PAGE, self.page),
                (_COUNTRY, self.country),
                (_LANGUAGE, self.language),
                (_DEVICE, self.device),
                (_BROWSER, self.browser),
                (_OS, self.os),
            )
        return values


class Counts:
    """Counts that wait to be added to the table.

    Values are collected by group first and counted later, many at a time: `Counter` does that in C.
    """

    def __init__(self) -> None:
        self._waiting: dict[Group, tuple[list[Value], list[Value]]] = {}
        self._waiting_values = 0
        self._hits: dict[Group, Counter[Value]] = {}
        self._visitors: dict[Group, Counter[Value]] = {}

    def add(self, hit: Countable) -> None:
        """Count one hit for its pixel and for its project."""
        values = hit.values()
        self._add(values, (hit.project_id, hit.pixel_id, hit.date, hit.platform), hit.new_to_pixel)
        self._add(values, (hit.project_id, WHOLE_PROJECT, hit.date, hit.platform), hit.new_to_project)
        self._waiting_values += len(values)
        if self._waiting_values > MAX_WAITING_VALUES:
            self._count()

    def _add(self, values: list[Value], group: Group, is_new: bool) -> None:
        waiting = self._waiting.get(group)
        if waiting is None:
            waiting = self._waiting[group] = ([], [])
        waiting[0].extend(values)
        if is_new:
            waiting[1].extend(values)

    def _count(self) -> None:
        for group, (hits, visitors) in self._waiting.items():
            self._hits.setdefault(group, Counter()).update(hits)
            self._visitors.setdefault(group, Counter()).update(visitors)
        self._waiting.clear()
        self._waiting_values = 0

    def store(self) -> None:
        """Add everything to the table, in the order of its key so that two drains never wait for each other in a ring.

        Runs one statement, within the caller's transaction.
        """
        self._count()
        rows: list[Any] = sorted(
            (project_id, pixel_id, dimension, day, platform, value, hits, new[dimension, value])
            for counted, seen in ((self._hits, self._visitors), (_joined(self._hits), _joined(self._visitors)))
            for (project_id, pixel_id, day, platform), cells in counted.items()
            for new in (seen[project_id, pixel_id, day, platform],)
            for (dimension, value), hits in cells.items()
        )
        if not rows:
            return
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute(UPSERT_POSTGRESQL, json_columns(rows))
            else:
                cursor.executemany(UPSERT_SQLITE, rows)


def _joined(by_platform: dict[Group, Counter[Value]]) -> dict[Group, Counter[Value]]:
    """Add up each project's counts over its platforms, and count its pixels."""
    joined: dict[Group, Counter[Value]] = {}
    for (project_id, pixel_id, day, _), cells in by_platform.items():
        of_day = joined.setdefault((project_id, ALL_PLATFORMS, day, ""), Counter())
        if pixel_id == WHOLE_PROJECT:
            for value, count in cells.items():
                if value[0] not in _NOT_JOINED:
                    of_day[value] += count
        elif _TOTAL in cells:
            of_day[_PIXEL, str(pixel_id)] += cells[_TOTAL]
    return joined


def local_day_and_hour(at_us: int, timezone: str) -> tuple[date, str]:
    """Return the day and the hour, such as "09", of a moment in a time zone of that name.

    Every zone's offset has been a multiple of 15 minutes since 1972 (IANA tzdata, but for Liberia's 44:30 until that
    year), so the quarter decides.
    """
    return _day_and_hour(at_us // QUARTER_US, timezone)


@lru_cache(maxsize=65_536)
def _day_and_hour(quarter: int, timezone: str) -> tuple[date, str]:
    local = datetime.fromtimestamp(quarter * 900, UTC).astimezone(ZoneInfo(timezone))
    return local.date(), f"{local.hour:02}"
