"""How many reports of programs per second we store, and how large the database gets.

    python tests/bench/reports.py [--reports 1000000] [--days 10] [--databases sqlite,postgresql] [--json-only]

One process stores the reports of one program, day by day. Ten million installations of which each reports once a day
are 116 reports a second. PostgreSQL needs the Debian package postgresql. The data is in a temporary directory; set
TMPDIR to choose where.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[0] = str(ROOT)  # not this directory: its dashboard.py would hide the application of that name

from tests.bench.machine import (  # noqa: E402
    Databases,
    Progress,
    Skipped,
    database_kinds,
    description,
    measure_and_print,
    run_python,
)

NEEDED_PER_SECOND = 10_000_000 / 86_400
STORED_PER_SECOND_AT_LEAST = 500  # slower than that is an error


def measure(reports: int, days: int, kinds: list[str], progress: Progress) -> dict[str, Any]:
    """Measure every database and return all numbers in one object."""
    with tempfile.TemporaryDirectory(prefix="footfall-bench-") as name, Databases() as databases:
        directory = Path(name)
        report: dict[str, Any] = {"machine": description(directory), "days": days}
        for kind in kinds:
            try:
                report[kind] = _stored(directory, kind, reports, days, databases)
            except Skipped as reason:
                progress(f"{kind} is skipped: {reason}")
                report[kind] = {"skipped": str(reason)}
                continue
            progress(
                f"{kind}: {report[kind]['reports_per_second']:,.0f} reports per second, "
                f"{report[kind]['times_ten_million_installations']} times what ten million installations send; "
                f"{report[kind]['bytes_per_report']} bytes per report"
            )
    return report


def _stored(directory: Path, kind: str, reports: int, days: int, databases: Databases) -> dict[str, Any]:
    data = directory / kind
    data.mkdir()
    with databases.new(kind, data) as database:
        command = ["-m", "tests.bench.report_backlog", str(reports), str(days)]
        timeout = 120 + reports / STORED_PER_SECOND_AT_LEAST
        result: dict[str, Any] = json.loads(run_python(data, database, *command, timeout=timeout))
        stored = database.value("SELECT count(*) FROM collector_report")
        return result | {
            "times_ten_million_installations": round(result["reports_per_second"] / NEEDED_PER_SECOND, 1),
            "reports_stored": stored,
            "report_counts": database.value("SELECT count(*) FROM collector_reportcount"),
            "bytes_per_report": round(database.traffic_bytes() / max(1, stored), 1),
            "database_settings": database.settings(),
        }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reports", type=int, default=1_000_000, help="in all days (default %(default)s)")
    parser.add_argument("--days", type=int, default=10, help="(default %(default)s)")
    parser.add_argument(
        "--databases", type=database_kinds, default="sqlite,postgresql", help="with commas (default %(default)s)"
    )
    parser.add_argument("--json-only", action="store_true", help="no progress on stderr")
    arguments = parser.parse_args()
    if not 0 < arguments.days <= arguments.reports:
        parser.error("write at least one day, and one report a day")
    progress = Progress(quiet=arguments.json_only)
    return measure_and_print(lambda: measure(arguments.reports, arguments.days, arguments.databases, progress))


if __name__ == "__main__":
    sys.exit(main())
