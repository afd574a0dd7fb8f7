"""A full spool, to measure the drain. Run with `python -m`; the environment names a new DATA_DIR and database.

python -m tests.bench.backlog prepare   creates a project with the pixels of the made-up traffic
python -m tests.bench.backlog write N   writes N hits of the last hours into the spool
python -m tests.bench.backlog drain     drains them with one process and prints the cost as JSON
"""

import hashlib
import json
import sys
import time

import django

from tests.bench import traffic
from tests.bench.machine import cpu_seconds, peak_memory_mb

BACKLOG_SECONDS = 3 * 3600


def prepare() -> None:
    """Create the tables and the pixels."""
    from django.core.management import call_command

    from collector.models import Pixel, Project

    call_command("migrate", interactive=False, verbosity=0)
    project = Project.objects.create(name="Bench", slug="bench", timezone="Europe/Berlin")
    for number, token in enumerate(traffic.tokens(), 1):
        Pixel.objects.create(
            project=project, title=f"Article {number}", token=token, placements=list(traffic.PLACEMENTS)
        )


def write(count: int) -> None:
    """Write `count` hits into finished segments, as a web process does."""
    from django.conf import settings

    from collector.intake.clients import country_of
    from collector.models import Verdict
    from collector.spool.line import SpooledHit
    from collector.spool.writer import SpoolWriter

    began_us = time.time_ns() // 1000 - BACKLOG_SECONDS * 1_000_000
    writer = SpoolWriter(settings.SPOOL_DIR)
    for number, visit in enumerate(traffic.visits(count)):
        client = visit.client
        hit = SpooledHit(
            token=visit.token,
            at_us=began_us + number * BACKLOG_SECONDS * 1_000_000 // count,
            placement=visit.placement,
            is_end=visit.is_end,
            verdict=Verdict.OPTED_OUT if client.opted_out else Verdict.COUNTED,
            agent="" if client.opted_out else client.agent,
            page=visit.page,
            language="" if client.opted_out else client.language[:2],
            country="" if client.opted_out else country_of(client.address),
            visitor=None if client.opted_out else _visitor(client),
        )
        writer.append(hit.to_line())
    writer.close()


def _visitor(client: traffic.Client) -> int:
    digest = hashlib.blake2b(f"{client.address} {client.agent}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def drain() -> dict[str, float]:
    """Drain the whole spool. The time includes the first queries, but not the start of Python and Django."""
    from django.conf import settings

    from collector.spool.locks import exclusive
    from collector.storage.drain import Drain

    lines, cpu_before = 0, cpu_seconds(["self"])
    with exclusive(settings.SPOOL_DIR):
        began = time.perf_counter()
        drain = Drain(settings.SPOOL_DIR)
        while batch := drain.drain_once():
            lines += batch
        seconds = time.perf_counter() - began
    return {
        "lines": lines,
        "seconds": round(seconds, 2),
        "lines_per_second": round(lines / seconds, 1),
        "cpu_us_per_line": round((cpu_seconds(["self"]) - cpu_before) / lines * 1e6, 1),
        "peak_memory_mb": peak_memory_mb(),
    }


def main(arguments: list[str]) -> None:
    django.setup()
    match arguments:
        case ["prepare"]:
            prepare()
        case ["write", count]:
            write(int(count))
        case ["drain"]:
            print(json.dumps(drain()))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
