"""What the SDKs of other telemetry systems are answered. No answer repeats a value that was sent."""

import re
from collections.abc import Mapping
from typing import Any

from collector.intake.answers import Answer
from collector.intake.door_targets import Form, is_json
from collector.intake.door_uses import DoorLines
from collector.intake.problems import json_answer, problem_answer
from collector.programs.doors.protobuf import written
from collector.programs.doors.sent import SentEvent
from collector.programs.program import Door

_UUID = re.compile(rb"[0-9a-fA-F-]{32,36}")
# A token is public and there are no cookies, so any page may post, as any page may embed a pixel.
_ANY_ORIGIN = (b"access-control-allow-origin", b"*")
_HEADERS = (
    b"app-key", b"authorization", b"content-encoding", b"content-type", b"posthog-attempt", b"posthog-request-id",
    b"posthog-request-timestamp", b"posthog-sdk-info",
)  # fmt: skip
PREFLIGHT = Answer(
    204,
    (
        (b"content-length", b"0"),
        _ANY_ORIGIN,
        (b"access-control-allow-methods", b"POST, OPTIONS"),
        (b"access-control-allow-headers", b", ".join(_HEADERS)),
        (b"access-control-max-age", b"86400"),
    ),
    b"",
)


def open_to_browsers(answer: Answer) -> Answer:
    """Return an answer that scripts of any page may read."""
    return Answer(answer.status, (*answer.headers, _ANY_ORIGIN), answer.body)


# What PostHog's SDKs ask before they send: there are no flags, no recording and no surveys here.
NO_FLAGS = open_to_browsers(
    json_answer(
        200,
        {
            "config": {},
            "flags": {},
            "featureFlags": {},
            "featureFlagPayloads": {},
            "errorsWhileComputingFlags": False,
            "hasFeatureFlags": False,
            "supportedCompression": ["gzip", "gzip-js", "base64"],
            "autocapture_opt_out": True,
            "autocaptureExceptions": False,
            "capturePerformance": False,
            "captureDeadClicks": False,
            "defaultIdentifiedOnly": True,
            "heatmaps": False,
            "isAuthenticated": False,
            "sessionRecording": False,
            "siteApps": [],
            "surveys": False,
            "toolbarParams": {},
        },
    )
)


def accepted(form: Form, headers: Mapping[bytes, bytes], events: list[SentEvent], made: DoorLines) -> Answer:
    """Return the answer to a request of which everything is kept that the declaration names."""
    if form == "otlp":
        return _exported(headers, made.dropped)
    document: dict[str, Any] = {}
    if form == "posthog":
        document["status"] = 1
    if form == "posthog-v1":
        document["results"] = {id_of_event: {"result": "ok"} for id_of_event in _ids(events)}
    if made.dropped:
        document["dropped"] = made.dropped
    return json_answer(200, document)


def _ids(events: list[SentEvent]) -> list[str]:
    """Return the ids of events that have one, if they have the form of one: no other value is repeated."""
    keys = (event.key for event in events if event.has_id)
    return [key.decode() for key in keys if key and _UUID.fullmatch(key)]


def _exported(headers: Mapping[bytes, bytes], dropped: list[str]) -> Answer:
    """Return the answer to OpenTelemetry: in the form of the request, with a warning if something is not declared."""
    warning = f"These names are not declared: {', '.join(dropped)}." if dropped else ""
    if is_json(headers):
        return json_answer(200, {"partialSuccess": {"errorMessage": warning}} if warning else {})
    body = written(1, written(2, warning.encode())) if warning else b""
    return Answer(
        200,
        (
            (b"content-type", b"application/x-protobuf"),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"no-store"),
            (b"x-content-type-options", b"nosniff"),
        ),
        body,
    )


def undeclared(door: Door) -> Answer:
    """Return the answer to an SDK that the program's declaration does not name."""
    detail = (
        f'The declaration of this program does not name this SDK. Add sdks = ["{door}"] to [program], and declare it.'
    )
    return problem_answer(403, detail)
