"""The counts: hits and visitors by pixel, local day, platform, dimension and value.

Only this module decides what one hit adds, both for the running drain and for `rebuild_counts`. The sums of a whole
project, over its pixels and over its platforms, are made once for each batch when it is stored, not for each hit.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from operator import attrgetter

from collector.classify.platforms import lazy_platforms
from collector.models import DailyCount, Dimension, Evidence, Position, Traffic, Verdict
from collector.models.counts import ALL_PLATFORMS, WHOLE_PROJECT
from collector.models.reading import AT_ONCE
from collector.storage.bulk_sql import columns_from_json, write_rows
from collector.storage.campaigns import Campaign
from collector.storage.countable import (
    VALUE_OF_POSITION,
    VALUE_OF_TRAFFIC,
    VALUE_OF_VERDICT,
    Countable,
    Value,
)

CountGroup = tuple[int, str, int, str]  # project, day, pixel or scope, platform
Cells = dict[CountGroup, Counter[Value]]
CountRow = tuple[int, str, int, int, str, str, int, int]  # the columns of `_UPSERT`
MAX_WAITING_HITS = 50_000

# Naming a member of an enumeration costs a descriptor call each time. These are named for every hit: plain integers.
_START = int(Position.START)
_DIRECT = int(Traffic.DIRECT)
_COUNTED = int(Verdict.COUNTED)
_TOTAL = (int(Dimension.TOTAL), "")
_PIXEL = int(Dimension.PIXEL)
_VALUE_OF_EVIDENCE = {int(evidence): (int(Dimension.EVIDENCE), str(evidence.label)) for evidence in Evidence}
_EVIDENCE, _ELSEWHERE = int(Dimension.EVIDENCE), int(Dimension.ELSEWHERE)
_NOT_JOINED = frozenset({int(Dimension.TOTAL), int(Dimension.POSITION), int(Dimension.READING), _EVIDENCE})
# The numbers that read-through is computed from, and the dimension that has each by pixel.
_READ_THROUGH = (
    (VALUE_OF_POSITION[int(Position.START)], int(Dimension.STARTED)),
    (VALUE_OF_POSITION[int(Position.END)], int(Dimension.FINISHED)),
    ((int(Dimension.READING), AT_ONCE), int(Dimension.AT_ONCE)),
)
_FACT_OF_DIMENSION: tuple[tuple[int, Callable[[Countable], str]], ...] = tuple(
    (int(dimension), attrgetter(str(dimension.label)))
    for dimension in (
        Dimension.HOUR, Dimension.PAGE, Dimension.COUNTRY, Dimension.LANGUAGE, Dimension.DEVICE, Dimension.BROWSER,
        Dimension.OS,
    )
)  # fmt: skip
_FEW_VALUES: Callable[[Countable], tuple[int, int, int, bool]] = attrgetter(
    "traffic", "verdict", "evidence", "has_visitor"
)
_ELSEWHERE_HOST: Callable[[Countable], str] = attrgetter("elsewhere")
_CAMPAIGN: Callable[[Countable], Campaign] = attrgetter("campaign")

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

    Visits are first collected by group and counted later, many at a time, one dimension after another. That is fast:
    `Counter` does it in C, and each string of a dimension is hashed once.
    """

    def __init__(self) -> None:
        self._waiting: dict[CountGroup, list[Countable]] = {}
        self._waiting_hits = 0
        self._hits: Cells = {}
        self._visitors: Cells = {}

    def add(self, hit: Countable) -> None:
        """Count one hit for its pixel and for its project."""
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

    def replace(self, before: Countable, after: Countable) -> None:
        """Count a stored hit that is not a visit as `after`, no longer as `before`."""
        cells = self._hits.setdefault((after.project_id, after.date, after.pixel_id, after.platform), Counter())
        cells.update(after.other_values())
        cells.subtract(before.other_values())

    def remove(self, other: "Counts") -> None:
        """Count no longer what `other` counts: stored hits, with their new visitors."""
        other._count()
        for ours, theirs in ((self._hits, other._hits), (self._visitors, other._visitors)):
            for group, cells in theirs.items():
                ours.setdefault(group, Counter()).subtract(cells)

    def _count(self) -> None:
        """Count the visits that wait, and the new visitors among them."""
        new_to_project: dict[CountGroup, list[Countable]] = {}
        for group, visits in self._waiting.items():
            _add_visits(self._hits, group, visits)
            _add_visits(self._visitors, group, [hit for hit in visits if hit.new_to_pixel])
            project_id, day, _, platform = group
            new_visits = new_to_project.setdefault((project_id, day, WHOLE_PROJECT, platform), [])
            new_visits += [hit for hit in visits if hit.new_to_project]
        for group, visits in new_to_project.items():
            _add_visits(self._visitors, group, visits)
        self._waiting.clear()
        self._waiting_hits = 0

    def store(self) -> None:
        """Add everything to the table. One statement, in the caller's transaction; more where stored hits change.

        Rows are written in the order of their key, so that two drains never deadlock.
        """
        self._count()
        hits = self._hits | _of_projects(self._hits)
        rows = _rows(hits, self._visitors)
        rows += _rows(_joined(hits), _joined(self._visitors))
        rows.sort()
        write_rows(UPSERT_POSTGRESQL, UPSERT_SQLITE, rows)
        for project_id, day in sorted({(row[0], row[1]) for row in rows if row[6] < 0}):  # after `replace` or `remove`
            of_day = DailyCount.objects.filter(project_id=project_id, date=day)
            of_day.filter(hits__lte=0).delete()
            # A drain that read the project's sites just before they changed may have counted under other labels.
            if any(row[7] < 0 for row in rows):
                of_day.filter(visitors__lt=0).update(visitors=0)


def _rows(hits: Cells, visitors: Cells) -> list[CountRow]:
    """Return the rows of counted hits, with the new visitors of each."""
    rows: list[CountRow] = []
    no_visitors: Counter[Value] = Counter()
    for group, cells in hits.items():
        project_id, day, pixel_id, platform = group
        visitors_of = visitors.get(group, no_visitors).get
        for cell, count in cells.items():
            dimension, value = cell
            if dimension == _EVIDENCE and pixel_id != WHOLE_PROJECT:
                continue  # evidence is kept for whole projects only
            if not count:
                continue  # a stored hit was replaced by one that counts the same here
            rows.append((project_id, day, pixel_id, dimension, platform, value, count, visitors_of(cell, 0)))
    return rows


def _add_visits(counted: Cells, group: CountGroup, visits: list[Countable]) -> None:
    """Count visits of one group in every dimension."""
    if not visits:
        return
    cells = counted.get(group)
    if cells is None:
        cells = counted[group] = Counter()
    cells[_TOTAL] += len(visits)
    for dimension, fact in _FACT_OF_DIMENSION:
        for value, count in Counter(map(fact, visits)).items():
            cells[dimension, value] += count
    for host, count in Counter(map(_ELSEWHERE_HOST, visits)).items():
        if host:
            cells[_ELSEWHERE, host] += count
    for campaign, count in Counter(map(_CAMPAIGN, visits)).items():
        for parameter in campaign:
            cells[parameter] += count
    for (traffic, verdict, evidence, has_visitor), count in Counter(map(_FEW_VALUES, visits)).items():
        cells[VALUE_OF_TRAFFIC[traffic]] += count
        cells[_VALUE_OF_EVIDENCE[evidence]] += count
        if traffic == _DIRECT and has_visitor:
            cells[VALUE_OF_POSITION[_START]] += count
        if verdict != _COUNTED:
            cells[VALUE_OF_VERDICT[verdict]] += count


def _of_projects(by_pixel: Cells) -> Cells:
    """Add up the hits of each project's pixels. Visitors don't add up: one visitor may have seen two pixels."""
    of_projects: Cells = {}
    for (project_id, day, _, platform), cells in by_pixel.items():
        _add(of_projects.setdefault((project_id, day, WHOLE_PROJECT, platform), Counter()), cells.items())
    return of_projects


def _joined(by_platform: Cells) -> Cells:
    """Add up each project's counts over its platforms, and count its pixels."""
    joined: Cells = {}
    lazy = lazy_platforms()
    for (project_id, day, pixel_id, platform), cells in by_platform.items():
        of_day = joined.setdefault((project_id, day, ALL_PLATFORMS, ""), Counter())
        if pixel_id == WHOLE_PROJECT:
            _add(of_day, [(cell, count) for cell, count in cells.items() if cell[0] not in _NOT_JOINED])
            continue
        if _TOTAL in cells:
            of_day[_PIXEL, str(pixel_id)] += cells[_TOTAL]
        if platform not in lazy:
            for position, dimension in _READ_THROUGH:
                if position in cells:
                    of_day[dimension, str(pixel_id)] += cells[position]
    return joined


def _add(counter: Counter[Value], cells: Iterable[tuple[Value, int]]) -> None:
    """Add counts to a counter. Quicker than `+=`: `Counter` looks up a missing key in Python."""
    get = counter.get
    for cell, count in cells:
        counter[cell] = get(cell, 0) + count
