"""Reports of programs by the real server: the same bad requests, and bodies that only a connection can send."""

import http.client
import json
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from collector.intake.bodies import MAX_BYTES
from tests.collector.intake.report_cases import ADDRESS, BAD_REQUESTS, PROGRAM, RIGHT, Case, assert_is_refused
from tests.endpoints import Response
from tests.server import Server, running

pytestmark = pytest.mark.one_database

CREATE = (
    "from collector.models import Project; from tests.collector.intake.report_cases import create_pixels; "
    "create_pixels(Project.objects.create(name='Blog', slug='blog'))"
)
HEAD = f"POST {ADDRESS} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n".encode()

CHUNK = b"1000\r\n" + b" " * 4096 + b"\r\n"


@pytest.fixture(scope="module")
def spool(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("reports") / "spool"


@pytest.fixture(scope="module")
def server(spool) -> Iterator[Server]:
    with running(spool.parent, "--workers", "1") as server:
        server.manage("shell", "-c", CREATE)
        yield server


@pytest.fixture
def spooled_bytes(server, spool):
    """Return a function that counts the bytes that the worker has spooled since. Its segment stays while it runs."""
    before = sum(path.stat().st_size for path in spool.glob("*.jsonl"))
    return lambda: sum(path.stat().st_size for path in spool.glob("*.jsonl")) - before


def send(server: Server, case: Case) -> Response:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    headers = {"content_type": "application/json"} | case.headers
    connection.request(
        case.method, case.path, case.body, {name.replace("_", "-"): value for name, value in headers.items()}
    )
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return Response(response.status, {name.lower(): value for name, value in response.getheaders()}, body)


def test_every_bad_request_is_refused_with_a_problem_document_and_nothing_is_stored(server, spooled_bytes):
    for case in BAD_REQUESTS:
        assert_is_refused(case, lambda case: send(server, case))
    assert spooled_bytes() == 0


def test_a_report_is_taken_and_the_connection_goes_on(server, spooled_bytes):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    for _ in range(2):
        connection.request("POST", ADDRESS, RIGHT, {"Content-Type": "application/json"})
        response = connection.getresponse()
        assert (response.status, json.loads(response.read())["accepted"]) == (202, 1)
    connection.request("POST", ADDRESS, iter([RIGHT[:50], RIGHT[50:]]), {"Content-Type": "application/json"})
    assert connection.getresponse().status == 202
    connection.close()
    assert spooled_bytes() > 3 * 200


def exchange(server: Server, *parts: bytes) -> bytes:
    """Send parts until the server closes the connection, and return its answer."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as client:
        received = b""
        try:
            for part in parts:
                client.sendall(part)
            while chunk := client.recv(65_536):
                received += chunk
        except ConnectionError:
            with suppress(OSError):
                received += client.recv(65_536)
        return received


@pytest.mark.parametrize(
    ("fields", "parts"),
    [
        (b"Content-Length: 99999999\r\n", []),
        (b"Content-Length: 70000\r\n", [b" " * 65_000]),
        (b"Transfer-Encoding: chunked\r\n", [CHUNK] * 17),
    ],
    ids=["announced", "announced and sent", "chunked"],
)
def test_a_body_that_is_too_large_is_refused_with_a_problem_document(server, spooled_bytes, fields, parts):
    head, _, body = exchange(server, HEAD + fields + b"\r\n", *parts).partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 413 ")
    assert json.loads(body)["status"] == 413
    assert spooled_bytes() == 0


def test_a_body_without_an_end_ends(server, spooled_bytes):
    [worker] = server.workers()
    sent = 0
    began_at = time.monotonic()
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as client:
        client.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        with suppress(ConnectionError):
            while sent < 200 * MAX_BYTES:
                sent += 4096
                client.sendall(CHUNK)
    assert time.monotonic() - began_at < 10
    assert sent < 200 * MAX_BYTES
    assert server.workers() == [worker]
    assert spooled_bytes() == 0


def test_a_run_by_a_plain_request_is_answered_on_the_connection_and_spooled(server, spooled_bytes):
    head = f"GET /p/{PROGRAM}.gif?event=build&version=2.4.1 HTTP/1.1\r\nHost: x\r\nUser-Agent: curl/8.1\r\n"
    answer = exchange(server, head.encode() + b"Connection: close\r\n\r\n")

    assert b"x-telemetry: counted" in answer
    assert spooled_bytes() > 50
