"""Days of made-up reports, to measure how fast the drain stores them. Run with `python -m`.

python -m tests.bench.report_backlog REPORTS DAYS   stores them day by day, and prints the cost as JSON

The environment names a new DATA_DIR and database. The time includes the drain's first queries, but neither the start of
Python and Django nor what writes the spool.
"""

import json
import random
import sys
import time
from datetime import UTC, date, datetime, timedelta

import django

from tests.bench.machine import cpu_seconds, peak_memory_mb

TEMPLATES = 2_000  # different reports; each is sent with many ids
VERSIONS = ("2.4.1",) * 10 + ("2.4.0",) * 5 + ("2.3.9", "2.3.0", "2.2.1", "2.1.0", "2.0.0", "1.9.4")
SYSTEMS = ("linux",) * 6 + ("macos",) * 3 + ("windows",) * 3 + ("freebsd",)
RUNTIMES = ("python3.12", "python3.12", "python3.13", "python3.11", "python3.10", "python3.9")
DRIVERS = ("person",) * 16 + ("server", "agent", "ci", "container")
EVENTS = ("build", "check", "serve", "publish", "search", "import_", "export", "upgrade")


def _template(rng: random.Random, day: date) -> dict[str, object]:
    """Return a report without its id."""
    gap = rng.choice((None, *(1,) * 16, *(2,) * 4, 3, 3, 4, 5, 6, 7, 7, rng.randint(8, 32)))
    since = (day - timedelta(rng.randint(33, 300) if gap else 0)).isocalendar()
    used_on = day - timedelta(min(gap or 1, 31))
    used = [
        {
            "day": used_on.isoformat(), "event": event, "n": rng.randint(1, 30),
            "gap": rng.choice((None, *(1,) * 8, 2, 3, 7, 14)), "p": {"format": format_, "draft": rng.random() < 0.2},
            "h": {"seconds": [rng.randint(0, 9) for _ in range(6)]},
        }
        for event in rng.sample(EVENTS, rng.randint(0, 3))
        for format_ in rng.sample(("html", "pdf", "epub"), rng.randint(1, 2))
    ]  # fmt: skip
    version = rng.choice(VERSIONS)
    return {
        "day": day.isoformat(), "gap": gap, "since": f"{since.year}-W{since.week:02}", "version": version,
        "from": "2.4.0" if version == "2.4.1" and rng.random() < 0.05 else "", "os": rng.choice(SYSTEMS),
        "arch": rng.choice(("x86-64", "x86-64", "arm64")), "runtime": rng.choice(RUNTIMES),
        "driver": rng.choice(DRIVERS), "used": used if gap else [],
    }  # fmt: skip


def write(token: str, day: date, reports: int, rng: random.Random) -> int:
    """Write the reports of one day into finished segments, as a web process does. Return the bytes."""
    import msgspec
    from django.conf import settings

    from collector.programs.report import ProgramReport
    from collector.spool.report_line import SpooledReport
    from collector.spool.writer import SpoolWriter

    writer = SpoolWriter(settings.SPOOL_DIR)
    templates = [msgspec.convert({"id": "0" * 32} | _template(rng, day), ProgramReport) for _ in range(TEMPLATES)]
    began_us = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1_000_000
    size = 0
    for number in range(reports):
        body = msgspec.structs.replace(templates[number % TEMPLATES], id=f"{rng.getrandbits(128):032x}")
        line = SpooledReport(token, began_us + number * 86_400_000_000 // reports, body).to_line()
        size += len(line)
        writer.append(line)
    writer.close()
    return size


def run(reports: int, days: int) -> dict[str, float]:
    """Create a program, and write and drain its reports, one day after another."""
    from django.conf import settings
    from django.core.management import call_command

    from collector.models import Project
    from collector.spool.locks import exclusive
    from collector.storage.drain import Drain
    from tests.programs import declared

    call_command("migrate", interactive=False, verbosity=0)
    program = declared(Project.objects.create(name="Bench", slug="bench"))
    rng = random.Random(1)
    first_day = datetime.now(UTC).date() - timedelta(days)
    stored, spooled_bytes, seconds, cpu = 0, 0, 0.0, 0.0
    with exclusive(settings.SPOOL_DIR):
        drain = Drain(settings.SPOOL_DIR)
        for number in range(days):
            spooled_bytes += write(program.token, first_day + timedelta(number), reports // days, rng)
            began, cpu_before = time.perf_counter(), cpu_seconds(["self"])
            while lines := drain.drain_once():
                stored += lines
            seconds += time.perf_counter() - began
            cpu += cpu_seconds(["self"]) - cpu_before
    return {
        "reports": stored,
        "seconds": round(seconds, 2),
        "reports_per_second": round(stored / seconds, 1),
        "cpu_us_per_report": round(cpu / stored * 1e6, 1),
        "spool_bytes_per_report": round(spooled_bytes / stored, 1),
        "peak_memory_mb": peak_memory_mb(),
    }


def main(arguments: list[str]) -> None:
    django.setup()
    match arguments:
        case [reports, days]:
            print(json.dumps(run(int(reports), int(days))))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
