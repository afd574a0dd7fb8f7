"""What the uses of other SDKs count: each installation once a day, and in each week and month; each event once.

The marks of a batch tell what is new, and are stored with the counts in the transaction of its hits. Nothing else is
kept of a use: there are no raw reports.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from collector.models import Driver, DroppedName, ReportDimension, Span
from collector.models.left_out import EXCESS
from collector.models.programs import Part
from collector.programs.report import Value
from collector.spool.door_line import DoorUse, Marks, SpooledUse
from collector.spool.report_line import day_of
from collector.storage.bulk_sql import columns_from_json, write_rows
from collector.storage.left_out import LeftOuts
from collector.storage.marks import MarkKey, insert_marks
from collector.storage.report_caps import CountingProgram
from collector.storage.report_counts import Cell, ReportCounts
from collector.storage.window_salts import windows_of

MAX_NAMES = 100  # of one program that are shown
_PART_OF_SPAN = {int(Span.DAY): int(Part.DAY), int(Span.WEEK): int(Part.WEEK), int(Span.MONTH): int(Part.MONTH)}
_FACTS = (
    (int(ReportDimension.VERSION), "version"), (int(ReportDimension.OS), "os"), (int(ReportDimension.ARCH), "arch"),
    (int(ReportDimension.RUNTIME), "runtime"), (int(ReportDimension.COUNTRY), "country"),
)  # fmt: skip

UPSERT_NAMES_POSTGRESQL = f"""
    /* door_counts.names */
    INSERT INTO collector_droppedname (project_id, pixel_id, name, date)
    SELECT project_id::int, pixel_id::int, name, date::date
    FROM {columns_from_json(4)} AS row (project_id, pixel_id, name, date)
    ON CONFLICT (project_id, pixel_id, name) DO UPDATE SET date = excluded.date
    WHERE collector_droppedname.date < excluded.date
"""
UPSERT_NAMES_SQLITE = """
    /* door_counts.names */
    INSERT INTO collector_droppedname (project_id, pixel_id, name, date) VALUES (%s, %s, %s, %s)
    ON CONFLICT (project_id, pixel_id, name) DO UPDATE SET date = excluded.date
    WHERE collector_droppedname.date < excluded.date
"""


class _Window(NamedTuple):
    """A mark of an installation in one of its windows."""

    span: int
    date: str
    mark: int


class DoorCounts:
    """The uses of one batch. Add all of them, then store them."""

    def __init__(self) -> None:
        self._waiting: list[tuple[CountingProgram, SpooledUse]] = []

    def add(self, program: CountingProgram, spooled: SpooledUse) -> None:
        """Add what was reported of one installation, or of one session, on one day."""
        self._waiting.append((program, spooled))

    def days(self) -> Iterator[tuple[CountingProgram, str]]:
        """Yield the program and the day of each line."""
        return ((program, spooled.day) for program, spooled in self._waiting)

    def store(self, counts: ReportCounts, left_outs: LeftOuts) -> None:
        """Store the marks and the dropped names, and add what is new to `counts`, or to what is left out.

        Two or three statements at most.
        """
        if not self._waiting:
            return
        marks: set[MarkKey] = set()
        for program, spooled in self._waiting:
            marks |= set(_marks_in(program, spooled))
        new = insert_marks(marks)
        for program, spooled in self._waiting:
            _Use(program, spooled, new, _places(program, spooled, counts, left_outs)).count()
        self._store_names()

    def _store_names(self) -> None:
        last_days: dict[tuple[int, int, str], str] = {}
        for program, spooled in self._waiting:
            for name in spooled.dropped:
                key = (program.project_id, program.pixel_id, name)
                last_days[key] = max(spooled.day, last_days.get(key, ""))
        if last_days:
            known = _known_names({(project_id, pixel_id) for project_id, pixel_id, _ in last_days})
            rows = [(*key, day) for key, day in sorted(last_days.items()) if _admits(known, key)]
            write_rows(UPSERT_NAMES_POSTGRESQL, UPSERT_NAMES_SQLITE, rows)


class _Use:
    """One line as it is counted in one place or two. What it finds in `new` it takes out: nothing counts twice."""

    def __init__(
        self, program: CountingProgram, spooled: SpooledUse, new: set[MarkKey], places: Sequence[ReportCounts]
    ) -> None:
        self._program = program
        self._spooled = spooled
        self._new = new
        self._places = places
        self._driver = int(Driver.SESSION if spooled.is_session else Driver.DOOR)

    def count(self) -> None:
        spooled = self._spooled
        if (parts := self._new_parts("")) & Part.DAY:
            self._add(int(ReportDimension.ACTIVE), "", parts, 1, 0)
            for dimension, fact in _FACTS:
                if value := getattr(spooled, fact):
                    self._add_fact(dimension, value, parts)
        uses = [use for use in spooled.uses if self._is_new(use)]
        for event, number in Counter(use.event for use in uses).items():
            parts = self._new_parts(event)
            self._add(int(ReportDimension.EVENT), event, parts, int(bool(parts & Part.DAY)), number)
        for use in uses:
            for name, value in use.p.items():
                self._add_value(f"{use.event}.{name}", value)
            for name, number in use.h.items():
                self._add(int(ReportDimension.BUCKET), f"{use.event}.{name}#{number}", 0, 0, 1)

    def _add_fact(self, dimension: int, value: str, parts: int) -> None:
        for counts in self._places:
            admitted = counts.caps.admitted(self._program, self._spooled.day, self._driver, dimension, value)
            self._add_to(counts, (dimension, admitted, parts), 1, 0)

    def _add_value(self, path: str, value: Value) -> None:
        text = value if isinstance(value, str) else "true" if value else "false"
        for counts in self._places:
            admitted = counts.caps.admitted_property(self._program, self._spooled.day, self._driver, path, text)
            self._add_to(counts, (int(ReportDimension.PROPERTY), admitted, 0), 0, 1)

    def _add(self, dimension: int, value: str, parts: int, reports: int, number: int) -> None:
        for counts in self._places:
            self._add_to(counts, (dimension, value, parts), reports, number)

    def _add_to(self, counts: ReportCounts, cell: Cell, reports: int, number: int) -> None:
        counts.add_to(self._program, self._spooled.day, self._driver, cell, reports, number)

    def _is_new(self, use: DoorUse) -> bool:
        return use.key is None or self._takes(_event_mark(self._program, self._spooled.day, use.key))

    def _new_parts(self, event: str) -> int:
        """Return in which windows the installation, or its use of an event, is new."""
        marks = self._spooled.marks
        if marks is None:
            return 0
        return sum(
            _PART_OF_SPAN[window.span]
            for window in _windows(self._spooled, marks, event)
            if self._takes(_key(self._program, window))
        )

    def _takes(self, key: MarkKey) -> bool:
        is_new = key in self._new
        self._new.discard(key)
        return is_new


def _places(
    program: CountingProgram, spooled: SpooledUse, counts: ReportCounts, left_outs: LeftOuts
) -> list[ReportCounts]:
    """Return where a line counts: in the figures, or with what is left out, or in both if an owner counts that."""
    if not spooled.is_excess:
        return [counts]
    excess = left_outs.counts_of(program, spooled.day, EXCESS)
    return [counts, excess] if left_outs.counts_excess(program, spooled.day) else [excess]


def _marks_in(program: CountingProgram, spooled: SpooledUse) -> list[MarkKey]:
    keys = [_event_mark(program, spooled.day, use.key) for use in spooled.uses if use.key is not None]
    if spooled.marks is not None:
        for event in {"", *(use.event for use in spooled.uses)}:
            keys += [_key(program, window) for window in _windows(spooled, spooled.marks, event)]
    return keys


def _windows(spooled: SpooledUse, marks: Marks, event: str) -> list[_Window]:
    """Return the marks of an installation, or of its use of an event. A session is only counted by day."""
    day, week, month = windows_of(day_of(spooled.day))
    windows = [_Window(day.span, spooled.day, _mark(marks.day, event))]
    if not spooled.is_session:
        windows.append(_Window(week.span, week.date.isoformat(), _mark(marks.week, event)))
        windows.append(_Window(month.span, month.date.isoformat(), _mark(marks.month, event)))
    return windows


def _mark(mark: int, event: str) -> int:
    """Return the mark of an installation's use of an event: a hash of both, so that it differs from all others."""
    if not event:
        return mark
    digest = hashlib.blake2b(event.encode(), key=mark.to_bytes(8, "big", signed=True), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def _key(program: CountingProgram, window: _Window) -> MarkKey:
    return MarkKey(program.project_id, window.span, window.date, program.pixel_id, window.mark)


def _event_mark(program: CountingProgram, day: str, mark: int) -> MarkKey:
    return MarkKey(program.project_id, int(Span.DAY), day, program.pixel_id, mark)


def _known_names(programs: set[tuple[int, int]]) -> dict[tuple[int, int], set[str]]:
    """Return the names that programs have already. One query for each program."""
    return {
        (project_id, pixel_id): set(
            DroppedName.objects.filter(project_id=project_id, pixel_id=pixel_id).values_list("name", flat=True)
        )
        for project_id, pixel_id in programs
    }


def _admits(known: dict[tuple[int, int], set[str]], key: tuple[int, int, str]) -> bool:
    names = known[key[0], key[1]]
    if key[2] not in names and len(names) >= MAX_NAMES:
        return False
    names.add(key[2])
    return True
