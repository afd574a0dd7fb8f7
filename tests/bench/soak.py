"""Does anything grow while hits come in for long? Memory, lag, spool and database at a steady rate.

    python tests/bench/soak.py [--seconds 1800] [--rate 1000] [--database postgresql] [--workers 2] [--json-only]

It runs `manage.py web` and `manage.py drain`, samples them all the time, and at the end compares what was answered with
what is stored, hit by hit. For PostgreSQL it needs the Debian package postgresql. The data is in a temporary directory;
set TMPDIR to choose where. Exits with 1 if a hit is missing or stored twice.

Memory is the proportional set size: what several processes share is divided among them, other programs included.
"First" and "last" are the means of the first and the last quarter; the growth is the slope of a line through the
samples of the second half, when caches are full. Lag is the age of the oldest waiting hit, as /metrics says.
"""

import argparse
import json
import secrets
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, linear_regression
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[0] = str(ROOT)  # not this directory: its dashboard.py would hide the application of that name

from tests.bench.installation import (  # noqa: E402
    Installation,
    installation,
    load_arguments,
    load_parser,
    release_in,
    wait_until_stored,
)
from tests.bench.machine import (  # noqa: E402
    BenchError,
    Databases,
    Progress,
    children_of,
    database_kinds,
    description,
    machine_seconds,
    measure_and_print,
)
from tests.bench.marked_load import Answers, MarkedLoad, Specification, percentile  # noqa: E402
from tests.bench.stored_marks import stored_marks  # noqa: E402

PIXELS = 20
CONNECTIONS = 128
FEWEST_SAMPLES = 4
SECONDS_BETWEEN = 2.0
SECONDS_TO_CATCH_UP = 600
COUNTS_SIZE = {
    "postgresql": "SELECT pg_total_relation_size('collector_dailycount')",
    "sqlite": "SELECT 0",
}
DATABASE_SIZE = {
    "postgresql": "SELECT pg_database_size(current_database())",
    "sqlite": "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
}


@dataclass(frozen=True, slots=True)
class Options:
    seconds: int
    rate: float
    workers: int
    database: str


@dataclass(frozen=True, slots=True)
class Sample:
    """What was seen at one moment. `memory_mb` is by process; None for a lag that /metrics could not tell."""

    seconds: float
    memory_mb: dict[str, float]
    lag_seconds: float | None
    sizes_mb: dict[str, float]


def measure(options: Options, progress: Progress) -> dict[str, Any]:
    """Run the server under load, and return what grew."""
    with tempfile.TemporaryDirectory(prefix="footfall-soak-") as name, Databases() as databases:
        directory = Path(name)
        token = secrets.token_hex(16)
        data = directory / "database"
        data.mkdir()
        with (
            databases.new(options.database, data) as database,
            installation(directory, "server", database, workers=options.workers, METRICS_TOKEN=token) as server,
        ):
            release = release_in(ROOT)
            server.prepare(release)
            tokens = server.new_pixels(release, PIXELS)
            server.start_web(release)
            server.start_drain(release)
            count = int(options.seconds * options.rate)
            result = str(directory / "answers")
            load = MarkedLoad(Specification(server.port, tokens, 0, count, options.rate, CONNECTIONS, result))
            try:
                before = machine_seconds()
                samples = _samples(server, token, load, options, progress)
                answers = load.finish(SECONDS_TO_CATCH_UP)
                busy = _busy_share(before)
            finally:
                load.kill()
            caught_up = wait_until_stored(server, SECONDS_TO_CATCH_UP)
            report = _report(options, samples, answers) | {"caught_up_after_seconds": caught_up}
            report |= {"machine": description(directory) | {"busy_share": busy}}
            report |= _compared(server, answers)
    _print(report, progress)
    if report["missing"] or report["twice"]:
        raise BenchError(f"Hits are missing or stored twice: {json.dumps(report)}")
    return report


def _samples(server: Installation, token: str, load: MarkedLoad, options: Options, progress: Progress) -> list[Sample]:
    """Look at the server until all hits are sent, and at least `FEWEST_SAMPLES` times."""
    began_at = reported_at = time.monotonic()
    pause = min(SECONDS_BETWEEN, options.seconds / (2 * FEWEST_SAMPLES))
    samples: list[Sample] = []
    while load.is_running or len(samples) < FEWEST_SAMPLES:
        seconds = time.monotonic() - began_at
        samples.append(_sample(server, token, seconds, options.database))
        if time.monotonic() - reported_at > 60:
            reported_at = time.monotonic()
            progress(f"{seconds:6.0f} s: {samples[-1]}")
        time.sleep(pause)
    return samples


def _sample(server: Installation, token: str, seconds: float, kind: str) -> Sample:
    pids = server.processes()
    named = {"web server": pids["web"], "drain": pids["drain"]}
    named |= {f"web process {number}": pid for number, pid in enumerate(children_of(pids["web"]), 1)}
    data = server.directory
    sizes = {
        "spool": server.spool_bytes(),
        "logs": sum(path.stat().st_size for path in data.glob("*.log")),
        "metrics files": sum(path.stat().st_size for path in (data / "metrics").glob("*")),
        "database": server.database.value(DATABASE_SIZE[kind]),
        "daily counts": server.database.value(COUNTS_SIZE[kind]),
    }
    return Sample(
        seconds=round(seconds, 1),
        memory_mb={name: _memory_mb(pid) for name, pid in named.items()},
        lag_seconds=_lag(server, token),
        sizes_mb={name: round(size / 1e6, 2) for name, size in sizes.items()},
    )


def _memory_mb(pid: int) -> float:
    """Return the proportional set size of a process (proc(5): smaps_rollup)."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    return round(next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024, 1)


def _lag(server: Installation, token: str) -> float | None:
    try:
        _, text = server.get("metrics", Authorization=f"Bearer {token}")
    except OSError:
        return None
    values = [line.split()[1] for line in text.splitlines() if line.startswith("footfall_drain_lag_seconds ")]
    return float(values[0]) if values else None


def _busy_share(before: dict[str, float]) -> float:
    spent = {name: value - before[name] for name, value in machine_seconds().items()}
    return round(1 - spent["idle"] / (sum(spent.values()) or 1.0), 3)


def _report(options: Options, samples: Sequence[Sample], answers: Answers) -> dict[str, Any]:
    lags = sorted(sample.lag_seconds for sample in samples if sample.lag_seconds is not None)
    names = [name for name in samples[-1].memory_mb if name in samples[0].memory_mb]
    return {
        "seconds": answers.seconds,
        "rate": round(answers.acknowledged / answers.seconds, 1),
        "database": options.database,
        "workers": options.workers,
        "samples": len(samples),
        "acknowledged": answers.acknowledged,
        "unanswered": answers.unanswered + answers.refused,
        "answer_ms": {"p50": answers.p50_ms, "p99": answers.p99_ms, "max": answers.max_ms},
        "lag_seconds": {"p50": percentile(lags, 0.5), "p99": percentile(lags, 0.99), "max": percentile(lags, 1.0)},
        "samples_without_lag": len(samples) - len(lags),
        "memory_mb": {name: _growth(samples, [sample.memory_mb.get(name) for sample in samples]) for name in names},
        "sizes_mb": {
            name: _growth(samples, [sample.sizes_mb[name] for sample in samples]) for name in samples[0].sizes_mb
        },
    }


def _growth(samples: Sequence[Sample], values: Sequence[float | None]) -> dict[str, float]:
    """Return the means of the first and the last quarter, the highest value, and the slope of the second half."""
    points = [(sample.seconds, value) for sample, value in zip(samples, values, strict=True) if value is not None]
    numbers = [value for _, value in points]
    quarter, half = max(1, len(points) // 4), points[len(points) // 2 :]
    slope = linear_regression([at for at, _ in half], [value for _, value in half]).slope
    return {
        "first": round(fmean(numbers[:quarter]), 2),
        "last": round(fmean(numbers[-quarter:]), 2),
        "max": max(numbers),
        "growth_per_hour": round(slope * 3600, 2),
    }


def _compared(server: Installation, answers: Answers) -> dict[str, Any]:
    marks = stored_marks(server.database, [answers])
    return {"stored": marks.stored, "missing": marks.missing, "twice": marks.twice}


def _print(report: dict[str, Any], progress: Progress) -> None:
    progress(f"{'':20}{'first':>10}{'last':>10}{'max':>10}{'per hour':>10}  (MB)")
    for name, growth in (report["memory_mb"] | report["sizes_mb"]).items():
        progress(f"{name:20}" + "".join(f"{value:>10,.1f}" for value in growth.values()))
    for title, name in (("lag", "lag_seconds"), ("answers", "answer_ms")):
        progress(f"{title}: " + ", ".join(f"{key} {value:,.2f}" for key, value in report[name].items()) + f" ({name})")
    progress(
        f"{report['rate']:,.0f} hits a second for {report['seconds']:,.0f} s: {report['acknowledged']:,} answered, "
        f"{report['unanswered']:,} unanswered, {report['stored']:,} stored, {report['missing']:,} missing, "
        f"{report['twice']:,} twice; the machine was {report['machine']['busy_share']:.0%} busy"
    )


def _arguments() -> argparse.Namespace:
    parser = load_parser(__doc__, rate=1000)
    parser.add_argument("--seconds", type=int, default=1800, help="(default %(default)s)")
    parser.add_argument(
        "--database", type=database_kinds, default="postgresql", help="postgresql or sqlite (default %(default)s)"
    )
    return load_arguments(parser)


def main() -> int:
    arguments = _arguments()
    options = Options(arguments.seconds, arguments.rate, arguments.workers, arguments.database[0])
    return measure_and_print(lambda: measure(options, Progress(quiet=arguments.json_only)))


if __name__ == "__main__":
    sys.exit(main())
