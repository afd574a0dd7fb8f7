"""Raw hits in groups, which a source adds up: the rows of one statement become columns, counted when first needed.

The database could group too, but a report needs about ten groupings of the same hits, and the first visit of each
visitor. Readers are too different for a single grouping to leave fewer rows, and several take longer than reading the
rows once.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cached_property
from itertools import compress
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
DATE, HOUR = len(COLUMNS), len(COLUMNS) + 1  # of visits, in the project's time zone: a day, and `00` to `23`
Row = tuple[Any, ...]  # of `COLUMNS`
Column = Sequence[Any]
QUARTER_SECONDS = 15 * 60
_DIRECT = int(Traffic.DIRECT)
_START = VALUE_OF_POSITION[int(Position.START)]
Key = TypeVar("Key")
Name = TypeVar("Name")

# The hits of a project and a range of time are one range of the primary key. The planner takes each step along it for a
# slow jump of a disk, and would read the whole table for one week: several times as long. What it takes to compile the
# statement is not worth it either. PostgreSQL runs a text of several statements in one transaction, to which these
# settings are local.
_RANGE_OF_KEYS = "/* hit_groups: read a range of keys */ SET LOCAL enable_seqscan = off; SET LOCAL jit = off; "


class PixelValue(NamedTuple):
    """A value that hits of one pixel on one platform count in."""

    pixel_id: int
    platform: str
    dimension: int
    value: str


def read_rows(hits: QuerySet[Hit], columns: Sequence[str] = COLUMNS) -> list[Row]:
    """Return `COLUMNS` of hits, or the first ones of them, as the database driver returns them. One query.

    The ORM would convert each number of each row, which takes longer than all else. Within a transaction of the caller,
    PostgreSQL's settings for this statement last until that one ends.
    """
    annotated = hits.annotate(quarter=EpochSecond("at") / QUARTER_SECONDS, is_visit=VISITS)
    statement, parameters = annotated.values_list(*columns).query.sql_with_params()
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_RANGE_OF_KEYS + statement, parameters)
            while cursor.nextset():  # the rows are the last result
                continue
        else:
            cursor.execute(statement, parameters)
        rows: list[Row] = cursor.fetchall()
    return rows


class HitGroups:
    """Hits, newest first, in groups. A visitor is new with the first visit of a day among them.

    Columns are counted by the standard library's own loops, without a step of Python for each hit.
    """

    def __init__(self, rows: Sequence[Row], zone: ZoneInfo) -> None:
        self._visits = _Columns([row for row in rows if row[_IS_VISIT]])
        self._others = [row for row in rows if not row[_IS_VISIT]]
        local_hours = list(map(_LocalHours(zone).__getitem__, self._visits[QUARTER]))
        self._visits[DATE] = [date for date, _ in local_hours]
        self._visits[HOUR] = [hour for _, hour in local_hours]
        self._totals: dict[tuple[int, ...], dict[Any, Total]] = {}

    def totals(self, *columns: int) -> dict[Any, Total]:
        """Return the visits and the new visitors by the values of columns: of one, or of several in a tuple."""
        if columns not in self._totals:
            keys = self._keys(columns)
            visits, visitors = Counter(keys), Counter(map(keys.__getitem__, self._new_visits))
            self._totals[columns] = {value: Total(count, visitors.get(value, 0)) for value, count in visits.items()}
        return self._totals[columns]

    def visits(self, *columns: int) -> Counter[Any]:
        """Return the visits by the values of columns: of one, or of several in a tuple."""
        return Counter(self._keys(columns))

    @cached_property
    def visitors_of_pixels(self) -> Counter[int]:
        """Return the visitors of each pixel, once a day each."""
        distinct = set(self._keys((DATE, PIXEL, _VISITOR)))
        return Counter([pixel_id for _, pixel_id, visitor in distinct if visitor is not None])

    @cached_property
    def readings(self) -> Counter[PixelValue]:
        """Return what the hits count in `READING_DIMENSIONS`."""
        is_direct = [traffic == _DIRECT and visitor is not None for traffic, visitor in self._keys((TRAFFIC, _VISITOR))]
        readings: Counter[PixelValue] = Counter()
        for (pixel_id, platform), hits in Counter(compress(self._keys((PIXEL, PLATFORM)), is_direct)).items():
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

    def _keys(self, columns: Sequence[int]) -> Column:
        """Return the value of each visit in columns: in one, or in several as a tuple."""
        if len(columns) == 1:
            return self._visits[columns[0]]
        return list(zip(*map(self._visits.__getitem__, columns), strict=True))

    @cached_property
    def _new_visits(self) -> list[int]:
        """Return the positions of the visits with which a visitor is new on a day."""
        first_visits = {day_and_visitor: n for n, day_and_visitor in enumerate(self._keys((DATE, _VISITOR)))}
        return [n for (_, visitor), n in first_visits.items() if visitor is not None]  # the last one, so the oldest


def added_up(totals: Mapping[Key, Total], name: Callable[[Key], Name]) -> dict[Name, Total]:
    """Add up the totals whose keys have the same name."""
    named: dict[Name, Total] = {}
    for key, total in totals.items():
        of_name = name(key)
        before = named.get(of_name)
        named[of_name] = total if before is None else before.plus(*total)
    return named


class _Columns(dict[int, Column]):
    """The columns of rows by position, made when they are first asked for."""

    def __init__(self, rows: Sequence[Row]) -> None:
        super().__init__()
        self._rows = rows

    def __missing__(self, position: int) -> Column:
        column = self[position] = list(map(itemgetter(position), self._rows))
        return column


class _LocalHours(dict[int, tuple[date, str]]):
    """The local day and hour, `00` to `23`, of quarter hours, made when they are first asked for."""

    def __init__(self, zone: ZoneInfo) -> None:
        super().__init__()
        self._zone = zone

    def __missing__(self, quarter: int) -> tuple[date, str]:
        local = datetime.fromtimestamp(quarter * QUARTER_SECONDS, UTC).astimezone(self._zone)
        hour = self[quarter] = local.date(), f"{local.hour:02}"
        return hour
