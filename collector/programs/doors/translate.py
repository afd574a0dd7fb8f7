"""Translates an event of another SDK through the declaration: what it names is kept, in the forms of reports.

As our clients do on the device: a value of a choice that is not listed becomes `other`, and a number the bin that it
falls into. Everything else is dropped, and only its name is told.
"""

import math
from bisect import bisect_right
from collections.abc import Iterator
from datetime import date
from typing import Any, NamedTuple

from collector.programs.doors.facts import version_of
from collector.programs.doors.names import declared_form, shown_name
from collector.programs.doors.sent import SentEvent
from collector.programs.forms import CHOICE, OTHER
from collector.programs.program import Event, Program, Property
from collector.programs.report import Value

FAILURE_CLASS = "class"
# Where a declared property of the first name is not sent, these say the same (OpenTelemetry's semantic conventions).
_SAME = {FAILURE_CLASS: ("error.type", "exception.type"), "exit_code": ("process.exit.code",)}
_FLAGS = {"true": True, "false": False}
_MAX_PROPERTIES = 100  # of one event that are read


class Kept(NamedTuple):
    """What is kept of an event: its declared name, and the values and bins of its properties."""

    event: str
    values: dict[str, Value]
    bins: dict[str, int]


class Translation(NamedTuple):
    """`kept` is None for an event that is not declared. `dropped` are names that are declared nowhere."""

    kept: Kept | None
    dropped: frozenset[str]


def translate(sent: SentEvent, program: Program, day: date) -> Translation:
    """Translate one event that counts on `day`."""
    dropped = {name for more in sent.more if (name := shown_name(more))}
    event = program.events.get(sent.name) or program.events.get(declared_form(sent.name))
    if event is None:
        if sent.is_named and (name := shown_name(sent.name)):
            dropped.add(name)
        return Translation(None, frozenset(dropped))
    if day > event.until:
        return Translation(None, frozenset(dropped))
    values: dict[str, Value] = {}
    bins: dict[str, int] = {}
    for name, value in _properties(sent, event, dropped):
        declared = event.properties[name]
        if declared.type == "bucket":
            if (number := _number(value)) is not None:
                bins[name] = bisect_right(declared.bounds, number)
        elif (clamped := _clamped(declared, value)) is not None:
            values[name] = clamped
    return Translation(Kept(event.name, values, bins), frozenset(dropped))


def _properties(sent: SentEvent, event: Event, dropped: set[str]) -> Iterator[tuple[str, Any]]:
    """Yield the values of declared properties. Add the names of all others to `dropped`."""
    read: set[str] = set()
    used: set[str] = set()
    for declared, others in _SAME.items():
        if declared in event.properties and declared not in sent.properties:
            same = next((other for other in others if other in sent.properties), None)
            if same is not None:
                used.add(same)
                read.add(declared)
                yield declared, sent.properties[same]
    for key in list(sent.properties)[:_MAX_PROPERTIES]:
        name = key if key in event.properties else declared_form(key)
        if name in event.properties:
            if name not in read:
                read.add(name)
                yield name, sent.properties[key]
        elif key not in used and key not in sent.read and (shown := shown_name(key)):
            dropped.add(f"{event.name}.{shown}")


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _clamped(declared: Property, value: object) -> Value | None:
    """Return a value in its declared form, or None for one that says nothing."""
    if declared.type == "flag":
        if isinstance(value, bool):
            return value
        return _FLAGS.get(value.lower()) if isinstance(value, str) else None
    if isinstance(value, bool):
        text = "true" if value else "false"
    elif isinstance(value, str | int | float):
        text = value if isinstance(value, str) else f"{value:.15g}" if isinstance(value, float) else _digits(value)
    else:
        return None
    if not text:
        return None
    if declared.type == "version":
        return version_of(text[:200])
    return text if CHOICE.fullmatch(text) and declared.admits(text) else OTHER


def _digits(number: int) -> str:
    return str(number) if abs(number) < 10**15 else ""  # Python does not write numbers of 5,000 digits
