"""Reads plain pixel requests with llhttp (httptools). What is not beyond doubt plain is left to gunicorn's own parser.

Two parsers that read the same bytes differently let a client smuggle a request past one of them. So this one takes only
what leaves no choice. A parser is used again only if its last request was plain, so that nothing is carried over.
"""

from functools import cache

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser

from collector.intake.prefix import prefix
from collector.intake.request import PixelRequest
from collector.intake.targets import PREFIX

END = b"\r\n\r\n"
MAX_BYTES = 16_384
_VERSION = b" HTTP/1.1"
# With one of these, a request has a body, waits for an interim answer or asks for another protocol.
_NOT_PLAIN = frozenset({b"content-length", b"transfer-encoding", b"expect", b"upgrade", b"trailer", b"te"})
_CONNECTION = {b"": False, b"keep-alive": False, b"close": True}


_idle_parsers: list[tuple["_Fields", HttpRequestParser]] = []  # at most one, as parsing is never interrupted


@cache
def beginnings() -> tuple[bytes, ...]:
    """Return how plain requests begin, with and without the path of PUBLIC_URL."""
    return tuple(f"GET {path}{PREFIX}".encode() for path in sorted({"", prefix()}))


class _Fields:
    """What llhttp reports: the headers (of repeated ones the last), and whether their end has come.

    It does not hold its parser: such a pair would never be freed.
    """

    __slots__ = ("by_name", "is_complete")

    def __init__(self) -> None:
        self.by_name: dict[bytes, bytes] = {}
        self.is_complete = False

    def on_header(self, name: bytes, value: bytes) -> None:
        self.by_name[name.lower()] = value.rstrip()  # llhttp leaves blanks at the end

    def on_message_complete(self) -> None:
        self.is_complete = True


def plain_request(data: bytes, peer: str, max_line: int, max_fields: int) -> tuple[PixelRequest, bool] | None:
    """Return the plain request that `data` is, and whether it is the last of its connection; None if it is not plain.

    `data` begins with one of `beginnings()` and ends with `END`. `max_line` is the longest request line in bytes,
    `max_fields` the largest number of headers.
    """
    line = data[: data.find(b"\r\n")]
    target = line[4 : -len(_VERSION)]
    if (
        len(data) > MAX_BYTES
        or len(line) > max_line
        or not line.endswith(_VERSION)
        or target.split() != [target]  # llhttp takes a lone LF for the end of a line of HTTP/0.9
        or not data.isascii()
    ):
        return None
    fields, parser = _idle_parsers.pop() if _idle_parsers else _new_parser()
    try:
        parser.feed_data(data)
    except (HttpParserError, HttpParserUpgrade):  # among others: control bytes, lone CR or LF, folded lines, odd names
        return None
    headers = fields.by_name
    path, _, query = target.partition(b"?")
    if (
        not fields.is_complete
        or data.count(b"\n") != len(headers) + 2  # a header is repeated, or more than one request has arrived
        or len(headers) > max_fields
        or b"host" not in headers
        or not _NOT_PLAIN.isdisjoint(headers)
        or b"%" in path
        or b"#" in target
    ):
        return None
    is_last = _CONNECTION.get(headers.get(b"connection", b"").lower())
    if is_last is None:
        return None
    if not is_last:  # llhttp reads nothing after `Connection: close`
        fields.by_name, fields.is_complete = {}, False
        _idle_parsers.append((fields, parser))
    return PixelRequest("GET", path.decode("ascii"), headers, peer, query), is_last


def _new_parser() -> tuple[_Fields, HttpRequestParser]:
    fields = _Fields()
    return fields, HttpRequestParser(fields)
