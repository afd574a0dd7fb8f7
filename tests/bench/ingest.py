"""How many hits per second we receive and store, compared with nginx and with an empty application.

    python tests/bench/ingest.py [--seconds 8] [--connections 32] [--databases sqlite,postgresql] [--json-only]

Needs the Debian packages nginx-light and wrk, and postgresql for PostgreSQL. Everything runs on loopback ports, one
server after another. The data is in a temporary directory; set TMPDIR to choose where. Client and server share the
machine's processors, so the highest rate depends on both: compare it with the other targets of the same run. The CPU
time per request says more about the server alone.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[0] = str(ROOT)  # not this directory: its dashboard.py would hide the application of that name

from tests.bench import traffic  # noqa: E402
from tests.bench.load import PACED_CONNECTIONS, Load, Run  # noqa: E402
from tests.bench.machine import (  # noqa: E402
    BenchError,
    Database,
    Databases,
    Progress,
    Skipped,
    cpu_seconds,
    database_kinds,
    description,
    machine_seconds,
    measure_and_print,
    peak_memory_mb,
    run_python,
    wait_until,
)
from tests.bench.targets import PREPARE_SECONDS, Target, empty_application, footfall, nginx  # noqa: E402

CATCH_UP_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Options:
    seconds: int
    warm_up_seconds: int
    distinct_requests: int
    connections: int
    workers: int
    backlog_lines: int
    databases: list[str]


def measure(options: Options, progress: Progress) -> dict[str, Any]:
    """Measure every target and return all numbers in one object."""
    # The client sends addresses in X-Forwarded-For, as a reverse proxy does. The servers inherit this setting.
    os.environ["TRUSTED_PROXIES"] = "1"
    with tempfile.TemporaryDirectory(prefix="footfall-bench-") as name, Databases() as databases:
        directory = Path(name)
        directory.chmod(0o755)  # nginx drops the rights of root
        load = Load(directory, options.connections, options.distinct_requests)
        report: dict[str, Any] = {
            "machine": description(directory),
            "method": _method(options),
            "targets": _compared(directory, load, options, progress),
        }
        for kind in options.databases:
            report["targets"][f"footfall_{kind}"] = _unless_skipped(
                progress, kind, partial(_footfall, directory, kind, databases, load, options, progress)
            )
        report["ratios"] = _ratios(report["targets"])
        report["drain"] = {
            kind: _unless_skipped(progress, kind, partial(_backlog, directory, kind, databases, options, progress))
            for kind in options.databases
        }
    return report


def _method(options: Options) -> dict[str, Any]:
    cpus = os.cpu_count()
    return {
        "note": f"the client shares {cpus} processors with the server; its CPU time includes preparing its requests",
        "client": "wrk, 1 thread",
        "seconds": options.seconds,
        "warm_up_seconds": options.warm_up_seconds,
        "connections": options.connections,
        "web_workers": options.workers,
        "paced": f"half the highest rate, from one schedule, over {PACED_CONNECTIONS} connections",
        "clients": traffic.CLIENTS,
        "distinct_requests": options.distinct_requests,
        "pixels": traffic.PIXELS,
    }


def _compared(directory: Path, load: Load, options: Options, progress: Progress) -> dict[str, Any]:
    """Measure the servers to compare the real one with."""
    targets: dict[str, Any] = {}
    with nginx(_new(directory / "nginx")) as target:
        _, targets["nginx_empty_gif"] = _loaded(load, target, options)
    progress(_line("nginx, empty_gif", targets["nginx_empty_gif"]))
    with empty_application(_new(directory / "empty"), options.workers) as target:
        _, result = _loaded(load, target, options)
        progress(_line("empty ASGI application", result))
        # Shows how slow the slowest requests are on this machine without our code.
        _at_half_rate(result, load, target, options, progress)
        targets["empty_asgi"] = result
    return targets


def _at_half_rate(result: dict[str, Any], load: Load, target: Target, options: Options, progress: Progress) -> Run:
    """Load a target at half its highest rate, and add the result to its numbers."""
    rate = result["requests_per_second"] / 2
    paced = load.paced(target.port, options.seconds, rate)
    result["at_half_rate"] = {"asked_per_second": round(rate, 1)} | _numbers(paced)
    progress(_line("  at half that rate", result["at_half_rate"]))
    return paced


def _footfall(
    directory: Path, kind: str, databases: Databases, load: Load, options: Options, progress: Progress
) -> dict[str, Any]:
    data = _new(directory / f"server-{kind}")
    with databases.new(kind, data) as database:
        with footfall(data, database, options.workers) as target:
            warm_up, result = _loaded(load, target, options)
            caught_up = _catch_up(data, database)
            result["caught_up_after_seconds"] = caught_up
            progress(_line(f"Footfall on {kind}", result) + f", drain caught up after {caught_up} s")
            paced = _at_half_rate(result, load, target, options, progress)
            _catch_up(data, database)
            result["peak_memory_mb"] = {
                "web": [peak_memory_mb(pid) for pid in target.web],
                **{name: peak_memory_mb(pid) for name, pid in target.behind.items()},
            }
        runs = (warm_up, result["acknowledged"], paced.acknowledged)
        result |= _stored(database, sum(runs), 2 * options.connections + PACED_CONNECTIONS)
    progress(
        f"  acknowledged {result['all_acknowledged']:,}, stored {result['hits_stored']:,}, "
        f"{result['bytes_per_hit']} bytes per hit, peak memory {result['peak_memory_mb']} MB"
    )
    return result


def _loaded(load: Load, target: Target, options: Options) -> tuple[int, dict[str, Any]]:
    """Warm a target up and load it. Return how many hits of the warm-up it acknowledged, and the numbers."""
    warm_up = load.full(target.port, options.warm_up_seconds)
    pids = [*target.web, *target.behind.values()]
    web_before, ours_before, machine_before = cpu_seconds(target.web), cpu_seconds(pids), machine_seconds()
    run = load.full(target.port, options.seconds)
    machine = {name: value - machine_before[name] for name, value in machine_seconds().items()}
    web, ours = cpu_seconds(target.web) - web_before, cpu_seconds(pids) - ours_before
    if not run.acknowledged:
        raise BenchError("Not one request was answered.")
    result = _numbers(run) | {"web_cpu_us_per_request": round(web / run.requests * 1e6, 1)}
    if target.behind:
        result["drain_cpu_us_per_request"] = round((ours - web) / run.requests * 1e6, 1)
    result["machine"] = _shares(machine, ours + run.client_cpu_seconds)
    return warm_up.acknowledged, result


def _shares(machine: dict[str, float], ours: float) -> dict[str, float]:
    """Return how the machine spent its time during the run, as shares.

    `elsewhere` is the time of other processes, a database server included. If it is large, don't compare the numbers.
    """
    total = sum(machine.values()) or 1.0
    shares = {"idle": machine["idle"], "stolen": machine["stolen"], "elsewhere": max(0.0, machine["busy"] - ours)}
    return {f"{name}_share": round(seconds / total, 3) for name, seconds in shares.items()}


def _numbers(run: Run) -> dict[str, Any]:
    return {name: value for name, value in asdict(run).items() if name != "requests"}


def _stored(database: Database, acknowledged: int, in_flight: int) -> dict[str, Any]:
    """Compare the acknowledged hits of all runs with the stored ones.

    When wrk stops, each connection may have one open request. We store that hit, but wrk does not count the answer.
    """
    stored = database.value("SELECT count(*) FROM collector_hit")
    return {
        "all_acknowledged": acknowledged,
        "hits_stored": stored,
        "every_acknowledged_hit_is_stored": acknowledged <= stored,
        "stored_beyond_acknowledged": stored - acknowledged,
        "stored_beyond_acknowledged_at_most": in_flight,
        "stored_by_verdict": dict(database.rows("SELECT verdict, count(*) FROM collector_hit GROUP BY 1 ORDER BY 1")),
        "bytes_per_hit": round(database.traffic_bytes() / max(1, stored), 1),
        "database_settings": database.settings(),
    }


def _catch_up(data: Path, database: Database) -> float:
    """Wait until the drain has stored the whole spool, and return the seconds."""
    return wait_until(lambda: _waiting_bytes(data, database) == 0, CATCH_UP_SECONDS, "The drain did not catch up")


def _waiting_bytes(data: Path, database: Database) -> int:
    sizes = {}
    for segment in data.joinpath("spool").glob("*.jsonl"):
        try:
            sizes[segment.name] = segment.stat().st_size
        except FileNotFoundError:
            continue  # drained and deleted
    read = dict(database.rows("SELECT segment, offset_bytes FROM collector_spooloffset"))
    return sum(size - read.get(name, 0) for name, size in sizes.items())


def _backlog(directory: Path, kind: str, databases: Databases, options: Options, progress: Progress) -> dict[str, Any]:
    data = _new(directory / f"backlog-{kind}")
    with databases.new(kind, data) as database:
        for step in (["prepare"], ["write", str(options.backlog_lines)]):
            run_python(data, database, "-m", "tests.bench.backlog", *step, timeout=PREPARE_SECONDS)
        spool_bytes = sum(segment.stat().st_size for segment in data.joinpath("spool").glob("*.jsonl"))
        printed = run_python(data, database, "-m", "tests.bench.backlog", "drain", timeout=CATCH_UP_SECONDS)
        result: dict[str, Any] = json.loads(printed)
        result["spool_bytes_per_hit"] = round(spool_bytes / options.backlog_lines, 1)
        result["hits_stored"] = database.value("SELECT count(*) FROM collector_hit")
        result["bytes_per_hit"] = round(database.traffic_bytes() / max(1, result["hits_stored"]), 1)
    progress(
        f"Backlog into {kind}: {result['lines_per_second']:,.0f} lines per second, "
        f"peak memory {result['peak_memory_mb']} MB, {result['bytes_per_hit']} bytes per hit"
    )
    return result


def _unless_skipped(progress: Progress, kind: str, part: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    try:
        return part()
    except Skipped as reason:
        progress(f"{kind} is skipped: {reason}")
        return {"skipped": str(reason)}


def _ratios(targets: dict[str, Any]) -> dict[str, float]:
    """Return the highest rate of each real server divided by the rate of each server to compare it with."""
    return {
        f"{name}_to_{other}": round(result["requests_per_second"] / targets[other]["requests_per_second"], 3)
        for name, result in targets.items()
        if name.startswith("footfall") and "skipped" not in result
        for other in ("nginx_empty_gif", "empty_asgi")
    }


def _line(name: str, result: dict[str, Any]) -> str:
    errors = result["status_errors"] + result["socket_errors"]
    line = (
        f"{name}: {result['requests_per_second']:,.0f} requests per second, "
        f"p50 {result['p50_ms']:.2f} ms, p99 {result['p99_ms']:.2f} ms, {errors} errors"
    )
    if "machine" in result:
        line += f", {result['machine']['elsewhere_share']:.0%} of the machine used by other processes"
    return line


def _new(directory: Path) -> Path:
    directory.mkdir()
    return directory


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=8, help="length of each run (default %(default)s)")
    parser.add_argument("--warm-up", type=int, default=2, help="seconds before each full run (default %(default)s)")
    parser.add_argument("--requests", type=int, default=60_000, help="different requests to send (default %(default)s)")
    parser.add_argument("--connections", type=int, default=32, help="at full rate (default %(default)s)")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="web processes (default %(default)s)")
    parser.add_argument("--backlog", type=int, default=300_000, help="lines to drain (default %(default)s)")
    parser.add_argument(
        "--databases", type=database_kinds, default="sqlite,postgresql", help="with commas (default %(default)s)"
    )
    parser.add_argument("--json-only", action="store_true", help="no progress on stderr")
    arguments = parser.parse_args()
    numbers = [value for value in vars(arguments).values() if type(value) is int]
    if min(numbers) < 1:
        parser.error("numbers must be 1 or more")
    return arguments


def main() -> int:
    arguments = _arguments()
    options = Options(
        seconds=arguments.seconds,
        warm_up_seconds=arguments.warm_up,
        distinct_requests=arguments.requests,
        connections=arguments.connections,
        workers=arguments.workers,
        backlog_lines=arguments.backlog,
        databases=arguments.databases,
    )
    return measure_and_print(lambda: measure(options, Progress(quiet=arguments.json_only)))


if __name__ == "__main__":
    sys.exit(main())
