"""The real server under hostile clients: smuggled and malformed requests, floods of connections, random bytes."""

import asyncio
import os
import random
import re
import resource
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from collector.intake.answers import GIF
from tests.endpoints import CHROME
from tests.server import Server, eventually, new_pixel, running

pytestmark = pytest.mark.one_database

FUZZED = int(os.environ.get("FUZZED", "2000"))  # 20,000 take a few minutes
CLIENTS = 100  # at the same time: each waits a while for an answer that may not come
WARM_UP = 10_000  # connections
CONNECTIONS = int(os.environ.get("CONNECTIONS", "25000"))  # in all; 100,000 take a minute
MAX_GROWTH_MB = min((CONNECTIONS - WARM_UP) / 10_000, 3.0)  # a hundred bytes a connection
WEBSOCKET = (
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)
H2C = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n"
RESET = struct.pack("ii", 1, 0)  # for SO_LINGER: close() leaves no socket in TIME_WAIT


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("hostile"), "--workers", "1") as server:
        yield server


@pytest.fixture(scope="module")
def head(server) -> bytes:
    """Return the first lines of a request of a pixel that the server knows."""
    token = new_pixel(server)["token"]
    lines = f"GET /p/{token}/medium.gif HTTP/1.1\r\nHost: localhost\r\nUser-Agent: {CHROME}\r\n".encode()
    assert statuses(answers(server, lines + b"Connection: close\r\n\r\n")) == [200]
    return lines


def connect(server: Server) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", server.port), timeout=10)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return client


def answers(server: Server, *parts: bytes) -> bytes:
    """Send a request in parts, and return all answers until the server closes the connection."""
    with connect(server) as client:
        for part in parts:
            client.sendall(part)
            if len(parts) > 1:
                time.sleep(0.002)
        received = b""
        while chunk := client.recv(65_536):
            received += chunk
        return received


def statuses(received: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"HTTP/1\.[01] (\d{3})", received)]


def memory_mb(pid: int) -> float:
    """Return the resident size of a process (proc(5): VmRSS)."""
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return int(status["VmRSS"].split()[0]) / 1024


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        (b"Content-Length: 18446744073709551621\r\n\r\nhello", 413),
        (b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n", 400),
        (b"Content-Length: -1\r\n\r\n", 400),
        (b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 400),
        (b"Content-Length: 5, 5\r\n\r\nhello", 400),
        (b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n", 400),
        (b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400),
        (b"Transfer-Encoding: gzip\r\n\r\n", 400),
        (b"Transfer-Encoding: xchunked\r\n\r\n", 501),  # as RFC 9112, 6.1 asks
        (b"Transfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n", 400),
        (b"Host: other.example\r\n\r\n", 400),
        (b"A: b\r\n c\r\n\r\n", 400),
        (b"A: b\n\r\n", 400),
        (b"A: b\rc\r\n\r\n", 400),
        (b"A: \x00\r\n\r\n", 400),
        (b"A: " + b"b" * 66_000 + b"\r\n\r\n", 431),
    ],
)
def test_a_malformed_request_is_refused_and_nothing_after_it_is_read(server, head, fields, status):
    assert statuses(answers(server, head + fields + head + b"\r\n")) == [status]


@pytest.mark.parametrize(
    "request_line",
    [
        b"get /p/x.gif HTTP/1.1", b"GET /p/x.gif", b"GET /p/x.gif HTTP/0.9", b"GET /p/x.gif HTTP/1.2",
        b"GET hits.example:80 HTTP/1.1", b"GET * HTTP/1.1", b"PRI * HTTP/2.0", b"GET  /p/x.gif HTTP/1.1",
        b"GET\t/p/x.gif HTTP/1.1", b"GET /p/x.gif RTSP/1.0", b"\x16\x03\x01\x00\xc8\x01", b"SSH-2.0-x",
    ],
)  # fmt: skip
def test_a_malformed_request_line_is_refused(server, request_line):
    assert statuses(answers(server, request_line + b"\r\nHost: x\r\n\r\n")) == [400]


def test_a_request_without_host_is_refused(server, head):
    line = head.partition(b"\r\n")[0]
    assert statuses(answers(server, line + b"\r\n\r\n")) == [400]
    assert statuses(answers(server, line + b"\r\nUser-Agent: x\r\n\r\n")) == [400]
    assert statuses(answers(server, line.replace(b"1.1", b"1.0") + b"\r\n\r\n")) == [200]


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("CONNECT", "hits.example:443", 404),
        ("CONNECT", "/p/x.gif", 405),
        ("OPTIONS", "*", 404),
        ("TRACE", "/", 405),
        ("GET", "http://localhost/healthz/none", 404),
    ],
)
def test_a_rare_form_of_request_is_no_error_of_the_server(server, method, target, status):
    request = f"{method} {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    assert statuses(answers(server, request.encode())) == [status]


@pytest.mark.parametrize("fields", [WEBSOCKET, "Upgrade: websocket\r\nConnection: upgrade\r\n", H2C])
def test_an_upgrade_is_ignored_so_a_pixel_counts_and_a_page_shows(server, head, fields):
    last = b"Connection: close\r\n\r\n"

    received = answers(server, head + fields.encode() + b"\r\n" + head + last)
    assert statuses(received) == [200, 200]
    assert received.count(b"x-telemetry: counted") == received.count(GIF) == 2

    page = f"GET /login/ HTTP/1.1\r\nHost: localhost\r\n{fields}\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n".encode()
    received = answers(server, page + last)
    assert statuses(received) == [200, 200]
    assert b"<form" in received


def test_a_request_split_at_any_byte_is_answered_as_if_it_came_whole(server, head):
    request = head + b"Connection: close\r\n\r\n"
    for position in range(1, len(request)):
        received = answers(server, request[:position], request[position:])
        assert (statuses(received), received.endswith(GIF)) == ([200], True), position


def test_a_client_that_waits_to_send_its_body_is_told_to_go_on(server):
    form = b"POST /login/ HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nConnection: close\r\n"
    with connect(server) as client:
        client.sendall(form + b"Content-Length: 3\r\n\r\n")
        assert statuses(client.recv(65_536)) == [100]
        client.sendall(b"a=b")
        assert statuses(client.recv(65_536)) == [403]


def test_a_host_that_is_not_ours_leaves_one_line_in_the_log(server):
    before = len(server.log.read_text("utf-8", "replace"))
    request = b"GET / HTTP/1.1\r\nHost: not-ours.example\r\nConnection: close\r\n\r\n"
    assert statuses(answers(server, request)) == [400]

    [line] = server.log.read_text("utf-8", "replace")[before:].splitlines()
    assert "not-ours.example" in line


FUZZ_TARGETS = [
    "/p/{token}/medium.gif",
    "/p/{token}.gif?a=b",
    "/p/x",
    "/healthz",
    "/",
    "/login/",
    "/share/x/",
    "/%ff%00",
]
FUZZ_FIELDS = [
    b"Content-Length: 3\r\n", b"Transfer-Encoding: chunked\r\n", b"Connection: close\r\n", b"Upgrade: websocket\r\n",
    b"Connection: Upgrade\r\n", b"Expect: 100-continue\r\n", b"Host: \xff\r\n", b"X-Forwarded-For: \xff, 1\r\n",
    b"Cookie: sessionid=\xff\r\n", b"Accept-Language: ;q=\r\n", b"Referer: https://[::/\r\n", b"Range: bytes=0-\r\n",
    b"If-Modified-Since: x\r\n", b"Content-Type: multipart/form-data; boundary=\xff\r\n", b" x\r\n", b"\r\n", b"\n",
    b"Content-Type: application/x-www-form-urlencoded; charset=\xff\r\n", b"3\r\nabc\r\n0\r\n\r\n", b"A: \0\r\n",
]  # fmt: skip


def fuzzed(rng: random.Random, token: str) -> bytes:
    """Return one to three requests with odd fields and bytes in them."""
    data = b""
    for _ in range(rng.choice([1, 1, 2, 3])):
        method = rng.choice([b"GET", b"GET", b"HEAD", b"POST", b"OPTIONS", b"PUT", b"get"])
        target = rng.choice(FUZZ_TARGETS).format(token=token).encode()
        data += method + b" " + target + b" HTTP/1.1\r\nHost: localhost\r\n"
        data += b"".join(rng.sample(FUZZ_FIELDS, rng.randint(0, 4))) + b"\r\n" + rng.choice([b"", b"a=b"])
    for _ in range(rng.choice([0, 1, 1, 4])):
        position = rng.randrange(len(data))
        data = data[:position] + rng.randbytes(1) + data[position + rng.randint(0, 2) :]
    return data


def test_no_random_request_makes_an_error_of_the_server_or_ends_it(server, head):
    rng = random.Random(3)
    token = head.split(b"/")[2].decode()
    workers = server.workers()
    start = len(server.log.read_bytes())
    requests = iter([fuzzed(rng, token) for _ in range(FUZZED)])
    bad: list[tuple[bytes, list[int]]] = []

    async def send(data: bytes) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        received = b""
        try:
            writer.write(data)
            while chunk := await asyncio.wait_for(reader.read(65_536), 0.4):
                received += chunk
        except (TimeoutError, ConnectionError):
            pass
        writer.transport.abort()
        if any(status >= 500 and status != 501 for status in statuses(received)):
            bad.append((data, statuses(received)))

    async def send_all() -> None:
        async def client() -> None:
            for data in requests:
                await send(data)

        await asyncio.gather(*(client() for _ in range(CLIENTS)))

    asyncio.run(send_all())

    assert bad == []
    assert b"Traceback" not in server.log.read_bytes()[start:]
    assert server.workers() == workers


def test_memory_stays_flat_over_many_connections(server, head):
    """Some send a plain request, some a request for ASGI, and some break off before or within one."""
    whole = head + b"Connection: close\r\n\r\n"
    by_asgi = b"HEAD" + whole[3:]
    form = b"POST /p/x.gif HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf"
    requests = [whole] * 6 + [head, head[:9], b"", by_asgi, form]
    [worker] = server.workers()

    def connect_often(times: int) -> float:
        for number in range(times):
            request = requests[number % len(requests)]
            with socket.socket() as client:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                client.connect(("127.0.0.1", server.port))
                client.sendall(request)
                if request in {whole, by_asgi, form}:
                    assert client.recv(4096)
        return memory_mb(worker)

    before = connect_often(WARM_UP)
    assert connect_often(CONNECTIONS - WARM_UP) - before < MAX_GROWTH_MB


def test_a_process_without_files_says_so_and_serves_again(server, head):
    [worker] = server.workers()
    limits = resource.prlimit(worker, resource.RLIMIT_NOFILE)
    files = len(list(Path(f"/proc/{worker}/fd").iterdir()))
    try:
        resource.prlimit(worker, resource.RLIMIT_NOFILE, (files + 20, limits[1]))
        with ExitStack() as stack:
            for _ in range(60):
                stack.enter_context(connect(server))
            eventually(lambda: "can't open any more files" in server.log.read_text("utf-8", "replace"), 10)
            assert statuses(answers(server, head + b"Connection: close\r\n\r\n")) == [200]
    finally:
        resource.prlimit(worker, resource.RLIMIT_NOFILE, limits)
    assert server.log.read_text("utf-8", "replace").count("can't open any more files") == 1
