"""An example of what a program sends: the bytes of one request, made from its declaration."""

import json
from datetime import date, timedelta
from typing import Any

from collector.programs.program import Event, Program
from collector.programs.weeks import week_of

_ID = "b7d1f3a05c9e4e62a8f60d2c4b1a7e93"


def example_request(program: Program, today: date) -> str:
    """Return the body of a request as a client sends it: a report of today, with one use of each event."""
    used_on = today - timedelta(days=3)
    events = [event for event in program.events.values() if event.until >= used_on]
    report: dict[str, Any] = {
        "id": _ID,
        "day": today.isoformat(),
        "gap": 3,
        "since": week_of(today - timedelta(weeks=16)),
        "version": program.versions.newest or "2.4.1",
        "os": "linux",
        "arch": "x86-64",
        "runtime": "python3.12",
        "driver": "server" if program.kind == "server" else "person",
        "used": [_used(event, used_on) for event in events],
    }
    request = {"v": 1, "schema": program.schema, "today": today.isoformat(), "reports": [report]}
    return json.dumps(request, separators=(",", ":"))


def _used(event: Event, day: date) -> dict[str, Any]:
    plain = {name: _value(one.type, one.values) for name, one in event.properties.items() if one.type != "bucket"}
    bins = {name: [2, *[0] * (one.bins - 1)] for name, one in event.properties.items() if one.type == "bucket"}
    entry: dict[str, Any] = {"day": day.isoformat(), "event": event.name, "n": 2, "gap": 1}
    return entry | ({"p": plain} if plain else {}) | ({"h": bins} if bins else {})


def _value(kind: str, values: tuple[str, ...]) -> str | bool:
    if kind == "flag":
        return True
    return next(iter(values)) if kind == "choice" else "3.1"
