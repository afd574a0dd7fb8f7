"""Requests with reports that are not taken, for tests of all entry points: what is sent, and what the answer says."""

import gzip
import json
from collections.abc import Callable
from typing import NamedTuple

from collector.intake.bodies import MAX_BYTES
from collector.models import Kind, Pixel, Project
from tests.endpoints import Response
from tests.programs import SCHEMA, declared, envelope, report, utc_today

RETIRED, UNDECLARED, UNKNOWN = "retiredretired222222", "undeclared2222222222", "unknownunknown222222"
PROGRAM, ARTICLE = "programprogram222222", "articlearticle222222"
ADDRESS = f"/e/{PROGRAM}"
GZIP = {"content_encoding": "gzip"}
RIGHT = envelope(report(utc_today()))
BOMB = gzip.compress(bytes(50_000_000))  # 48 KB


class Case(NamedTuple):
    """One request, and what its answer must say."""

    name: str
    status: int
    field: str = ""
    body: bytes = RIGHT
    headers: dict[str, str] = {}
    method: str = "POST"
    path: str = ADDRESS
    answer_header: tuple[str, str] = ("", "")


def top(**fields: object) -> bytes:
    return json.dumps({"v": 1, "schema": SCHEMA, "reports": [report(utc_today())]} | fields).encode()


BAD_REQUESTS = [
    Case("no body", 400, body=b""),
    Case("an empty body in gzip", 400, body=gzip.compress(b""), headers=GZIP),
    Case("no JSON", 400, body=b"\xff\x00{"),
    Case("half a body", 400, body=RIGHT[:-9]),
    Case("two bodies", 400, body=RIGHT + RIGHT),
    Case("a list", 400, body=b"[]"),
    Case("another version", 400, "v", body=top(v=2)),
    Case("no schema", 400, "schema", body=top(schema=None)),
    Case("a day that is a number", 400, "today", body=top(today=1)),
    Case("no list of reports", 400, "reports", body=top(reports={})),
    Case("no reports", 400, "reports", body=top(reports=[])),
    Case("32 reports", 400, "reports", body=top(reports=[report(utc_today())] * 32)),
    Case("a report that is a text", 400, "reports[0]", body=top(reports=["x"])),
    Case("an unknown field", 400, "host", body=top(host="secret")),
    Case("deep lists", 400, body=b"[" * MAX_BYTES),
    Case("deep objects", 400, body=b'{"a":' * 12_000),
    Case("deep reports", 400, body=b'{"v": 1, "reports": ' + b"[" * 30_000 + b"]" * 30_000 + b"}"),
    Case("no gzip", 400, headers=GZIP),
    Case("half a gzip file", 400, body=gzip.compress(RIGHT)[:-9], headers=GZIP),
    Case("a gzip file with more behind it", 400, body=gzip.compress(RIGHT) + b"more", headers=GZIP),
    Case("a wrong checksum", 400, body=gzip.compress(RIGHT)[:-8] + b"12345678", headers=GZIP),
    Case("a gzip bomb", 413, body=BOMB, headers=GZIP),
    Case("gzip within gzip", 400, body=gzip.compress(gzip.compress(RIGHT)), headers=GZIP),
    Case("one byte too many", 413, body=RIGHT.ljust(MAX_BYTES + 1)),
    Case("one byte too many in gzip", 413, body=gzip.compress(RIGHT.ljust(MAX_BYTES + 1)), headers=GZIP),
    Case("a form", 415, headers={"content_type": "application/x-www-form-urlencoded"}),
    Case("a text", 415, headers={"content_type": "text/plain"}, answer_header=("accept", "application/json")),
    Case("no content type", 415, headers={"content_type": ""}),
    Case("another encoding", 415, headers={"content_encoding": "br"}, answer_header=("accept-encoding", "gzip")),
    Case("two encodings", 415, headers={"content_encoding": "gzip, gzip"}),
    Case("an unknown token", 404, path=f"/e/{UNKNOWN}"),
    Case("a retired token", 404, path=f"/e/{RETIRED}"),
    Case("the token of an article", 404, path=f"/e/{ARTICLE}"),
    Case("a program without a declaration", 404, path=f"/e/{UNDECLARED}"),
    Case("no token", 404, path="/e//"),
    Case("too much path", 404, path=f"{ADDRESS}/x"),
    Case("a path that is no text", 404, path="/e/%ff%00"),
    *[
        Case(f"the method {method}", 405, method=method, answer_header=("allow", "POST"))
        for method in ("GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS")
    ],
]


def create_pixels(project: Project) -> None:
    """Create the program and the others that the cases name."""
    declared(project, token=PROGRAM)
    declared(project, token=RETIRED, retired_at="2026-11-01T00:00Z")
    Pixel.objects.create(project=project, title="Undeclared", kind=Kind.APP, token=UNDECLARED)
    Pixel.objects.create(project=project, title="Article", token=ARTICLE)


def assert_is_refused(case: Case, send: Callable[[Case], Response]) -> None:
    """Send a request, and check the whole answer."""
    response = send(case)

    assert response.status == case.status, f"{case.name}: {response.body!r}"
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["cache-control"] == "no-store"
    assert not {"set-cookie", "etag", "access-control-allow-origin"} & response.headers.keys()
    name, value = case.answer_header
    assert not name or value in response.headers[name]
    if case.method == "HEAD":
        assert response.body == b""
        return
    document = json.loads(response.body)
    assert int(response.headers["content-length"]) == len(response.body)
    assert document.keys() >= {"type", "title", "status", "detail"}
    named = (case.name, document["status"], document.get("field", ""))
    assert named == (case.name, case.status, case.field)
    assert b"secret" not in response.body
