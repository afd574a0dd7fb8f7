"""Which requests are plain: only those that gunicorn's own parser reads in the same way, and that leave no choice."""

import random

import pytest
from gunicorn.asgi.parser import ParseError, PythonProtocol

from collector.intake.plain_requests import END, beginnings, plain_request

HEAD = b"GET /p/abcdefghijkmnpqrstuv/medium.gif HTTP/1.1\r\nHost: hits.example\r\n"
MAX_LINE, MAX_FIELDS = 4094, 100


def plain(data: bytes):
    return plain_request(data, "192.0.2.1", MAX_LINE, MAX_FIELDS)


def read_by_gunicorn(data: bytes) -> PythonProtocol | None:
    """Return gunicorn's own parser after it has read `data`, or None if it refuses `data`."""
    parser = PythonProtocol(limit_request_line=MAX_LINE, limit_request_fields=MAX_FIELDS)
    try:
        parser.feed(data)
    except (ParseError, ValueError):
        return None
    return parser


def joined(headers: list[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Return headers by name; the values of repeated ones are joined by commas (RFC 9110, 5.3)."""
    return {name: b",".join(value for other, value in headers if other == name) for name, _ in headers}


@pytest.mark.parametrize(
    ("data", "is_last"),
    [
        (HEAD + b"\r\n", False),
        (HEAD + b"Connection: keep-alive\r\n\r\n", False),
        (HEAD + b"CONNECTION: Close\r\n\r\n", True),
        (HEAD.replace(b".gif", b".gif?a=%20") + b"Accept:\r\nDNT:1\t \r\nUser-Agent:  x y \r\n\r\n", False),
    ],
)
def test_a_plain_request_is_read_as_gunicorn_reads_it(data, is_last):
    request, closes = plain(data)
    parser = read_by_gunicorn(data)

    assert parser
    assert closes == is_last == (not parser.should_keep_alive)
    assert request.path.encode() == parser.path.partition(b"?")[0]
    assert request.headers == joined(parser.headers)


@pytest.mark.parametrize(
    "data",
    [
        HEAD + b"Content-Length: 18446744073709551621\r\n\r\n",
        HEAD + b"Content-Length: 0\r\n\r\n",
        HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n10000000000000000\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n",
        HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        HEAD + b"Transfer-Encoding:\r\n chunked\r\n\r\n",
        HEAD + b"Expect: 100-continue\r\n\r\n",
        HEAD + b"Upgrade: websocket\r\n\r\n",
        HEAD + b"Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
        HEAD + b"Connection: upgrade\r\n\r\n",
        HEAD + b"Connection: keep-alive, close\r\n\r\n",
        HEAD + b"Connection: keep-alive\r\nConnection: close\r\n\r\n",
        HEAD + b"Host: other.example\r\n\r\n",
        HEAD + b"X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-For: 192.0.2.2\r\n\r\n",
        HEAD + b"hOST: hits.example\r\n\r\n",
        b"GET /p/abcdefghijkmnpqrstuv.gif HTTP/1.1\r\nUser-Agent: x\r\n\r\n",  # no Host
        b"GET /p/abcdefghijkmnpqrstuv.gif HTTP/1.1\r\n\r\n",
        HEAD + b"A : b\r\n\r\n",
        HEAD + b" A: b\r\n\r\n",
        HEAD + b"A: b\r\n c\r\n\r\n",
        HEAD + b"A: b\r\n\tc\r\n\r\n",
        HEAD + b"A: b\nc: d\r\n\r\n",
        HEAD + b"A: b\rc\r\n\r\n",
        HEAD + b"A: b\x00\r\n\r\n",
        HEAD + b"A: b\x01\r\n\r\n",
        HEAD + b"A: b\x7f\r\n\r\n",
        HEAD + b"A: \xff\r\n\r\n",
        HEAD + b"A(b: c\r\n\r\n",
        HEAD + b"no colon\r\n\r\n",
        HEAD + b": no name\r\n\r\n",
        HEAD.replace(b"\r\n", b"\n") + b"\r\n\r\n",
        HEAD.replace(b"1.1\r", b"1.1"),
        HEAD.replace(b"1.1", b"1.0") + b"Connection: keep-alive\r\n\r\n",
        HEAD.replace(b"1.1", b"1.2") + b"\r\n",
        HEAD.replace(b"HTTP/1.1", b"HTTP/2.0") + b"\r\n",
        HEAD.replace(b"HTTP/1.1", b"RTSP/1.1") + b"\r\n",
        HEAD.replace(b"HTTP/1.1", b"http/1.1") + b"\r\n",
        HEAD.replace(b" HTTP", b"  HTTP") + b"\r\n",
        HEAD.replace(b"medium", b"me\ndium") + b"\r\n",
        HEAD.replace(b"medium", b"me\rdium") + b"\r\n",
        HEAD.replace(b"medium", b"me\tdium") + b"\r\n",
        HEAD.replace(b"medium", b"me\x00dium") + b"\r\n",
        HEAD.replace(b"1.1\r", b"1.1 \r") + b"\r\n",
        HEAD.replace(b" HTTP/1.1", b"") + b"\r\n",
        HEAD.replace(b".gif", b".gif#end") + b"\r\n",
        HEAD.replace(b"medium", b"%6Dedium") + b"\r\n",
        HEAD.replace(b"medium.gif", b"m" * 4100) + b"\r\n",
        HEAD + b"\r\n" + HEAD + b"\r\n",
        HEAD + b"\r\n\r\n",
        HEAD + b"\r\n" + b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\n",
        HEAD,
        HEAD + b"".join(b"A%d: b\r\n" % number for number in range(MAX_FIELDS)) + b"\r\n",
        HEAD + b"A: " + b"b" * 16_384 + b"\r\n\r\n",
    ],
)
def test_what_is_not_beyond_doubt_plain_is_left_to_gunicorn(data):
    assert plain(data) is None


def test_no_beginning_of_a_request_is_plain():
    data = HEAD + b"User-Agent: x\r\n\r\n"
    assert [length for length in range(len(data)) if plain(data[:length])] == []


PIECES = [
    b"\r\n", b"\n", b"\r", b" ", b"\t", b"\0", b":", b"\xa0", b"#", b"%", b"_", b"\x7f", b"\x0b", b"\r\n\r\n", b"\r\n ",
    b"5\r\nhello\r\n", b"GET /p/ HTTP/1.1", b"Host: a\r\n", b"Content-Length: 5\r\n", b"Connection: close\r\n",
    b"Transfer-Encoding: chunked\r\n",
]  # fmt: skip


def mutated(rng: random.Random, data: bytes) -> bytes:
    """Return `data` with one to three pieces inserted or replaced. It still begins and ends as a plain request."""
    for _ in range(rng.randint(1, 3)):
        start = rng.randint(len(beginnings()[0]), len(data))
        end = start + rng.choice([0, 0, 0, 1, 1, 7])
        data = data[:start] + rng.choice([*PIECES, rng.randbytes(1), b""]) + data[end:]
    return data if data.endswith(END) else data + END


def test_whatever_is_plain_gunicorn_reads_in_the_same_way_and_to_the_end():
    rng = random.Random(1)
    taken = 0
    for _ in range(20_000):
        data = mutated(rng, HEAD + b"User-Agent: Mozilla/5.0 (X11)\r\nAccept: image/*\r\n\r\n")
        read = plain(data)
        if read is None:
            continue
        request, is_last = read
        taken += 1
        parser = read_by_gunicorn(data)
        assert parser, data
        assert (parser.method, parser.http_version, parser.remaining()) == (b"GET", (1, 1), b""), data
        assert parser.is_complete, data
        assert (parser.content_length, parser.is_chunked) == (None, False), data
        assert request.path.encode() == parser.path.partition(b"?")[0], data
        assert is_last == (not parser.should_keep_alive), data
        assert request.headers == joined(parser.headers), data
    assert taken > 1000
