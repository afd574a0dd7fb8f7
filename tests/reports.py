"""Reports of programs as the spool has them, for tests. Those on the wire are in `tests.programs`."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from collector.models import ReportCount, ReportDimension
from collector.programs.report import ProgramReport
from collector.spool.report_line import SpooledReport, SpooledRun
from collector.spool.writer import SpoolWriter
from tests.hits import micros


def report(number: int = 1, day: str = "2026-11-22", **fields: Any) -> ProgramReport:
    """Return the report of one installation. `number` tells installations apart, `fields` are those of the report."""
    defaults: dict[str, Any] = {
        "id": f"{number:016x}{0:016x}", "day": day, "since": "2026-W40", "version": "2.4.1", "os": "linux",
        "arch": "x86-64", "runtime": "python3.12", "driver": "person",
    }  # fmt: skip
    return ProgramReport(**(defaults | fields))


def spooled_report(token: str, body: ProgramReport, at: str = "") -> SpooledReport:
    """Return a report as it was accepted, at noon of its day if `at` names no other moment."""
    return SpooledReport(token=token, at_us=micros(at or f"{body.day}T12:00"), body=body)


def spool_reports(directory: Path, reports: Iterable[SpooledReport | SpooledRun]) -> None:
    """Write reports and runs into a new segment, and finish it."""
    writer = SpoolWriter(directory)
    for each in reports:
        writer.append(each.to_line())
    writer.close()


def report_counts(dimension: str) -> dict[tuple[str, str, str, int], tuple[int, int]]:
    """Return `(reports, number)` by date, driver, value and gap."""
    rows = ReportCount.objects.filter(dimension=ReportDimension[dimension.upper()])
    return {
        (row.date.isoformat(), row.get_driver_display(), row.value, row.gap): (row.reports, row.number) for row in rows
    }
