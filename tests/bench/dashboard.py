"""How long the dashboard's pages take as the number of hits grows.

    python tests/bench/dashboard.py [--hits 100000,1000000] [--databases sqlite,postgresql,citus] [--json-only]

Each size gets a new database with the demo's readers: 50 articles over 90 days. Seeding takes the longest, at ten to
twenty thousand hits per second. 10,000,000 hits take many minutes and some gigabytes for each database, so they are not
part of the default: use `--hits 1000000,10000000`. PostgreSQL needs the Debian package postgresql, and `citus` a
cluster whose coordinator CITUS_URL names. The data is in a temporary directory; set TMPDIR to choose where.
"""

import argparse
import json
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[0] = str(ROOT)  # not this directory: this file would hide the application of its name

from tests.bench.machine import (  # noqa: E402
    CitusDatabase,
    Database,
    Databases,
    Progress,
    Skipped,
    database_kinds,
    description,
    measure_and_print,
    run_python,
)

PIXELS = 50
DAYS = 90
PREPARE_SECONDS = 300
SEEDED_PER_SECOND_AT_LEAST = 1_000
COMPARED_PAGE = "project_30d"
COMPARED_HITS = 1_000_000


def measure(sizes: list[int], kinds: list[str], requests: int, progress: Progress) -> dict[str, Any]:
    """Measure every size on every database and return all numbers in one object."""
    with tempfile.TemporaryDirectory(prefix="footfall-bench-") as name, Databases() as databases:
        directory = Path(name)
        report: dict[str, Any] = {"machine": description(directory), "pixels": PIXELS, "days": DAYS}
        for kind in kinds:
            try:
                results = {hits: _sized(directory, kind, hits, requests, databases, progress) for hits in sizes}
            except Skipped as reason:
                progress(f"{kind} is skipped: {reason}")
                report[kind] = {"skipped": str(reason)}
                continue
            report[kind] = {"by_hits": results} | _ratio(results)
    return report


def _sized(
    directory: Path, kind: str, hits: int, requests: int, databases: Databases, progress: Progress
) -> dict[str, Any]:
    """Seed one database, time its pages, and drop it."""
    with (
        tempfile.TemporaryDirectory(prefix=f"{kind}-", dir=directory) as name,
        databases.new(kind, Path(name)) as database,
    ):
        data = Path(name)
        began = time.monotonic()
        _seed(data, database, hits)
        seconds = time.monotonic() - began
        command = ["-m", "tests.bench.pages", "demo", str(requests)]
        printed = run_python(data, database, *command, timeout=PREPARE_SECONDS)
        result = {
            "pages": json.loads(printed),
            "seed_seconds": round(seconds, 1),
            "bytes_per_hit": round(database.traffic_bytes() / hits, 1),
            "daily_counts": database.value("SELECT count(*) FROM collector_dailycount"),
        }
    medians = ", ".join(f"{page} {times['median_ms']} ms" for page, times in result["pages"].items())
    progress(f"{kind}, {hits:,} hits (seeded in {seconds:.0f} s, {result['bytes_per_hit']} bytes per hit): {medians}")
    return result


def _seed(data: Path, database: Database, hits: int) -> None:
    run_python(data, database, "manage.py", "prepare", timeout=PREPARE_SECONDS)
    if isinstance(database, CitusDatabase):
        run_python(data, database, "manage.py", "distribute", timeout=PREPARE_SECONDS)
    seed = ["seed_demo", "--hits", str(hits), "--pixels", str(PIXELS), "--days", str(DAYS)]
    run_python(data, database, "manage.py", *seed, timeout=PREPARE_SECONDS + hits / SEEDED_PER_SECOND_AT_LEAST)


def _ratio(results: dict[int, dict[str, Any]]) -> dict[str, Any]:
    """Compare the largest size with a million hits, or with the smallest size if there is no million."""
    largest, base = max(results), COMPARED_HITS if COMPARED_HITS in results else min(results)
    if largest == base:
        base = min(results)
    if largest == base:
        return {}
    times = [results[hits]["pages"][COMPARED_PAGE]["median_ms"] for hits in (largest, base)]
    return {
        "ratio": {"page": COMPARED_PAGE, "hits": largest, "to_hits": base, "of_medians": round(times[0] / times[1], 2)}
    }


def _sizes(text: str) -> list[int]:
    try:
        sizes = [int(size.replace("_", "")) for size in text.split(",")]
    except ValueError:
        sizes = []
    if not sizes or min(sizes) < 1:
        raise argparse.ArgumentTypeError("write numbers with commas between them, such as 100000,1000000")
    return sizes


def _requests(text: str) -> int:
    if not text.isdecimal() or int(text) < 2:
        raise argparse.ArgumentTypeError("write a whole number from 2: one time has no spread")
    return int(text)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hits", type=_sizes, default="100000,1000000", help="with commas (default %(default)s)")
    parser.add_argument(
        "--databases",
        type=partial(database_kinds, known=("sqlite", "postgresql", "citus")),
        default="sqlite,postgresql",
        help="with commas (default %(default)s)",
    )
    parser.add_argument("--requests", type=_requests, default=30, help="of each page (default %(default)s)")
    parser.add_argument("--json-only", action="store_true", help="no progress on stderr")
    arguments = parser.parse_args()
    progress = Progress(quiet=arguments.json_only)
    return measure_and_print(lambda: measure(arguments.hits, arguments.databases, arguments.requests, progress))


if __name__ == "__main__":
    sys.exit(main())
