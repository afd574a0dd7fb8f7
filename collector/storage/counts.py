"""The rollup of hits by pixel, local day, platform, dimension and value.

What one hit adds is decided here alone, for the running drain and for `rebuild_counts` alike. What the whole project
has on all platforms together is added up once a batch, when it is stored: a hit costs nothing more.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Any

from django.db import connection

from collector.classify.platforms import lazy_platforms
from collector.models import Dimension, Evidence, Position, Traffic, Verdict
from collector.models.counts import ALL_PLATFORMS, WHOLE_PROJECT
from collector.storage.bulk_sql import columns_from_json, json_columns
from collector.storage.countable import (
    VALUE_OF_POSITION,
    VALUE_OF_TRAFFIC,
    VALUE_OF_VERDICT,
    Countable,
    Value,
)

Group = tuple[int, str, int, str]  # project, day, pixel or whole project, platform
MAX_WAITING_HITS = 50_000

# Members of an enumeration cost a descriptor each time they are named; these are named for every hit.
_START = int(Position.START)
_DIRECT = int(Traffic.DIRECT)
_COUNTED = int(Verdict.COUNTED)
_TOTAL = (int(Dimension.TOTAL), "")
_PIXEL = int(Dimension.PIXEL)
_VALUE_OF_EVIDENCE = {int(evidence): (int(Dimension.EVIDENCE), str(evidence.label)) for evidence in Evidence}
_EVIDENCE, _ELSEWHERE = int(Dimension.EVIDENCE), int(Dimension.ELSEWHERE)
_NOT_JOINED = frozenset({int(Dimension.TOTAL), int(Dimension.POSITION), _EVIDENCE})
# What tells read-through, and the dimension that has it by pixel.
_READING = (
    (VALUE_OF_POSITION[int(Position.START)], int(Dimension.STARTED)),
    (VALUE_OF_POSITION[int(Position.END)], int(Dimension.FINISHED)),
)
_FACTS: tuple[tuple[int, Callable[[Countable], str]], ...] = tuple(
    (int(dimension), attrgetter(str(dimension.label)))
    for dimension in (
        Dimension.HOUR, Dimension.PAGE, Dimension.COUNTRY, Dimension.LANGUAGE, Dimension.DEVICE, Dimension.BROWSER,
        Dimension.OS,
    )
)  # fmt: skip
_KIND: Callable[[Countable], tuple[int, int, int]] = attrgetter("traffic", "verdict", "evidence")
_SEEN_AT: Callable[[Countable], str] = attrgetter("elsewhere")

_UPSERT = """
    /* counts.upsert */
    INSERT INTO collector_dailycount (project_id, date, pixel_id, dimension, platform, value, hits, visitors)
    {rows}
    ON CONFLICT (project_id, date, pixel_id, dimension, platform, value) DO UPDATE SET
        hits = collector_dailycount.hits + excluded.hits,
        visitors = collector_dailycount.visitors + excluded.visitors
"""
UPSERT_POSTGRESQL = _UPSERT.format(
    rows="SELECT project_id::int, date::date, pixel_id::int, dimension::smallint, platform, value, hits::int,"
    " visitors::int"
    f" FROM {columns_from_json(8)} AS row (project_id, date, pixel_id, dimension, platform, value, hits, visitors)"
)
UPSERT_SQLITE = _UPSERT.format(rows="VALUES (%s, %s, %s, %s, %s, %s, %s, %s)")


class Counts:
    """Counts that wait to be added to the table.

    Visits are collected by group first and counted later, many at a time and one dimension after another: `Counter`
    does that in C, and the strings of one dimension are hashed once.
    """

    def __init__(self) -> None:
        self._waiting: dict[Group, list[Countable]] = {}
        self._waiting_hits = 0
        self._hits: dict[Group, Counter[Value]] = {}
        self._visitors: dict[Group, Counter[Value]] = {}

    def add(self, hit: Countable) -> None:
        """Count one hit for its pixel, and so for its project."""
        group = (hit.project_id, hit.date, hit.pixel_id, hit.platform)
        if not hit.is_visit:
            self._hits.setdefault(group, Counter()).update(hit.other_values())
            return
        waiting = self._waiting.get(group)
        if waiting is None:
            waiting = self._waiting[group] = []
        waiting.append(hit)
        self._waiting_hits += 1
        if self._waiting_hits > MAX_WAITING_HITS:
            self._count()

    def _count(self) -> None:
        new_to_project: dict[Group, list[Countable]] = {}
        for group, visits in self._waiting.items():
            _add_visits(self._hits, group, visits)
            _add_visits(self._visitors, group, [hit for hit in visits if hit.new_to_pixel])
            project_id, day, _, platform = group
            new = new_to_project.setdefault((project_id, day, WHOLE_PROJECT, platform), [])
            new += [hit for hit in visits if hit.new_to_project]
        for group, visits in new_to_project.items():
            _add_visits(self._visitors, group, visits)
        self._waiting.clear()
        self._waiting_hits = 0

    def store(self) -> None:
        """Add everything to the table, in the order of its key so that two drains never wait for each other in a ring.

        Runs one statement, within the caller's transaction.
        """
        self._count()
        hits = self._hits | _of_projects(self._hits)
        rows: list[Any] = sorted(
            (*group[:3], dimension, group[3], value, count, new[dimension, value])
            for counted, seen in ((hits, self._visitors), (_joined(hits), _joined(self._visitors)))
            for group, cells in counted.items()
            for new in (seen.get(group) or Counter[Value](),)
            for (dimension, value), count in cells.items()
            if dimension != _EVIDENCE or group[2] == WHOLE_PROJECT
        )
        if not rows:
            return
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute(UPSERT_POSTGRESQL, json_columns(rows))
            else:
                cursor.executemany(UPSERT_SQLITE, rows)


def _add_visits(counted: dict[Group, Counter[Value]], group: Group, visits: list[Countable]) -> None:
    """Count visits of one group in every dimension."""
    if not visits:
        return
    cells = counted.get(group)
    if cells is None:
        cells = counted[group] = Counter()
    cells[_TOTAL] += len(visits)
    for dimension, fact in _FACTS:
        for value, count in Counter(map(fact, visits)).items():
            cells[dimension, value] += count
    for host, count in Counter(map(_SEEN_AT, visits)).items():
        if host:
            cells[_ELSEWHERE, host] += count
    for (traffic, verdict, evidence), count in Counter(map(_KIND, visits)).items():
        cells[VALUE_OF_TRAFFIC[traffic]] += count
        cells[_VALUE_OF_EVIDENCE[evidence]] += count
        if traffic == _DIRECT:
            cells[VALUE_OF_POSITION[_START]] += count
        if verdict != _COUNTED:
            cells[VALUE_OF_VERDICT[verdict]] += count


def _of_projects(by_pixel: dict[Group, Counter[Value]]) -> dict[Group, Counter[Value]]:
    """Add up the hits of each project's pixels. (Visitors don't add up: one may have seen two pixels.)"""
    of_projects: dict[Group, Counter[Value]] = {}
    for (project_id, day, _, platform), cells in by_pixel.items():
        _add(of_projects.setdefault((project_id, day, WHOLE_PROJECT, platform), Counter()), cells.items())
    return of_projects


def _joined(by_platform: dict[Group, Counter[Value]]) -> dict[Group, Counter[Value]]:
    """Add up each project's counts over its platforms, and count its pixels."""
    joined: dict[Group, Counter[Value]] = {}
    lazy = lazy_platforms()
    for (project_id, day, pixel_id, platform), cells in by_platform.items():
        of_day = joined.setdefault((project_id, day, ALL_PLATFORMS, ""), Counter())
        if pixel_id == WHOLE_PROJECT:
            _add(of_day, (cell for cell in cells.items() if cell[0][0] not in _NOT_JOINED))
            continue
        if _TOTAL in cells:
            of_day[_PIXEL, str(pixel_id)] += cells[_TOTAL]
        if platform not in lazy:
            for position, dimension in _READING:
                if position in cells:
                    of_day[dimension, str(pixel_id)] += cells[position]
    return joined


def _add(counter: Counter[Value], cells: Iterable[tuple[Value, int]]) -> None:
    get = counter.get
    for value, count in cells:
        counter[value] = get(value, 0) + count
