"""The rollup of hits by pixel, local day, platform, dimension and value.

What one hit adds is decided here alone, for the running drain and for `rebuild_counts` alike.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection

from collector.models import Dimension, Position, Traffic, Verdict
from collector.models.counts import WHOLE_PROJECT

# (project, pixel, dimension, date, platform, value), the order of the table's key
Key = tuple[int, int, str, date, str, str]
QUARTER_US = 15 * 60 * 1_000_000

_UPSERT = """
    /* counts.upsert */
    INSERT INTO collector_dailycount (project_id, pixel_id, dimension, date, platform, value, hits, visitors)
    {rows}
    ON CONFLICT (project_id, pixel_id, dimension, date, platform, value) DO UPDATE SET
        hits = collector_dailycount.hits + excluded.hits,
        visitors = collector_dailycount.visitors + excluded.visitors
"""
UPSERT_POSTGRESQL = _UPSERT.format(
    rows="SELECT * FROM unnest("
    "%s::int[], %s::int[], %s::text[], %s::date[], %s::text[], %s::text[], %s::int[], %s::int[])"
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
        return self.is_readers and self.position == Position.START

    @property
    def is_readers(self) -> bool:
        return self.traffic != Traffic.BOT and self.verdict in (Verdict.COUNTED, Verdict.OPTED_OUT)


class Counts:
    """Counts that wait to be added to the table, by their key: `[hits, visitors]`."""

    def __init__(self) -> None:
        self.cells: dict[Key, list[int]] = {}

    def add(self, hit: Countable) -> None:
        """Count one hit for its pixel and for its project."""
        values = _values(hit)
        for pixel_id, is_new in ((hit.pixel_id, hit.new_to_pixel), (WHOLE_PROJECT, hit.new_to_project)):
            for dimension, value in values:
                key = (hit.project_id, pixel_id, dimension, hit.date, hit.platform, value)
                cell = self.cells.get(key)
                if cell is None:
                    self.cells[key] = [1, int(is_new)]
                else:
                    cell[0] += 1
                    cell[1] += is_new

    def store(self) -> None:
        """Add everything to the table, in the order of its key so that two drains never wait for each other in a ring.

        Runs one statement, within the caller's transaction.
        """
        rows: list[Any] = [(*key, *self.cells[key]) for key in sorted(self.cells)]
        if not rows:
            return
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute(UPSERT_POSTGRESQL, [list(column) for column in zip(*rows, strict=True)])
            else:
                cursor.executemany(UPSERT_SQLITE, rows)


def _values(hit: Countable) -> Iterable[tuple[str, str]]:
    """Return the dimensions that a hit counts in, each with its value."""
    values: list[tuple[str, str]] = []
    if hit.verdict != Verdict.COUNTED:
        values.append((Dimension.VERDICT.value, _VERDICTS[hit.verdict]))
    if hit.traffic == Traffic.BOT:
        values.append((Dimension.TRAFFIC.value, _BOT_TRAFFIC))
    if not hit.is_readers:
        return values
    if hit.traffic == Traffic.DIRECT:
        values.append((Dimension.POSITION.value, _POSITIONS[hit.position]))
    if hit.position != Position.START:
        return values
    values += (
        (Dimension.TOTAL.value, ""),
        (Dimension.HOUR.value, hit.hour),
        (Dimension.TRAFFIC.value, _TRAFFICS[hit.traffic]),
        (Dimension.PAGE.value, hit.page),
        (Dimension.COUNTRY.value, hit.country),
        (Dimension.LANGUAGE.value, hit.language),
        (Dimension.DEVICE.value, hit.device),
        (Dimension.BROWSER.value, hit.browser),
        (Dimension.OS.value, hit.os),
    )
    return values


_VERDICTS = {verdict.value: str(verdict.label) for verdict in Verdict}
_TRAFFICS = {traffic.value: str(traffic.label) for traffic in Traffic}
_POSITIONS = {position.value: str(position.label) for position in Position}
_BOT_TRAFFIC = _TRAFFICS[Traffic.BOT]


def local_day_and_hour(at_us: int, zone: ZoneInfo) -> tuple[date, str]:
    """Return the day and the hour, such as "09", of a moment in a time zone.

    Every zone's offset has been a multiple of 15 minutes since 1972 (IANA tzdata, but for Liberia's 44:30 until that
    year), so the quarter decides.
    """
    return _day_and_hour(at_us // QUARTER_US, zone)


@lru_cache(maxsize=65_536)
def _day_and_hour(quarter: int, zone: ZoneInfo) -> tuple[date, str]:
    local = datetime.fromtimestamp(quarter * 900, UTC).astimezone(zone)
    return local.date(), f"{local.hour:02}"
