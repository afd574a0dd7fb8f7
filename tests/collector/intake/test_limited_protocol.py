"""gunicorn's connection with our limits, over real sockets in this process. The clock is injected into each sweep."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from sys import maxsize
from types import SimpleNamespace

import pytest
from django.conf import settings
from gunicorn.config import Config
from gunicorn.glogging import Logger

from collector.intake import connections, limited_protocol
from collector.intake.connections import Connections
from collector.intake.limited_protocol import LimitedProtocol

HEAD = b"GET / HTTP/1.1\r\nHost: x\r\n"
POST = b"POST / HTTP/1.1\r\nHost: x\r\n"


async def application(scope, receive, send):
    """Read the body and answer with its size; below /large, answer with 8 MB."""
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        size, more = size + len(message["body"]), message["more_body"]
    body = b"x" * 8_000_000 if scope["path"] == "/large" else f"{scope['type']} {size}".encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


class Site:
    """A worker that serves `application`, and its address."""

    def __init__(self, loop: asyncio.AbstractEventLoop, per_client: int) -> None:
        config = Config()
        config.set("http_parser", "python")
        config.set("limit_request_field_size", 65_536)
        self.connections = Connections(loop, 50, per_client)
        self.worker = SimpleNamespace(
            cfg=config, log=Logger(config), asgi=application, loop=loop, alive=True, nr=0, nr_conns=0,
            max_requests=maxsize, connections=self.connections,
        )  # fmt: skip
        self.port = 0
        self.writers: list[asyncio.StreamWriter] = []

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.writers.append(writer)
        await asyncio.sleep(0.02)
        return reader, writer

    async def after(self, seconds: float) -> None:
        """Sweep as if `seconds` had passed."""
        await asyncio.sleep(0.05)  # what was sent arrives
        self.connections.sweep(self.worker.loop.time() + seconds)


@asynccontextmanager
async def site(per_client: int = 0):
    loop = asyncio.get_running_loop()
    running = Site(loop, per_client)
    server = await loop.create_server(lambda: LimitedProtocol(running.worker), "127.0.0.1", 0)
    running.port = server.sockets[0].getsockname()[1]
    try:
        yield running
    finally:
        for writer in running.writers:
            writer.transport.abort()
        server.close()
        await asyncio.sleep(0.05)
    assert running.worker.nr_conns == 0
    assert [task for task in asyncio.all_tasks() if "_handle_connection" in repr(task)] == []


def on_site(test: Callable[[Site], Awaitable[None]], **options: int) -> None:
    async def run() -> None:
        async with site(**options) as running:
            await test(running)

    asyncio.run(asyncio.wait_for(run(), 30))


async def answer(reader: asyncio.StreamReader) -> bytes:
    """Return all that comes until the server closes the connection."""
    return await asyncio.wait_for(reader.read(), 10)


async def first_line(reader: asyncio.StreamReader) -> bytes:
    return (await asyncio.wait_for(reader.readline(), 10)).strip()


@pytest.mark.parametrize(
    ("sent", "limit", "expected"),
    [
        (b"", limited_protocol.FIRST_BYTE_SECONDS, b""),
        (b"G", limited_protocol.HEAD_SECONDS, b"HTTP/1.1 408"),
        (HEAD, limited_protocol.HEAD_SECONDS, b"HTTP/1.1 408"),
        (HEAD + b"A: b", limited_protocol.HEAD_SECONDS, b"HTTP/1.1 408"),
        (POST + b"Content-Length: 9\r\n\r\n", limited_protocol.BODY_SECONDS, b"HTTP/1.1 408"),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhel", limited_protocol.BODY_SECONDS, b"HTTP/1.1 408"),
        (HEAD + b"\r\n", 2, b"HTTP/1.1 200"),  # answered, then idle: gunicorn's `keepalive` is 2
    ],
)
def test_each_step_of_a_request_has_a_time_limit(sent, limit, expected):
    async def test(running):
        reader, writer = await running.open()
        writer.write(sent)
        await running.after(limit - 0.5)
        assert running.worker.nr_conns == 1
        await running.after(limit + 0.5)
        assert (await answer(reader))[:12] == expected

    on_site(test)


def test_a_body_that_keeps_coming_gets_more_time():
    async def test(running):
        reader, writer = await running.open()
        writer.write(POST + b"Content-Length: 100000\r\n\r\n" + b"x" * 50_000)
        await running.after(limited_protocol.BODY_SECONDS + 50_000 / limited_protocol.BODY_BYTES_PER_SECOND - 1)
        writer.write(b"x" * 50_000)
        assert await first_line(reader) == b"HTTP/1.1 200 OK"

    on_site(test)


async def unread(running: Site) -> LimitedProtocol:
    """Request more than the system takes for a client that reads nothing; return the connection once it waits."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", running.port))
    _, writer = await asyncio.open_connection(sock=client)
    running.writers.append(writer)
    writer.transport.pause_reading()
    writer.write(HEAD.replace(b"/ ", b"/large ") + b"\r\n")
    while True:
        for connection in running.connections._open:
            if connection._unread_since is not None:
                return connection
        await asyncio.sleep(0.01)


async def ends(connection: LimitedProtocol) -> None:
    """Check that nothing of a connection goes on: gunicorn would cancel its application only after three seconds."""
    done, _ = await asyncio.wait([connection._task], timeout=2.5)
    assert done


def test_a_client_that_does_not_read_its_answer_is_dropped():
    async def test(running):
        connection = await unread(running)
        since = connection._unread_since
        running.connections.sweep(since + limited_protocol.READING_SECONDS - 1)
        assert running.worker.nr_conns == 1
        running.connections.sweep(since + limited_protocol.READING_SECONDS + 1)
        await ends(connection)

    on_site(test)


def test_a_client_that_does_not_read_its_answer_makes_room_for_another():
    async def test(running):
        connection = await unread(running)
        running.connections._capacity = 1
        reader, writer = await running.open()
        writer.write(HEAD + b"\r\n")
        assert await first_line(reader) == b"HTTP/1.1 200 OK"
        await ends(connection)

    on_site(test)


def test_a_request_that_we_are_slow_to_answer_is_not_cut_off():
    async def slow(scope, receive, send):
        await asyncio.sleep(0.3)
        await application(scope, receive, send)

    async def test(running):
        running.worker.asgi = slow
        reader, writer = await running.open()
        writer.write(HEAD + b"\r\n")
        await running.after(1000)
        assert await first_line(reader) == b"HTTP/1.1 200 OK"

    on_site(test)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (HEAD + b"A: " + b"x" * 60_000 + b"\r\n\r\n", 200),
        (HEAD + b"".join(b"A%d: %s\r\n" % (number, b"x" * 8000) for number in range(9)) + b"\r\n", 431),
        (HEAD + b"".join(b"A%d: %s\r\n" % (number, b"x" * 8000) for number in range(9)), 431),  # goes on
        (HEAD + b"A: " + b"x" * 70_000, 431),
        (HEAD + b"A: b\r\n" * 101 + b"\r\n", 431),
        (POST + b"Content-Length: 1048577\r\n\r\n", 413),
        (POST + b"Content-Length: 18446744073709551621\r\n\r\nhello", 413),
        (POST + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n", 400),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n" + (b"10000\r\n" + b"x" * 65_536 + b"\r\n") * 17, 413),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n10000000000000005\r\nhello\r\n0\r\n\r\n", 408),
        (b"GET / HTTP/1.1\r\nUser-Agent: x\r\n\r\n", 400),  # RFC 9112, 3.2
        (b"GET / HTTP/1.0\r\n\r\n", 200),
        (HEAD + b"Host: y\r\n\r\n", 400),
        (HEAD + b"A: b\r\n c\r\n\r\n", 400),
        (HEAD.replace(b"\r\n", b"\n") + b"\n", 400),
        (POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    ],
)
def test_what_is_too_large_or_malformed_is_refused(sent, status):
    async def test(running):
        reader, writer = await running.open()
        writer.write(sent)
        await running.after(limited_protocol.BODY_SECONDS + 1)
        assert (await first_line(reader)).split()[1] == b"%d" % status

    on_site(test)


def test_a_body_of_the_size_that_settings_allow_is_read():
    async def test(running):
        reader, writer = await running.open()
        size = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        writer.write(POST + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size)
        assert (await answer(reader)).endswith(b"http %d" % size)

    on_site(test)


def test_a_worker_that_stops_ends_idle_connections_soon():
    async def test(running):
        idle, _ = await running.open()
        running.worker.alive = False
        await running.after(limited_protocol.LAST_SECONDS)
        assert await answer(idle) == b""

    on_site(test)


@pytest.mark.parametrize(
    "fields",
    [
        b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
        b"Connection: Upgrade\r\nUpgrade: websocket\r\n",
        b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n",
        b"Connection: upgrade\r\n",
        b"Upgrade: TLS/1.0\r\n",
    ],
)
def test_a_request_to_change_the_protocol_is_answered_as_an_ordinary_one_and_so_is_the_next(fields):
    async def test(running):
        reader, writer = await running.open()
        writer.write(HEAD + fields + b"\r\n" + HEAD + b"Connection: close\r\n\r\n")
        answers = await answer(reader)
        assert answers.count(b"HTTP/1.1 200 OK") == answers.count(b"http 0") == 2

    on_site(test)


def test_one_client_is_refused_more_connections_than_it_may_hold(monkeypatch):
    monkeypatch.setattr(connections, "client_of", lambda peer: "203.0.113.7")

    async def test(running):
        held = [await running.open() for _ in range(3)]
        refused, _ = await running.open()
        assert await answer(refused) == b""
        held[0][1].close()
        await asyncio.sleep(0.05)
        reader, writer = await running.open()
        writer.write(HEAD + b"\r\n")
        assert await first_line(reader) == b"HTTP/1.1 200 OK"

    on_site(test, per_client=3)


def test_a_full_process_gives_up_idle_connections_for_new_ones():
    async def test(running):
        idle = [await running.open() for _ in range(50)]
        reader, writer = await running.open()
        writer.write(HEAD + b"\r\n")
        assert await first_line(reader) == b"HTTP/1.1 200 OK"
        assert await answer(idle[0][0]) == b""
        assert running.worker.nr_conns == 50 - 50 // connections.SHED_SHARE + 1

    on_site(test)
