"""Requests that anybody may send: well-formed HTTP with any method, path, query, header and body, made from a seed.

Their targets are all addresses of the URL configuration, as the tables in `tests/access` list them, and those of the
collector. About half of what a request says is as it should be: otherwise no request would get past the first check.
"""

import gzip
import json
from collections.abc import Mapping, Sequence
from random import Random
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 Safari/537.36"
NETWORKS = 2_000  # that the requests come from: each stays below the rate limits, so that all reach their views
CSRF = "a" * 32
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
METHODS = ("GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "X-ODD")
TEXTS = (
    "", "0", "-1", "1e999", "NaN", "9" * 400, "2026-02-30", "0001-01-01", "9999-12-31", "10000-01-01", "\0", "a\0b",
    "../../etc/passwd", "..\\", "{{ 7|add:7 }}", "{% debug %}", "%s%n%(x)s", "\r\nX-Odd: 1", "<script>x</script>",
    "' OR '1'='1", "=1+1", "x" * 5_000, "\u202eabc", "\U0001f4a9", "\ufffd", "Å" * 300, "null", "[]", "true",
    "https://evil.example/", "//evil.example", "/\\evil.example", "http://[::1", "٣", "1_0", " 7 ", "+1", "0x10",
)  # fmt: skip
RAW = ("%", "%zz", "%ff%fe", "%ed%a0%80", "%00", "%2e%2e%2f", "%u1234", "&&=&", "a=b;c", "%c0%af", "[", "{", "|", "^")
PARAMETERS = (
    "range", "start", "end", "by", "compare", "trend", "platform", "country", "language", "browser", "os", "device",
    "page", "campaign", "all", "page_number", "traffic", "next", "theme", "cursor", "limit", "since", "until",
    "dimension", "pixel", "event", "version", "label", "color", "style", "count", "period", "format", "key", "q",
    "state", "code", "unit",
)  # fmt: skip
VALUES = (
    "7d", "30d", "all", "today", "day", "week", "month", "hour", "previous", "year", "medium", "DE", "2026-11-01",
    "2026-11-30", "100", "1", "visits", "readers", "svg", "dark", "platform", "build", "2.4.1", "/projects/", "figures",
)  # fmt: skip
HEADERS: Mapping[str, Sequence[str]] = {
    "Accept": ("text/html", "application/json", "*/*", "image/*;q=x", "application/xml;q=0"),
    "Accept-Encoding": ("gzip", "br;q=1, gzip;q=0", "identity;q=0", "gzip, gzip, gzip"),
    "Accept-Language": ("de", "zh-Hans-CN,zh;q=0.9", "x;q=;;", "*", "en-" + "a" * 900),
    "Content-Encoding": ("gzip", "deflate", "br", "gzip, gzip", "identity"),
    "Content-Type": (
        "application/json", "application/x-www-form-urlencoded", "application/x-protobuf", "text/plain",
        "multipart/form-data", "multipart/form-data; boundary=x", "application/json; charset=odd", "a/b; charset=utf-7",
    ),
    "Cookie": (f"csrftoken={CSRF}", "sessionid=x; csrftoken=y", "sessionid=" + "x" * 4_000, "=;=;", "language=xx"),
    "DNT": ("1", "0"),
    "Expect": ("100-continue", "odd"),
    "Forwarded": ("for=192.0.2.7;proto=https", 'for="[::1]"'),
    "Host": ("localhost", "evil.example", "localhost:99999", "", "[::1", "a b", "LOCALHOST."),
    "If-Modified-Since": ("Mon, 30 Nov 2026 10:00:00 GMT", "x"),
    "If-None-Match": ('"x"', "*", 'W/"'),
    "Origin": ("null", "https://evil.example", "http://[", "http://localhost"),
    "Range": ("bytes=0-", "bytes=9-1", "lines=1"),
    "Referer": (
        "https://medium.com/p/x", "http://localhost/", "https://[::/", "data:x", "https://a.example/?" + "q" * 3_000,
    ),
    "Sec-Fetch-Dest": ("image", "document"),
    "Sec-GPC": ("1",),
    "Sec-Purpose": ("prefetch", "prefetch;prerender"),
    "Transfer-Encoding": ("chunked",),
    "Upgrade": ("websocket", "h2c"),
    "User-Agent": (CHROME, "curl/8.5.0", "github-camo (7)", "", "Mozilla/5.0 " + "(" * 2_000, "Slackbot 1.0"),
    "X-Forwarded-Proto": ("https", "http", "odd"),
    "X-HTTP-Method-Override": ("DELETE",),
    "X-Requested-With": ("XMLHttpRequest",),
}  # fmt: skip


class Target(NamedTuple):
    """An address: the method that it expects, the fields or the body that it takes, and the status that it gives then.

    `name` tells it from others, for reports; the path, if it has none.
    """

    group: str
    method: str
    path: str
    fields: Mapping[str, str] = MappingProxyType({})
    body: Any = None
    expected: str = "200"
    name: str = ""
    headers: Mapping[str, str] = MappingProxyType({})

    @property
    def label(self) -> str:
        return f"{self.group}: {self.name or f'{self.method} {self.path}'}"

    def __hash__(self) -> int:
        return hash(self.label)


class RandomRequests:
    """Makes requests. With the same seed and targets, it makes the same ones in the same order."""

    def __init__(self, seed: int, targets: Sequence[Target], secret: str) -> None:
        self._random = Random(seed)
        self._groups = sorted({target.group for target in targets})
        self._by_group = {group: [each for each in targets if each.group == group] for group in self._groups}
        self._secret = secret  # of a token of the API

    def next(self) -> tuple[Target, bytes]:
        """Return a request's target, and its bytes. The connection ends after the answer."""
        target = self._random.choice(self._by_group[self._random.choice(self._groups)])
        methods = SAFE_METHODS if target.group == "member" else METHODS  # a member could delete what others ask for
        method = target.method if self._is(0.7) else self._random.choice(methods)
        headers = self._headers(target)
        body = self._body(target, headers) if method not in {"GET", "HEAD"} or self._is(0.05) else b""
        if headers.get("Transfer-Encoding"):
            headers.pop("Content-Length", None)
            body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:9], body[9:]) if part) + b"0\r\n\r\n"
        elif body or method not in {"GET", "HEAD"}:
            headers["Content-Length"] = str(len(body))
        lines = [f"{method} {self._path(target)}{self._query(target, method)} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        head = "\r\n".join([*lines, "Connection: close", "", ""])
        return target, head.encode("latin-1", "replace") + body

    def _is(self, share: float) -> bool:
        return self._random.random() < share

    def _text(self) -> str:
        """Return any text, with what is rare in a path or a query escaped."""
        return self._random.choice(RAW) if self._is(0.2) else quote(self._random.choice(TEXTS), safe="")

    def _path(self, target: Target) -> str:
        path = quote(target.path, safe="/")
        if self._is(0.6):
            return path
        parts = path.split("/")
        place = self._random.randrange(1, len(parts))
        changes = (
            [*parts[:place], self._text(), *parts[place + 1 :]],
            [*parts[:place], "", *parts[place:]],
            [*parts, self._text()],
            parts[:place],
            [*parts[:place], parts[place].upper(), *parts[place + 1 :]],
            [*parts[:place], parts[place] + self._text(), *parts[place + 1 :]],
        )
        return "/".join(self._random.choice(changes)) or "/"

    def _query(self, target: Target, method: str) -> str:
        pairs = list(target.fields.items()) if method in {"GET", "HEAD"} else []
        if self._is(0.5):
            pairs += [(self._random.choice(PARAMETERS), self._value()) for _ in range(self._random.randint(1, 6))]
        query = urlencode(pairs)
        if self._is(0.1):
            query += self._text()
        return f"?{query}" if query else ""

    def _value(self) -> str:
        return self._random.choice(TEXTS if self._is(0.4) else VALUES)

    def _headers(self, target: Target) -> dict[str, str]:
        """Return headers as a browser sends them, with some more, some changed and some missing."""
        headers = {"Host": "localhost", "User-Agent": CHROME, "X-Forwarded-For": self._address()}
        if isinstance(target.body, dict | list):
            headers["Content-Type"] = "application/json"
        elif target.method == "POST":
            headers |= {"Content-Type": "application/x-www-form-urlencoded", "Cookie": f"csrftoken={CSRF}"}
        if self._is(0.8 if target.path.startswith("/api/v1/") else 0.05):
            headers["Authorization"] = f"Bearer {self._secret if self._is(0.9) else self._random.choice(TEXTS[:10])}"
        headers |= target.headers
        for name in self._random.sample(sorted(HEADERS), self._random.choice((0, 1, 2, 4))):
            headers[name] = self._random.choice(HEADERS[name])
        if self._is(0.03):
            headers["X-Odd"] = "\xff" * self._random.choice((1, 9_000))
        return {name: value for name, value in headers.items() if not set(value) & set("\0\r\n")}

    def _address(self) -> str:
        number = self._random.randrange(NETWORKS)
        if number % 50 == 0:
            return self._random.choice(("", "unknown", "1.2.3", "::ffff:1.2.3.4", "[2001:db8::1]:443", "1.2.3.4, x"))
        return f"2001:db8:{number:x}::1" if number % 3 == 0 else f"81.{number // 250}.{number % 250}.9"

    def _body(self, target: Target, headers: dict[str, str]) -> bytes:
        if target.body is not None:
            value = target.body if self._is(0.3) else self._mutated(target.body)
            body = json.dumps(value).encode()
        else:
            fields = {"csrfmiddlewaretoken": CSRF} | dict(target.fields)
            if self._is(0.5):
                fields[self._random.choice((*fields, *PARAMETERS))] = self._value()
            body = urlencode(fields).encode()
        if self._is(0.1):
            body = gzip.compress(body)
            headers["Content-Encoding"] = "gzip"
        return self._damaged(body) if self._is(0.15) else body

    def _damaged(self, body: bytes) -> bytes:
        place = self._random.randrange(len(body) + 1)
        return self._random.choice(
            (
                b"",
                body[:place],
                body + body,
                body[:place] + self._random.randbytes(3) + body[place:],
                self._random.randbytes(200),
                b"[" * 20_000,
                gzip.compress(bytes(300_000)),
                b"x" * self._random.choice((70_000, 70_000, 1_200_000)),
            )
        )

    def _mutated(self, value: Any) -> Any:
        """Return JSON with one value changed somewhere in it."""
        if self._is(0.25) or not value or not isinstance(value, dict | list):
            return self._random.choice([None, True, 0, -1, 10**30, 1e300, [], {}, [value] * 40, {"x": value}, *TEXTS])
        if isinstance(value, list):
            place = self._random.randrange(len(value))
            return [*value[:place], self._mutated(value[place]), *value[place + 1 :]]
        name = self._random.choice(sorted(value))
        if self._is(0.1):
            return {self._random.choice(TEXTS) if key == name else key: each for key, each in value.items()}
        return value | {name: self._mutated(value[name])}
