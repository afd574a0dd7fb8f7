"""What Aptabase's SDKs send: one event, or a list of them, with the key of the app in a header.

Read from aptabase 0.1 (Python) and @aptabase/web 0.5. They have no id of an installation: only one of a session, which
ends after an hour without events, or when the program ends.
"""

import re
from collections.abc import Mapping
from typing import Any

from collector.programs.doors.facts import architecture_of, first_text, system_of, version_of
from collector.programs.doors.moments import moment_of
from collector.programs.doors.sent import (
    Facts,
    Identity,
    Opened,
    SentEvent,
    content_key,
    decoded,
    limited,
    table_of,
    text_of,
)
from collector.programs.wire import MalformedError

_KEY = re.compile(r"(?:A-[A-Z]{2,3}-)?([a-z0-9]{16,40})")
# What the SDKs for JavaScript say in place of `osName`; of a browser, it is the beginning of its user agent.
_SYSTEM = re.compile(r"Mozilla/5\.0 \((Macintosh|Windows|Linux|Android|X11; Linux|iPhone|iPad)")


def token_in_app_key(key: str) -> str:
    """Return the token in an app key such as A-SH-<token>; empty if there is none."""
    match = _KEY.fullmatch(key)
    return match[1] if match else ""


def open_aptabase(content: bytes, app_key: str, user_agent: str) -> Opened:
    """Open a request."""
    return Opened(token_in_app_key(app_key), lambda: _events(content, user_agent))


def _events(content: bytes, user_agent: str) -> list[SentEvent]:
    body = decoded(content)
    items = body if isinstance(body, list) else [body]
    if not all(isinstance(item, dict) for item in items):
        raise MalformedError("The body is neither an event nor a list of events.")
    return [event for item in limited(items) if (event := _event(item, user_agent)) is not None]


def _event(item: Mapping[str, Any], user_agent: str) -> SentEvent | None:
    """Return one event; None for what is none, and for what a developer did while testing."""
    name, system = text_of(item.get("eventName")), table_of(item.get("systemProps"))
    if not name or system.get("isDebug") is True:
        return None
    session = item.get("sessionId")
    if isinstance(session, int) and not isinstance(session, bool):
        session = f"{session % 10**30}"  # of any length: Python does not write numbers of 5,000 digits
    at_us = moment_of(item.get("timestamp"))
    return SentEvent(
        name=name,
        properties=table_of(item.get("props")),
        identity=Identity("session", session) if isinstance(session, str) and session else None,
        at_us=at_us,
        key=content_key(item) or None if at_us else None,
        has_id=False,
        facts=_facts(system, user_agent),
    )


def _facts(system: Mapping[str, Any], user_agent: str) -> Facts:
    match = _SYSTEM.match(user_agent)
    is_python = text_of(system.get("sdkVersion")).startswith("aptabase-python")
    return Facts(
        version=version_of(first_text(system, "appVersion")),
        os=system_of(first_text(system, "osName") or (match[1].removeprefix("X11; ") if match else "")),
        arch=architecture_of(first_text(system, "deviceModel") if is_python else ""),
    )
