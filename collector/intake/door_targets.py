"""The paths to which the SDKs of other telemetry systems post, below the server's address or below `/e/<token>`."""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Literal, NamedTuple

from collector.programs.doors.aptabase import read_aptabase
from collector.programs.doors.otlp import read_otlp
from collector.programs.doors.posthog import read_posthog, token_in
from collector.programs.doors.sent import Sent

Form = Literal["posthog", "posthog-v1", "aptabase", "otlp"]
Headers = Mapping[bytes, bytes]
Read = Callable[[bytes, Headers, bytes], Sent]  # of a body, with the headers and the query string


class Endpoint(NamedTuple):
    """What an SDK expects at a path: how it is answered, and how its body is read: None if it only asks what to do."""

    form: Form
    read: Read | None


class DoorTarget(NamedTuple):
    """What a path names. `token` is empty if the path has none."""

    endpoint: Endpoint
    token: str


def _posthog(content: bytes, headers: Headers, query: bytes) -> Sent:
    return read_posthog(content, headers.get(b"content-type", b""), query)


def _posthog_v1(content: bytes, headers: Headers, query: bytes) -> Sent:
    sent = _posthog(content, headers, query)
    keys = (event.key for event in sent.events if event.has_id)
    ids = tuple(key.decode() for key in keys if key and _UUID.fullmatch(key))
    return sent._replace(token=token_in(_bearer(headers)) or sent.token, ids=ids)


def _bearer(headers: Headers) -> str:
    scheme, _, key = _text(headers, b"authorization").strip().partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""


def _aptabase(content: bytes, headers: Headers, query: bytes) -> Sent:
    return read_aptabase(content, _text(headers, b"app-key"), _text(headers, b"user-agent"))


def _otlp(content: bytes, headers: Headers, query: bytes) -> Sent:
    return read_otlp(content, is_json=is_json(headers), token=token_in(_bearer(headers)))


def is_json(headers: Headers) -> bool:
    """Whether a request of OpenTelemetry is in JSON, and its answer is to be. All others are in Protocol Buffers."""
    return headers.get(b"content-type", b"").partition(b";")[0].strip().lower() == b"application/json"


def _text(headers: Headers, name: bytes) -> str:
    return headers.get(name, b"").decode("latin-1")


_POSTHOG, _SETTINGS = Endpoint("posthog", _posthog), Endpoint("posthog", None)
_ENDPOINTS: Mapping[str, Endpoint] = {
    **dict.fromkeys(("/batch", "/capture", "/i/v0/e", "/e", "/track"), _POSTHOG),
    "/i/v1/analytics/events": Endpoint("posthog-v1", _posthog_v1),
    **dict.fromkeys(("/api/v0/event", "/api/v0/events"), Endpoint("aptabase", _aptabase)),
    "/v1/logs": Endpoint("otlp", _otlp),
    **dict.fromkeys(("/flags", "/decide"), _SETTINGS),
}
_UUID = re.compile(rb"[0-9a-fA-F-]{32,36}")
_PATH = re.compile(r"(?:/e/([a-z0-9]{16,40})(?=/))?(/[a-z0-9/]+?)/?")
_REMOTE_CONFIG = re.compile(r"(?:/e/[a-z0-9]{16,40})?/array/[A-Za-z0-9_-]{1,80}/config/?")


@lru_cache(maxsize=1024)
def door_target(path: str) -> DoorTarget | None:
    """Return what a path names, or None if no SDK posts to it."""
    match = _PATH.fullmatch(path)
    endpoint = _ENDPOINTS.get(match[2]) if match else None
    if match and endpoint:
        return DoorTarget(endpoint, match[1] or "")
    return DoorTarget(_SETTINGS, "") if _REMOTE_CONFIG.fullmatch(path) else None
