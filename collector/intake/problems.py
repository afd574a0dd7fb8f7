"""Errors for programs that call us: problem details (RFC 9457) that say what to do instead."""

from http import HTTPStatus
from typing import Any

import msgspec

from collector.intake.answers import Answer

CONTENT_TYPE = "application/problem+json"


def problem(status: int, detail: str) -> dict[str, Any]:
    """Return the document for a status, which the caller may extend. `detail` is a sentence for people."""
    return {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": int(status), "detail": detail}


def problem_answer(
    status: int, detail: str, *, field: str = "", headers: tuple[tuple[bytes, bytes], ...] = ()
) -> Answer:
    """Return an answer with a problem document. `field` names the field of the request that is wrong, if it is one."""
    document = problem(status, detail)
    if field:
        document["field"] = field
    return json_answer(status, document, CONTENT_TYPE, headers)


def json_answer(
    status: int, document: Any, content_type: str = "application/json", headers: tuple[tuple[bytes, bytes], ...] = ()
) -> Answer:
    """Return an answer with a JSON document, which no cache may keep."""
    body = msgspec.json.encode(document)
    return Answer(
        status,
        (
            (b"content-type", content_type.encode()),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"no-store"),
            (b"x-content-type-options", b"nosniff"),
            *headers,
        ),
        body,
    )
