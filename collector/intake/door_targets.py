"""The paths to which the SDKs of other telemetry systems post, below the server's address or below `/e/<token>`."""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Literal, NamedTuple

from collector.programs.doors.aptabase import open_aptabase
from collector.programs.doors.otlp import open_otlp
from collector.programs.doors.posthog import open_posthog, token_in
from collector.programs.doors.sent import Opened
from collector.programs.program import Door

MAX_PATH = 150  # characters
Form = Literal["posthog", "posthog-v1", "aptabase", "otlp"]
Headers = Mapping[bytes, bytes]
Open = Callable[[bytes, Headers, bytes], Opened]  # a body, with the headers and the query string


class Endpoint(NamedTuple):
    """What an SDK expects at a path: how its body is opened, None if it only asks for settings, and in which form we
    answer.
    """

    door: Door
    form: Form
    open: Open | None


class DoorTarget(NamedTuple):
    """What a path names. `token` is empty if the path has none."""

    endpoint: Endpoint
    token: str


def _posthog(content: bytes, headers: Headers, query: bytes) -> Opened:
    return open_posthog(content, headers.get(b"content-type", b""), query)


def _posthog_v1(content: bytes, headers: Headers, query: bytes) -> Opened:
    return _posthog(content, headers, query)._replace(token=token_in(_bearer(headers)))


def _aptabase(content: bytes, headers: Headers, query: bytes) -> Opened:
    return open_aptabase(content, _text(headers, b"app-key"), _text(headers, b"user-agent"))


def _otlp(content: bytes, headers: Headers, query: bytes) -> Opened:
    return open_otlp(content, token_in(_bearer(headers)), is_json=is_json(headers))


def is_json(headers: Headers) -> bool:
    """Whether a request of OpenTelemetry is in JSON, and its answer is to be. All others are in Protocol Buffers."""
    return headers.get(b"content-type", b"").partition(b";")[0].strip().lower() == b"application/json"


def _bearer(headers: Headers) -> str:
    scheme, _, key = _text(headers, b"authorization").strip().partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""


def _text(headers: Headers, name: bytes) -> str:
    return headers.get(name, b"").decode("latin-1")


_POSTHOG = Endpoint("posthog", "posthog", _posthog)
_SETTINGS = Endpoint("posthog", "posthog", None)
_ENDPOINTS: Mapping[str, Endpoint] = {
    **dict.fromkeys(("/batch", "/capture", "/i/v0/e", "/e", "/track"), _POSTHOG),
    "/i/v1/analytics/events": Endpoint("posthog", "posthog-v1", _posthog_v1),
    **dict.fromkeys(("/api/v0/event", "/api/v0/events"), Endpoint("aptabase", "aptabase", _aptabase)),
    "/v1/logs": Endpoint("otlp", "otlp", _otlp),
    **dict.fromkeys(("/flags", "/decide"), _SETTINGS),
}
FIRST_PARTS = frozenset({"array", *(path.split("/")[1] for path in _ENDPOINTS)})
_PATH = re.compile(r"(?:/e/([a-z0-9]{16,40})(?=/))?(/[a-z0-9/]+?)/?")
_REMOTE_CONFIG = re.compile(r"(?:/e/[a-z0-9]{16,40})?/array/[A-Za-z0-9_-]{1,80}/config/?")


def door_target(path: str) -> DoorTarget | None:
    """Return what a path names, or None if no SDK posts to it."""
    return _target_at(path) if len(path) <= MAX_PATH else None


@lru_cache(maxsize=1024)
def _target_at(path: str) -> DoorTarget | None:
    match = _PATH.fullmatch(path)
    endpoint = _ENDPOINTS.get(match[2]) if match else None
    if match and endpoint:
        return DoorTarget(endpoint, match[1] or "")
    return DoorTarget(_SETTINGS, "") if _REMOTE_CONFIG.fullmatch(path) else None
