"""Runs of a program that a shell reports by getting its pixel: `/p/<token>.gif?event=build&version=2.4.1`.

A run says nothing about an installation, and nothing about its sender is kept. An undeclared event, or a version in
another form, is left out, but the run still counts.
"""

from datetime import UTC, datetime
from urllib.parse import parse_qsl

from collector.programs.forms import is_version
from collector.programs.program import Program
from collector.spool.report_line import SpooledRun

MAX_QUERY = 200  # bytes: more than an event and a version need


def run_of(token: str, query: bytes, program: Program | None, at_us: int) -> SpooledRun:
    """Return the run that a query describes. Without `program`, while its declaration is not known, it has no event."""
    fields = dict(parse_qsl(query[:MAX_QUERY].decode("latin-1")))
    named, version = fields.get("event", ""), fields.get("version", "")
    event = program.events.get(named) if program else None
    if event is not None and datetime.fromtimestamp(at_us // 1_000_000, UTC).date() > event.until:
        event = None
    return SpooledRun(token, at_us, event.name if event else "", version if is_version(version) else "")
