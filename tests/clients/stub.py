"""Servers that a client may meet: one that answers as ours does, or with an error, or never, or is not there."""

import gzip
import json
import os
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.server import free_port


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came. `body` is uncompressed."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Stub:
    """A server on loopback that records requests. Change its fields at any time:

    - `status`: what POST is answered with, 202 at first. A redirect leads to another address of the server.
    - `now`: its clock, as seconds since the epoch. None: it agrees with each request's `today`.
    - `published`: what GET is answered with.
    - `is_silent`: it takes requests, and does not answer before the test ends.
    - `meanwhile`: called with the number of requests so far, after one has come and before it is answered.
    """

    def __init__(self) -> None:
        self.status = 202
        self.now: float | None = None
        self.published: dict[str, Any] = {}
        self.is_silent = False
        self.meanwhile: Callable[[int], None] = lambda number: None
        self.requests: list[Request] = []
        self._taken: list[dict[str, Any]] = []
        self.is_over = threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(self))
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def bodies(self) -> list[dict[str, Any]]:
        """Return the parsed bodies of all reports that came."""
        return [request.json() for request in self.requests if request.method == "POST"]

    def reports(self) -> list[dict[str, Any]]:
        """Return all reports that were taken, each once: what came again with the same day and id is left out.

        A silent server takes them, too: only its answer is lost.
        """
        reports = {}
        for report in self._taken:
            reports.setdefault((report["day"], report["id"]), report)
        return list(reports.values())

    def record(self, request: Request) -> None:
        """Remember a request, and take its reports if it is to be answered with 202."""
        self.requests.append(request)
        if request.method == "POST" and self.status == 202:
            body = request.json()
            self._taken += body["reports"] if body["today"] == self.day(body) else []
        self.meanwhile(len(self.requests))
        if self.is_silent:
            self.is_over.wait(60)

    def day(self, body: dict[str, Any]) -> str:
        return body["today"] if self.now is None else datetime.fromtimestamp(self.now, UTC).date().isoformat()

    def answer(self, body: dict[str, Any]) -> dict[str, Any]:
        """Return what our server answers to a request whose reports all have the right form."""
        day = self.day(body)
        time = "12:00:00" if self.now is None else datetime.fromtimestamp(self.now, UTC).strftime("%H:%M:%S")
        accepted = len(body["reports"]) if body["today"] == day else 0
        return {"day": day, "time": time, "accepted": accepted, "rejected": []}


@contextmanager
def stub_server() -> Iterator[Stub]:
    stub = Stub()
    thread = threading.Thread(target=stub.server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield stub
    finally:
        stub.is_over.set()
        stub.server.shutdown()
        stub.server.server_close()
        thread.join()


def no_server() -> str:
    """Return an address at which nobody listens: connections are refused."""
    return f"http://127.0.0.1:{free_port()}"


@contextmanager
def black_hole() -> Iterator[str]:
    """Yield an address that takes connections and never reads from them."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@contextmanager
def dead_dns(directory: Path) -> Iterator[list[str]]:
    """Yield words to put before a command, so that it finds a name server which never answers. Needs root."""
    if os.geteuid() or subprocess.run(["unshare", "--mount", "true"]).returncode:
        pytest.skip("only root can give a program other name servers")
    settings = directory / "resolv.conf"
    address = f"127.9.{os.getpid() >> 8 & 255}.{os.getpid() & 255}"  # tests may run at the same time
    settings.write_text(f"nameserver {address}\noptions timeout:30 attempts:5\n")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind((address, 53))
        script = f'mount --bind {settings} "$(readlink -f /etc/resolv.conf)" && exec "$@"'
        yield ["unshare", "--mount", "sh", "-c", script, "sh"]


def _handler_of(stub: Stub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            self.record(body)
            if stub.status == 202:
                self.send(202, stub.answer(json.loads(body)))
            else:
                self.send(stub.status, {"title": "refused", "status": stub.status})

        def do_GET(self) -> None:
            self.record(b"")
            self.send(200, stub.published)

        def record(self, body: bytes) -> None:
            stub.record(Request(self.command, self.path, dict(self.headers), body))

        def send(self, status: int, answer: dict[str, Any]) -> None:
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            if 300 <= status < 400:
                self.send_header("Location", f"{stub.url}/elsewhere")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    return Handler
