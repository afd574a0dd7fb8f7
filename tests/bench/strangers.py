"""Can a stranger make the server fail or grow? Random requests to every address, from `random_requests`.

    python tests/bench/strangers.py [--requests 100000] [--seed 1] [--workers 2] [--json-only]

It runs `manage.py up`, on the database that DATABASE_URL names, else on SQLite. It exits with 1 if an answer is an
error of the server (5xx) or missing, if the log has a traceback, if a process ended, or if one grew: the resident size
of each web process and of the drain is read after 20 %, 60 % and 100 % of the requests.

A status of 501 is no error: RFC 9112, 6.1 asks for it where a transfer coding is unknown.
"""

import argparse
import asyncio
import json
import re
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[0] = str(ROOT)  # not this directory: its dashboard.py would hide the application of that name

from tests.bench.machine import Progress  # noqa: E402
from tests.bench.random_requests import RandomRequests, Target  # noqa: E402
from tests.server import Server, database  # noqa: E402

CLIENTS = 24  # at the same time
ANSWER_SECONDS = 60.0
MARKS = (0.2, 0.6, 1.0)  # of the requests, when memory is read
MAX_GROWTH_MB = 8.0  # from the second mark to the last
SHOWN = 10  # requests that failed
MOST_READ = 60_000  # bytes of a request; one that is longer may be cut off before its client has read the answer
FURNISH = """
import json
from django.contrib.auth.models import User
from tests.access.table import rows
from tests.access.world import FIRST_KEY, PASSWORD, make_estate
from tests.collector.programs.doors.declared import SDKS
from tests.programs import declared, envelope, report, utc_today

owner = User.objects.create_user("quokka-owner", pk=FIRST_KEY, password=PASSWORD)
estate = make_estate("quokka", 47_114_711, FIRST_KEY, owner)
facts = dict(estate.facts)
sdks = declared(estate.project, SDKS, title="SDKs", token="quokkatokensdks00")
targets = [("site", row.method, row.path(facts), row.data(facts)) for row in rows()]
public = [row for row in rows() if row.is_public or row.answers["nobody"] in {"200", "302"}]
targets += [("public", row.method, row.path(facts), row.data(facts)) for row in public]
targets += [("api", row.method, row.path(facts), row.data(facts)) for row in rows() if row.route.startswith("api/")]
body = json.loads(envelope(report(utc_today())))
print(json.dumps({"targets": targets, "report": body, "sdks": sdks.token, "day": f"{utc_today()}", **facts}))
"""


def targets_of(facts: dict[str, Any]) -> list[Target]:
    """Return all targets: those of the URL configuration, and those of the collector."""
    article, program, sdks = facts["article_token"], facts["program_token"], facts["sdks"]
    moment = f"{facts['day']}T10:00:00Z"
    posted = {"event": "build", "distinct_id": "i-1", "timestamp": moment, "properties": {"format": "html", "$os": "x"}}
    system = {"osName": "Linux", "appVersion": "2.4.1"}
    app_event = {"timestamp": moment, "sessionId": "s", "eventName": "build", "systemProps": system, "props": {}}
    attributes = [{"key": "format", "value": {"stringValue": "html"}}]
    record = {"timeUnixNano": "1", "eventName": "build", "body": {"stringValue": "x"}, "attributes": attributes}
    logs = {"resourceLogs": [{"resource": {"attributes": attributes}, "scopeLogs": [{"logRecords": [record]}]}]}
    of_article = [f"/p/{article}{rest}" for rest in (".gif", "/medium.gif", "/medium/end.gif")]
    paths = [*of_article, f"/p/{program}.gif", "/p/x"]
    badges = [f"/p/{token}{rest}" for token in (article, program) for rest in ("/badge.svg", "/medium/badge.json")]
    batch = {"api_key": sdks, "batch": [posted], "sent_at": moment}
    return [
        *(Target(*target) for target in facts["targets"]),
        *(Target("pixels", "GET", path, {}) for path in paths),
        *(Target("badges", "GET", path, {"label": "read", "style": "flat"}) for path in badges),
        *(Target("reports", "POST", f"/e/{token}", {}, facts["report"]) for token in (program, sdks, article)),
        *(Target("sdks", "POST", path, {}, batch) for path in ("/batch/", "/i/v0/e/", "/capture/", "/track/")),
        Target("sdks", "POST", "/i/v1/analytics/events", {}, {"events": [posted]}),
        Target("sdks", "POST", "/flags/", {}, {"api_key": sdks}),
        Target("sdks", "GET", f"/array/{sdks}/config", {}),
        Target("sdks", "POST", f"/e/{sdks}/api/v0/events", {}, [app_event]),
        Target("sdks", "POST", f"/e/{sdks}/v1/logs", {}, logs),
    ]


class Crowd:
    """Sends requests, and notes what came back."""

    def __init__(self, server: Server, requests: RandomRequests) -> None:
        self._server = server
        self._requests = requests
        self._left = 0
        self.statuses: Counter[str] = Counter()  # by group and status
        self.failures: list[str] = []

    def send(self, count: int) -> None:
        """Send so many requests, `CLIENTS` of them at a time."""
        self._left = count
        asyncio.run(self._send())

    async def _send(self) -> None:
        await asyncio.gather(*(self._client() for _ in range(CLIENTS)))

    async def _client(self) -> None:
        while self._left > 0:
            self._left -= 1
            group, request = self._requests.next()
            try:
                status = await asyncio.wait_for(self._status(request), ANSWER_SECONDS)
            except (OSError, TimeoutError):
                status = 0
            self.statuses[f"{group} {status or 'unanswered'}"] += 1
            is_cut_off = status == 0 and len(request) > MOST_READ
            if (status == 0 and not is_cut_off) or (status >= 500 and status != 501):
                self.failures.append(f"{status}: {request[:600]!r}")

    async def _status(self, request: bytes) -> int:
        """Send a request; return the status of its answer, 0 if there is none."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._server.port)
        received = b""
        try:
            writer.write(request)
            while chunk := await reader.read(65_536):
                received += chunk[: 2_000 - len(received)] if len(received) < 2_000 else b""
        except ConnectionError:  # it answers before it has read a body that is too large
            pass
        finally:
            writer.transport.abort()
        final = [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", received) if status != b"100"]
        return final[0] if final else 0


def memory_mb(pid: int) -> float:
    """Return the resident size of a process (proc(5): VmRSS)."""
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return round(int(status["VmRSS"].split()[0]) / 1024, 1)


def measure(options: argparse.Namespace, progress: Progress) -> dict[str, Any]:
    """Send the requests, and return what came back and how much memory each process had."""
    with (
        tempfile.TemporaryDirectory(prefix="footfall-strangers-") as name,
        database(Path(name), is_prepared=True) as url,
    ):
        server = Server(Path(name), url, TRUSTED_PROXIES="1")
        server.start("--workers", str(options.workers))
        try:
            return _measure(server, options, progress)
        finally:
            if server.is_running:
                server.stop()


def _measure(server: Server, options: argparse.Namespace, progress: Progress) -> dict[str, Any]:
    facts = json.loads(server.manage("shell", "-v0", "-c", FURNISH))
    crowd = Crowd(server, RandomRequests(options.seed, targets_of(facts), facts["secret"]))
    processes = {f"web {pid}": pid for pid in server.workers()} | {"drain": server.drain_pid() or 0}
    memory: dict[str, list[float]] = {name: [] for name in processes}
    began_at, sent = time.monotonic(), 0
    for mark in MARKS:
        crowd.send(round(options.requests * mark) - sent)
        sent = round(options.requests * mark)
        for name, pid in processes.items():
            memory[name].append(memory_mb(pid))
        progress(f"{sent} requests after {time.monotonic() - began_at:.0f} s, memory {memory}")
    with urlopen(f"{server.url}/readyz", timeout=10) as answer:  # an error unless the drain keeps up
        assert answer.status == 200
    kept = {f"web {pid}": pid for pid in server.workers()} | {"drain": server.drain_pid() or 0}
    tracebacks = server.log.read_text("utf-8", "replace").count("Traceback")
    return {
        "requests": sent,
        "seed": options.seed,
        "seconds": round(time.monotonic() - began_at, 1),
        "statuses": dict(sorted(crowd.statuses.items())),
        "failures": crowd.failures[:SHOWN],
        "tracebacks": tracebacks,
        "memory_mb": memory,
        "is_flat": all(sizes[-1] - sizes[1] <= MAX_GROWTH_MB for sizes in memory.values()),
        "is_sound": not crowd.failures and not tracebacks and kept == processes,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json-only", action="store_true")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))  # which stops the server
    report = measure(options, Progress(quiet=options.json_only))
    print(json.dumps(report, indent=2))
    if not (report["is_sound"] and report["is_flat"]):
        sys.exit(1)


if __name__ == "__main__":
    main()
