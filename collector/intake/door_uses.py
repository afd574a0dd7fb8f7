"""What a request of another SDK becomes in the spool: a line for each installation or session, and day.

An event counts on the UTC day of its own moment, if that is today or yesterday. Otherwise its clock may be wrong, or
the salts of its day may be gone: then it counts on the day on which it arrived.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from collector.intake.lookups import Lookups
from collector.intake.marks import WindowSalts, mark_of_event, marks_of
from collector.programs.doors.sent import NO_FACTS, Facts, Identity, SentEvent
from collector.programs.doors.translate import translate
from collector.programs.program import Door, Program
from collector.spool.door_line import MAX_DROPPED, MAX_USES, DoorUse, SpooledUse

_DAY_US = 86_400_000_000


class DoorLine(NamedTuple):
    """A line of the spool, and what it says."""

    spooled: SpooledUse
    line: bytes


class DoorLines(NamedTuple):
    """The lines of one request, how many of its events are kept, and names that the declaration does not have."""

    lines: list[DoorLine]
    kept: int
    dropped: list[str]


@dataclass(slots=True)
class _Group:
    """What one installation or session did on one day."""

    facts: Facts = NO_FACTS
    uses: list[DoorUse] = field(default_factory=list)


def door_lines(
    events: list[SentEvent], door: Door, token: str, program: Program, country: str, lookups: Lookups, at_us: int
) -> DoorLines:
    """Translate the events of a request that arrived at `at_us`, and write their lines. A thread may do it."""
    today = _day_of(at_us)
    groups: dict[tuple[date, Identity | None], _Group] = {}
    salts = {day: lookups.window_salts(day) for day in (today - timedelta(1), today)}
    seen: Counter[bytes] = Counter()
    dropped: set[str] = set()
    kept = 0
    for event in events:
        day = _day_of_event(event, today)
        group = groups.setdefault((day, event.identity), _Group())
        group.facts = Facts(*(known or new for known, new in zip(group.facts, event.facts, strict=True)))
        translation = translate(event, program, day)
        dropped |= translation.dropped
        if translation.kept is not None:
            kept += 1
            key = _event_key(event, seen, token, salts[day])
            group.uses.append(DoorUse(translation.kept.event, key, translation.kept.values, translation.kept.bins))
    names = sorted(dropped)[:MAX_DROPPED]
    lines: list[DoorLine] = []
    for (day, identity), group in groups.items():
        marks = marks_of(identity, token, known) if identity and (known := salts[day]) else None
        is_session = identity is not None and identity.kind == "session"
        for uses in _parts(group.uses):
            if not uses and marks is None and (lines or not names):
                continue  # it says nothing
            version, os, arch, runtime = group.facts
            spooled = SpooledUse(
                token, at_us, day.isoformat(), door, is_session, marks, version, os, arch, runtime, country, uses,
                [] if lines else names,
            )  # fmt: skip
            lines.append(DoorLine(spooled, spooled.to_line()))
    return DoorLines(lines, kept, names)


def _parts(uses: list[DoorUse]) -> Iterator[list[DoorUse]]:
    """Yield the uses of a group in lists that fit in a line: one at least, which may be empty."""
    for start in range(0, max(1, len(uses)), MAX_USES):
        yield uses[start : start + MAX_USES]


def _event_key(event: SentEvent, seen: Counter[bytes], token: str, salts: WindowSalts | None) -> int | None:
    if event.key is None or salts is None:
        return None
    occurrence = 0 if event.has_id else seen[event.key]
    seen[event.key] += 1
    return mark_of_event(event.key, occurrence, token, salts)


def _day_of_event(event: SentEvent, today: date) -> date:
    return today - timedelta(1) if event.at_us and _days_before(event.at_us, today) == 1 else today


def _days_before(at_us: int, today: date) -> int:
    return (today - date(1970, 1, 1)).days - at_us // _DAY_US


def _day_of(at_us: int) -> date:
    return datetime.fromtimestamp(at_us // 1_000_000, UTC).date()
