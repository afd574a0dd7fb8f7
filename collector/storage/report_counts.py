"""The counts of what programs report, by program, UTC day, driver, dimension and value.

Only this module decides what one report or one run adds. `collector.models.programs.ReportDimension` says what each
dimension means. Counts are kept and never made again: the raw reports go after 35 days.
"""

from datetime import timedelta
from functools import lru_cache

from collector.models import INSTALLED, Driver, ReportDimension
from collector.models.programs import NEW
from collector.programs.report import ProgramReport, Used, Value
from collector.spool.report_line import DRIVERS, SpooledRun, day_of
from collector.storage.bulk_sql import columns_from_json, write_rows
from collector.storage.moments import moment_text
from collector.storage.report_caps import CountingProgram, ReportCaps

CountGroup = tuple[int, int, str, int]  # project, pixel, day, driver
Cell = tuple[int, str, int]  # dimension, value, gap
Cells = dict[Cell, list[int]]  # the reports and the number of each
CountRow = tuple[int, int, int, str, int, str, int, int, int]  # the columns of `_UPSERT`

# Naming a member of an enumeration costs a descriptor call each time. These are named for every report: plain integers.
_ACTIVE, _VERSION, _OS = int(ReportDimension.ACTIVE), int(ReportDimension.VERSION), int(ReportDimension.OS)
_ARCH, _RUNTIME, _COUNTRY = int(ReportDimension.ARCH), int(ReportDimension.RUNTIME), int(ReportDimension.COUNTRY)
_COHORT, _UPGRADE = int(ReportDimension.COHORT), int(ReportDimension.UPGRADE)
_EVENT, _PROPERTY, _BUCKET = int(ReportDimension.EVENT), int(ReportDimension.PROPERTY), int(ReportDimension.BUCKET)
_RUN, _RUN_VERSION = int(ReportDimension.RUN), int(ReportDimension.RUN_VERSION)
_PERSON, _INSTALLATIONS = int(Driver.PERSON), int(Driver.INSTALLATIONS)
_INSTALLED = frozenset(int(driver) for driver in INSTALLED)

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
    """Counts of one batch that wait to be added to the table. Every report that is added is new."""

    def __init__(self, caps: ReportCaps) -> None:
        self._caps = caps
        self._groups: dict[CountGroup, Cells] = {}

    def add(self, program: CountingProgram, report: ProgramReport) -> None:
        """Count one report."""
        driver, gap = DRIVERS[report.driver], report.gap or NEW
        day = report.day
        cells = self._cells(program, day, driver)
        _add(cells, (_ACTIVE, "", gap))
        _add(cells, (_VERSION, self._caps.admitted(program, day, _VERSION, report.version), gap))
        _add(cells, (_OS, report.os, gap))
        _add(cells, (_ARCH, report.arch, gap))
        _add(cells, (_RUNTIME, self._caps.admitted(program, day, _RUNTIME, report.runtime), gap))
        if report.country:
            _add(cells, (_COUNTRY, report.country, gap))
        if report.from_version and report.from_version != report.version:
            pair = self._caps.admitted_pair(program, day, report.from_version, report.version)
            _add(cells, (_UPGRADE, pair, 0))
        if driver in _INSTALLED:
            monday, days_since_monday = _week_of(day)
            if gap == NEW or gap > days_since_monday:
                _add(self._cells(program, monday, _INSTALLATIONS), (_COHORT, report.since, 0))
        if report.used:
            self._add_used(program, driver, report.used)

    def add_run(self, program: CountingProgram, run: SpooledRun) -> None:
        """Count one run that a shell reported."""
        day = moment_text(run.at_us)[:10]
        cells = self._cells(program, day, _PERSON)
        _add(cells, (_RUN, run.event, 0), reports=0, number=1)
        if run.version:
            version = self._caps.admitted(program, day, _RUN_VERSION, run.version)
            _add(cells, (_RUN_VERSION, version, 0), reports=0, number=1)

    def store(self) -> None:
        """Add everything to the table, in the caller's transaction. One statement.

        Rows are written in the order of their key, so that two drains never deadlock.
        """
        rows: list[CountRow] = []
        for (project_id, pixel_id, day, driver), cells in self._groups.items():
            for (dimension, value, gap), (reports, number) in cells.items():
                rows.append((project_id, pixel_id, dimension, day, driver, value, gap, reports, number))
        rows.sort()
        write_rows(UPSERT_POSTGRESQL, UPSERT_SQLITE, rows)

    def _cells(self, program: CountingProgram, day: str, driver: int) -> Cells:
        group = (program.project_id, program.pixel_id, day, driver)
        cells = self._groups.get(group)
        if cells is None:
            cells = self._groups[group] = {}
        return cells

    def _add_used(self, program: CountingProgram, driver: int, used: list[Used]) -> None:
        """Count what one installation used. Each event, value and bin of a day counts one installation."""
        numbers: dict[tuple[str, Cell], int] = {}
        for entry in used:
            day = entry.day
            cell: Cell = (_EVENT, entry.event, entry.gap or NEW)
            numbers[day, cell] = numbers.get((day, cell), 0) + entry.n
            for name, value in entry.p.items():
                text = self._caps.admitted_property(program, day, f"{entry.event}.{name}", _text(value))
                cell = (_PROPERTY, text, 0)
                numbers[day, cell] = numbers.get((day, cell), 0) + entry.n
            for name, bins in entry.h.items():
                for number_of_bin, count in enumerate(bins):
                    if count:
                        cell = (_BUCKET, f"{entry.event}.{name}#{number_of_bin}", 0)
                        numbers[day, cell] = numbers.get((day, cell), 0) + count
        for (day, cell), number in numbers.items():
            _add(self._cells(program, day, driver), cell, number=number)


def _add(cells: Cells, cell: Cell, *, reports: int = 1, number: int = 0) -> None:
    sums = cells.get(cell)
    if sums is None:
        cells[cell] = [reports, number]
    else:
        sums[0] += reports
        sums[1] += number


def _text(value: Value) -> str:
    return value if isinstance(value, str) else "true" if value else "false"


@lru_cache(maxsize=1024)
def _week_of(day: str) -> tuple[str, int]:
    """Return the Monday of a day's ISO week, and how many days before it is."""
    date = day_of(day)
    return (date - timedelta(days=date.weekday())).isoformat(), date.weekday()
