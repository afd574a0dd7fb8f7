"""The counts of what programs report, by program, UTC day, driver, dimension and value.

Only this module decides what one report or one run adds. `collector.models.programs.ReportDimension` says what each
dimension means. Counts are kept and never computed again: the raw reports are deleted after 35 days.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import lru_cache
from operator import attrgetter
from typing import NamedTuple

from collector.models import INSTALLED, Driver, ReportDimension
from collector.models.programs import NEW
from collector.programs.forms import MAX_GAP
from collector.programs.report import ProgramReport, Used, Value
from collector.spool.report_line import NUMBER_OF_DRIVER, SpooledRun, day_of
from collector.storage.bulk_sql import columns_from_json, write_rows
from collector.storage.moments import moment_text
from collector.storage.report_caps import CountingProgram, ReportCaps

CountGroup = tuple[int, int, str, int]  # project, pixel, day, driver
Cell = tuple[int, str, int]  # dimension, value, gap
Cells = dict[Cell, list[int]]  # the reports and the number of each


class CountRow(NamedTuple):
    """A row of counts: the columns of `_UPSERT`."""

    project_id: int
    pixel_id: int
    dimension: int
    date: str
    driver: int
    value: str
    gap: int
    reports: int
    number: int


# Naming a member of an enumeration costs a descriptor call each time. These are named for every report: plain integers.
_ACTIVE, _COHORT, _UPGRADE = int(ReportDimension.ACTIVE), int(ReportDimension.COHORT), int(ReportDimension.UPGRADE)
_EVENT, _PROPERTY, _BUCKET = int(ReportDimension.EVENT), int(ReportDimension.PROPERTY), int(ReportDimension.BUCKET)
_RUN, _RUN_VERSION = int(ReportDimension.RUN), int(ReportDimension.RUN_VERSION)
_PERSON, _INSTALLATIONS = int(Driver.PERSON), int(Driver.INSTALLATIONS)
_INSTALLED = frozenset(int(driver) for driver in INSTALLED)
_FACT_OF_DIMENSION: tuple[tuple[int, Callable[[ProgramReport], str]], ...] = tuple(
    (int(dimension), attrgetter(str(dimension.label)))
    for dimension in (
        ReportDimension.VERSION, ReportDimension.OS, ReportDimension.ARCH, ReportDimension.RUNTIME,
        ReportDimension.COUNTRY,
    )
)  # fmt: skip
_VERSIONS: Callable[[ProgramReport], tuple[str, str]] = attrgetter("from_version", "version")

_UPSERT = """
    /* report_counts.upsert */
    INSERT INTO collector_reportcount
        (project_id, pixel_id, dimension, date, driver, value, gap, reports, number)
    {rows}
    ON CONFLICT (project_id, pixel_id, dimension, date, driver, value, gap) DO UPDATE SET
        reports = collector_reportcount.reports + excluded.reports,
        number = collector_reportcount.number + excluded.number
"""
UPSERT_POSTGRESQL = _UPSERT.format(
    rows="SELECT project_id::int, pixel_id::int, dimension::smallint, date::date, driver::smallint, value,"
    " gap::smallint, reports::int, number::bigint"
    f" FROM {columns_from_json(9)}"
    " AS row (project_id, pixel_id, dimension, date, driver, value, gap, reports, number)"
)
UPSERT_SQLITE = _UPSERT.format(rows="VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)")


class ReportCounts:
    """Counts of one batch that wait to be added to the table. Every report that is added is new.

    What reports say about themselves is counted for many reports at a time, one dimension after another: `Counter` does
    it in C. What they used is counted report by report.
    """

    def __init__(self, caps: ReportCaps) -> None:
        self.caps = caps
        self._programs: dict[int, CountingProgram] = {}
        self._waiting: dict[CountGroup, list[ProgramReport]] = {}
        self._groups: dict[CountGroup, Cells] = {}
        self._property_cells: dict[tuple[int, str, int, str, str, Value], Cell] = {}

    def add(self, program: CountingProgram, report: ProgramReport) -> None:
        """Count one report."""
        self._programs[program.pixel_id] = program
        driver = NUMBER_OF_DRIVER[report.driver]
        group = (program.project_id, program.pixel_id, report.day, driver)
        waiting = self._waiting.get(group)
        if waiting is None:
            waiting = self._waiting[group] = []
        waiting.append(report)
        if report.used:
            self._add_used(program, driver, report.used)

    def add_run(self, program: CountingProgram, run: SpooledRun) -> None:
        """Count one run that a shell reported."""
        day = moment_text(run.at_us)[:10]
        cells = self._cells((program.project_id, program.pixel_id, day, _PERSON))
        _add(cells, (_RUN, run.event, 0), 0, 1)
        if run.version:
            version = self.caps.admitted(program, day, _PERSON, _RUN_VERSION, run.version)
            _add(cells, (_RUN_VERSION, version, 0), 0, 1)

    def add_to(self, program: CountingProgram, day: str, driver: int, cell: Cell, reports: int, number: int) -> None:
        """Add to one cell of a program's day."""
        _add(self._cells((program.project_id, program.pixel_id, day, driver)), cell, reports, number)

    def store(self) -> None:
        """Add everything to the table, in the caller's transaction. One statement.

        Rows are written in the order of their key, so that two drains never deadlock.
        """
        add_counts(self.rows())

    def rows(self) -> list[CountRow]:
        """Return everything that waits, sorted by key."""
        for group, reports in self._waiting.items():
            self._add_reports(group, reports)
        self._waiting.clear()
        rows: list[CountRow] = []
        for (project_id, pixel_id, day, driver), cells in self._groups.items():
            for (dimension, value, gap), (reports_of_cell, number) in cells.items():
                rows.append(CountRow(project_id, pixel_id, dimension, day, driver, value, gap, reports_of_cell, number))
        rows.sort()
        return rows

    def _cells(self, group: CountGroup) -> Cells:
        cells = self._groups.get(group)
        if cells is None:
            cells = self._groups[group] = {}
        return cells

    def _add_reports(self, group: CountGroup, reports: list[ProgramReport]) -> None:
        """Count what the reports of one program, day and driver say about themselves."""
        project_id, pixel_id, day, driver = group
        program, cells = self._programs[pixel_id], self._cells(group)
        gaps = [report.gap or NEW for report in reports]
        for gap, count in Counter(gaps).items():
            _add(cells, (_ACTIVE, "", gap), count, 0)
        for dimension, fact in _FACT_OF_DIMENSION:
            for (value, gap), count in Counter(zip(map(fact, reports), gaps, strict=True)).items():
                if value:  # only some programs ask for the country
                    admitted = self.caps.admitted(program, day, driver, dimension, value)
                    _add(cells, (dimension, admitted, gap), count, 0)
        for (before, after), count in Counter(map(_VERSIONS, reports)).items():
            if before and before != after:
                pair = self.caps.admitted_pair(program, day, driver, before, after)
                _add(cells, (_UPGRADE, pair, 0), count, 0)
        if driver in _INSTALLED:
            monday, days_since_monday = _week_of(day)
            cohorts = self._cells((project_id, pixel_id, monday, _INSTALLATIONS))
            first_in_week = [report.since for report in reports if (report.gap or MAX_GAP) > days_since_monday]
            for since, count in Counter(first_in_week).items():
                _add(cohorts, (_COHORT, since, 0), count, 0)

    def _add_used(self, program: CountingProgram, driver: int, used: list[Used]) -> None:
        """Count what one installation used. Each event, value and bin of a day counts one installation."""
        numbers_by_day: dict[str, dict[Cell, int]] = {}
        for entry in used:
            numbers = numbers_by_day.get(entry.day)
            if numbers is None:
                numbers = numbers_by_day[entry.day] = {}
            cell: Cell = (_EVENT, entry.event, entry.gap or NEW)
            numbers[cell] = numbers.get(cell, 0) + entry.n
            for name, value in entry.p.items():
                cell = self._property_cell(program, entry.day, driver, entry.event, name, value)
                numbers[cell] = numbers.get(cell, 0) + entry.n
            for name, bins in entry.h.items():
                for cell, count in zip(_cells_of_bins(entry.event, name, len(bins)), bins, strict=True):
                    if count:
                        numbers[cell] = numbers.get(cell, 0) + count
        for day, numbers in numbers_by_day.items():
            cells = self._cells((program.project_id, program.pixel_id, day, driver))
            for cell, number in numbers.items():
                _add(cells, cell, 1, number)

    def _property_cell(
        self, program: CountingProgram, day: str, driver: int, event: str, name: str, value: Value
    ) -> Cell:
        key = (program.pixel_id, day, driver, event, name, value)
        cell = self._property_cells.get(key)
        if cell is None:
            text = self.caps.admitted_property(program, day, driver, f"{event}.{name}", _text(value))
            cell = self._property_cells[key] = (_PROPERTY, text, 0)
        return cell


def add_counts(rows: Sequence[CountRow]) -> None:
    """Add counts to the table. They are sorted by key; negative ones are taken away. One statement."""
    write_rows(UPSERT_POSTGRESQL, UPSERT_SQLITE, rows)


def _add(cells: Cells, cell: Cell, reports: int, number: int) -> None:
    sums = cells.get(cell)
    if sums is None:
        cells[cell] = [reports, number]
    else:
        sums[0] += reports
        sums[1] += number


@lru_cache(maxsize=4096)
def _cells_of_bins(event: str, name: str, bins: int) -> list[Cell]:
    """Return the cell of each bin of a histogram."""
    return [(_BUCKET, f"{event}.{name}#{number}", 0) for number in range(bins)]


def _text(value: Value) -> str:
    return value if isinstance(value, str) else "true" if value else "false"


@lru_cache(maxsize=1024)
def _week_of(day: str) -> tuple[str, int]:
    """Return the Monday of a day's ISO week, and how many days before it is."""
    date = day_of(day)
    return (date - timedelta(days=date.weekday())).isoformat(), date.weekday()
