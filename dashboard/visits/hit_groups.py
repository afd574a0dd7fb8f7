"""Raw hits in groups, which a source adds up: the rows of one statement become counters, each when it is first needed.

The database could group too, but a report needs about ten groupings of the same hits, and the first visit of each
visitor. Both databases take several times as long for that as for reading the rows once (the window alone costs as much
as all the rest), and readers are too different for a single grouping to leave fewer rows.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cached_property
from operator import itemgetter
from typing import Any, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import QuerySet

from collector.models import Hit, Position, Traffic
from collector.storage.countable import VALUE_OF_POSITION, VISITS, other_values
from collector.storage.moments import EpochSecond
from dashboard.visits.readings import READING_DIMENSIONS
from dashboard.visits.results import Total

# What is read of a hit: plain tuples of the database driver. `quarter` is the quarter hour since the epoch: all its
# moments have the same local hour (see `local_day_and_hour`).
COLUMNS = (
    "quarter", "is_visit", "visitor", "pixel_id", "platform", "placement", "evidence", "traffic", "verdict",
    "reading_seconds", "page_id", "country", "language", "user_agent_id",
)  # fmt: skip
(
    QUARTER, _IS_VISIT, _VISITOR, PIXEL, PLATFORM, PLACEMENT, EVIDENCE, TRAFFIC, VERDICT,
    _READING_SECONDS, PAGE, COUNTRY, LANGUAGE, AGENT,
) = range(len(COLUMNS))  # fmt: skip
FIGURE_COLUMNS = COLUMNS[:PAGE]  # enough for figures and the trend of a period, not for its values
_FEW_VALUES = (PIXEL, PLATFORM, EVIDENCE, TRAFFIC, VERDICT)  # columns that leave few groups, even together
Row = tuple[Any, ...]  # of `COLUMNS`
QUARTER_SECONDS = 15 * 60
_DIRECT = int(Traffic.DIRECT)
_START = VALUE_OF_POSITION[int(Position.START)]
Key = TypeVar("Key")
Name = TypeVar("Name")


class LocalHour(NamedTuple):
    """An hour of a day in the project's time zone. `hour` is `00` to `23`."""

    date: date
    hour: str


class PixelValue(NamedTuple):
    """A value that hits of one pixel on one platform count in."""

    pixel_id: int
    platform: str
    dimension: int
    value: str


def read_rows(hits: QuerySet[Hit], columns: Sequence[str] = COLUMNS) -> list[Row]:
    """Return `COLUMNS` of hits, or the first ones of them, as the database driver returns them. One query.

    The ORM would convert each number of each row, which takes longer than all else.
    """
    annotated = hits.annotate(quarter=EpochSecond("at") / QUARTER_SECONDS, is_visit=VISITS)
    statement, parameters = annotated.values_list(*columns).query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        rows: list[Row] = cursor.fetchall()
    return rows


class HitGroups:
    """Hits, newest first, in groups. A visitor is new with the first visit of a day among them."""

    def __init__(self, rows: Sequence[Row], zone: ZoneInfo) -> None:
        self._visits = [row for row in rows if row[_IS_VISIT]]
        self._others = [row for row in rows if not row[_IS_VISIT]]
        self._hours = _LocalHours(zone)
        self._totals: dict[tuple[int, ...], dict[Any, Total]] = {}

    def totals(self, *columns: int) -> dict[Any, Total]:
        """Return the visits and the new visitors by the values of columns: of one, or of several in a tuple."""
        if columns not in self._totals:
            key = itemgetter(*columns)
            visits, visitors = Counter(map(key, self._visits)), Counter(map(key, self._new_visits))
            self._totals[columns] = {value: Total(count, visitors[value]) for value, count in visits.items()}
        return self._totals[columns]

    def visits(self, *columns: int) -> Counter[Any]:
        """Return the visits by the values of one or several columns of `_FEW_VALUES`."""
        key = itemgetter(*map(_FEW_VALUES.index, columns))
        visits: Counter[Any] = Counter()
        for values, count in self._few_values.items():
            visits[key(values)] += count
        return visits

    @cached_property
    def hours(self) -> dict[tuple[LocalHour, str], Total]:
        """Return the visits and the new visitors by local hour and platform."""
        hours = self._hours

        def local(quarter_and_platform: tuple[int, str]) -> tuple[LocalHour, str]:
            quarter, platform = quarter_and_platform
            return hours[quarter], platform

        return added_up(self.totals(QUARTER, PLATFORM), local)

    @cached_property
    def pixel_days(self) -> Counter[tuple[int, date]]:
        """Return the visits by pixel and local day."""
        return Counter(zip(map(itemgetter(PIXEL), self._visits), self._days, strict=True))

    @cached_property
    def visitors_of_pixels(self) -> Counter[int]:
        """Return the visitors of each pixel, once a day each."""
        pixels, visitors = map(itemgetter(PIXEL), self._visits), map(itemgetter(_VISITOR), self._visits)
        distinct = set(zip(self._days, pixels, visitors, strict=True))
        return Counter([pixel_id for _, pixel_id, visitor in distinct if visitor is not None])

    @cached_property
    def readings(self) -> Counter[PixelValue]:
        """Return what the hits count in `READING_DIMENSIONS`."""
        direct = [row for row in self._visits if row[TRAFFIC] == _DIRECT and row[_VISITOR] is not None]
        readings: Counter[PixelValue] = Counter()
        for (pixel_id, platform), hits in Counter(map(itemgetter(PIXEL, PLATFORM), direct)).items():
            readings[PixelValue(pixel_id, platform, *_START)] = hits
        readings.update({value: hits for value, hits in self.others.items() if value.dimension in READING_DIMENSIONS})
        return readings

    @cached_property
    def others(self) -> Counter[PixelValue]:
        """Return what the hits that are not visits count in."""
        others: Counter[PixelValue] = Counter()
        hits_with_values = Counter(
            [(row[PIXEL], row[PLATFORM], other_values(row[VERDICT], row[_READING_SECONDS])) for row in self._others]
        )
        for (pixel_id, platform, values), hits in hits_with_values.items():
            for value in values:
                others[PixelValue(pixel_id, platform, *value)] += hits
        return others

    @cached_property
    def _few_values(self) -> Counter[tuple[Any, ...]]:
        return Counter(map(itemgetter(*_FEW_VALUES), self._visits))

    @cached_property
    def _days(self) -> list[date]:
        """Return the local day of each visit."""
        hours = self._hours
        return [hours[row[QUARTER]].date for row in self._visits]

    @cached_property
    def _new_visits(self) -> list[Row]:
        """Return the visits with which a visitor is new on a day."""
        visitors_on_days = zip(self._days, map(itemgetter(_VISITOR), self._visits), strict=True)
        first_visits = dict(zip(visitors_on_days, self._visits, strict=True))  # the last one stays, which is the oldest
        return [row for row in first_visits.values() if row[_VISITOR] is not None]


def added_up(totals: Mapping[Key, Total], name: Callable[[Key], Name]) -> dict[Name, Total]:
    """Add up the totals whose keys have the same name."""
    named: dict[Name, Total] = {}
    for key, total in totals.items():
        of_name = name(key)
        before = named.get(of_name)
        named[of_name] = total if before is None else before.plus(*total)
    return named


class _LocalHours(dict[int, LocalHour]):
    """The local hours of quarter hours, made when they are first asked for."""

    def __init__(self, zone: ZoneInfo) -> None:
        super().__init__()
        self._zone = zone

    def __missing__(self, quarter: int) -> LocalHour:
        local = datetime.fromtimestamp(quarter * QUARTER_SECONDS, UTC).astimezone(self._zone)
        hour = self[quarter] = LocalHour(local.date(), f"{local.hour:02}")
        return hour
