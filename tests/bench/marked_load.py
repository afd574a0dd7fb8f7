"""A load whose requests have a number each, so that what was answered can be compared with what was stored, hit by hit.

The number is the last part of a pixel's address, where a platform's name usually is: the server stores it with the hit.

    python -m tests.bench.marked_load SPECIFICATION.json

Runs until all requests are answered, or until SIGTERM. Then it writes what became of each number.
"""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from array import array
from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

from tests.bench import traffic
from tests.bench.machine import BenchError
from tests.server import ROOT

DISTINCT_REQUESTS = 10_000
TICK_SECONDS = 0.002
CONNECT_PAUSE_SECONDS = 0.02
STOP_SECONDS = 30.0  # for the last answers
UNANSWERED, ACKNOWLEDGED, REFUSED = range(3)
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Specification:
    """What to send: `count` numbers from `first` on, `rate` a second. A rate of 0 is as fast as answers come."""

    port: int
    tokens: list[str]
    first: int
    count: int
    rate: float
    connections: int
    result: str  # the path of the file with one byte for each number


@dataclass(frozen=True, slots=True)
class Answers:
    """What became of the numbers from `first` on, a byte for each. Times run from when a request was due."""

    first: int
    states: bytes
    seconds: float
    p50_ms: float
    p99_ms: float
    max_ms: float

    @property
    def acknowledged(self) -> int:
        return self.states.count(ACKNOWLEDGED)

    @property
    def unanswered(self) -> int:
        return self.states.count(UNANSWERED)

    @property
    def refused(self) -> int:
        return self.states.count(REFUSED)


class MarkedLoad:
    """A process that sends requests meanwhile. `finish` waits for it, `stop` ends it early."""

    def __init__(self, specification: Specification) -> None:
        self._specification = specification
        path = Path(specification.result).with_suffix(".json")
        path.write_text(json.dumps(asdict(specification)))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.marked_load", str(path)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            bufsize=0,  # so that readline() leaves the rest to communicate()
            start_new_session=True,
        )
        assert self._process.stdout
        self._process.stdout.readline()  # it sends now, and can be stopped

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def stop(self) -> Answers:
        """Send no more requests, and return the answers."""
        self._process.send_signal(signal.SIGTERM)
        return self.finish(2 * STOP_SECONDS)

    def finish(self, seconds: float | None = None) -> Answers:
        """Wait until all was sent, and return the answers."""
        output, _ = self._process.communicate(timeout=seconds)
        if self._process.returncode:
            raise BenchError(f"The client failed with exit code {self._process.returncode}.")
        numbers = json.loads(output)
        states = Path(self._specification.result).read_bytes()
        return Answers(first=self._specification.first, states=states, **numbers)

    def kill(self) -> None:
        """End it without an answer, as after an error."""
        if self.is_running:
            self._process.kill()
        self._process.wait()


class _Client:
    """Sends the requests over its connections, and notes what became of each."""

    def __init__(self, specification: Specification) -> None:
        self.specification = specification
        self.states = bytearray(specification.count)
        self.milliseconds = array("f")
        self.idle: deque[_Connection] = deque()
        self.loop = asyncio.get_running_loop()
        self.stopped = asyncio.Event()
        self._requests = _requests(specification)
        self.sent = self._open = 0
        self._began_at = self.loop.time()
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> float:
        """Send all; return the seconds that it took."""
        self._began_at = self.loop.time()
        for _ in range(self.specification.connections):
            self.connect()
        while not self.stopped.is_set() and self.sent < self.specification.count:
            self.send_due()
            await asyncio.sleep(TICK_SECONDS)
        last_moment = self.loop.time() + STOP_SECONDS
        while self._open and self.loop.time() < last_moment:
            await asyncio.sleep(TICK_SECONDS)
        return self.loop.time() - self._began_at

    def connect(self) -> None:
        """Open a connection in place of one that is closed."""
        task = self.loop.create_task(self._connect())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connect(self) -> None:
        while not self.stopped.is_set():
            try:
                await self.loop.create_connection(lambda: _Connection(self), "127.0.0.1", self.specification.port)
            except OSError:
                await asyncio.sleep(CONNECT_PAUSE_SECONDS)
            else:
                return

    def send_due(self) -> None:
        """Send what is due, as far as connections are free."""
        rate, count = self.specification.rate, self.specification.count
        due = min(count, int((self.loop.time() - self._began_at) * rate)) if rate else count
        while self.idle and self.sent < due and not self.stopped.is_set():
            number = self.sent
            self.sent += 1
            self._open += 1
            self.states[number] = UNANSWERED
            due_at = self._began_at + number / rate if rate else self.loop.time()
            before, after = self._requests[number % len(self._requests)]
            request = b"%s%d%s" % (before, self.specification.first + number, after)
            self.idle.popleft().send(number, due_at, request)

    def note(self, number: int, state: int, due_at: float) -> None:
        """Note what became of a number."""
        self._open -= 1
        self.states[number] = state
        if state != UNANSWERED:
            self.milliseconds.append((self.loop.time() - due_at) * 1000)


class _Connection(asyncio.Protocol):
    """One connection with at most one request at a time."""

    def __init__(self, client: _Client) -> None:
        self._client = client
        self._transport: asyncio.Transport | None = None
        self._answer = b""
        self._number: int | None = None
        self._due_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._become_idle()

    def send(self, number: int, due_at: float, request: bytes) -> None:
        assert self._transport
        self._number, self._due_at, self._answer = number, due_at, b""
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._answer += data
        head, separator, body = self._answer.partition(b"\r\n\r\n")
        length = _LENGTH.search(head) if separator else None
        if not length or len(body) < int(length[1]) or self._number is None:
            return
        state = ACKNOWLEDGED if head[9:12] == b"200" else REFUSED
        self._client.note(self._number, state, self._due_at)
        self._number = None
        if b"connection: close" in head.lower():
            assert self._transport
            self._transport.close()
        else:
            self._become_idle()

    def connection_lost(self, error: Exception | None) -> None:
        if self._number is not None:
            self._client.note(self._number, UNANSWERED, self._due_at)
        elif self in self._client.idle:
            self._client.idle.remove(self)
        self._client.connect()

    def _become_idle(self) -> None:
        self._client.idle.append(self)
        self._client.send_due()


def _requests(specification: Specification) -> list[tuple[bytes, bytes]]:
    """Return what stands before and after the number, for many different readers."""
    requests = []
    for position, visit in enumerate(islice(traffic.visits(DISTINCT_REQUESTS), DISTINCT_REQUESTS)):
        reader = visit.client
        headers = {
            "Host": f"127.0.0.1:{specification.port}",
            "User-Agent": reader.agent,
            "Accept": "image/avif,image/webp,*/*;q=0.5",
            "Accept-Language": reader.language,
            "Sec-Fetch-Dest": "image",
            "Sec-Fetch-Mode": "no-cors",
            "Sec-Fetch-Site": "cross-site",
            "X-Forwarded-For": reader.address,
        }
        if visit.page:
            headers["Referer"] = visit.page
        if reader.opted_out:
            headers["Sec-GPC"] = "1"
        token = specification.tokens[position % len(specification.tokens)]
        end = "/end" if visit.is_end else ""
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        requests.append((f"GET /p/{token}/".encode(), f"{end}.gif HTTP/1.1\r\n{lines}\r\n".encode()))
    return requests


def percentile(ordered: Sequence[float], share: float) -> float:
    """Return a percentile of sorted numbers, 0 if there are none."""
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 2) if ordered else 0.0


async def _send(specification: Specification) -> None:
    client = _Client(specification)
    client.loop.add_signal_handler(signal.SIGTERM, client.stopped.set)
    print("ready", flush=True)
    seconds = await client.run()
    client.stopped.set()
    Path(specification.result).write_bytes(client.states[: client.sent])
    ordered = sorted(client.milliseconds)
    numbers = {
        "seconds": round(seconds, 2),
        "p50_ms": percentile(ordered, 0.5),
        "p99_ms": percentile(ordered, 0.99),
        "max_ms": percentile(ordered, 1.0),
    }
    print(json.dumps(numbers), flush=True)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the program that started this one
    asyncio.run(_send(Specification(**json.loads(Path(sys.argv[1]).read_text()))))
    os._exit(0)  # open connections are nobody's business any more
