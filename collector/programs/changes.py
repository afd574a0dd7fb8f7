"""What a new declaration of a program changes."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from collector.programs.program import Event, Program, Property


@dataclass(frozen=True, slots=True)
class Changes:
    """What differs between two declarations.

    `wider` are the fields that only the new one has, as in `Program.fields`: users are told about them before they
    are sent. `narrower` are those that only the former one has: they are no longer accepted. `others` are the keys of
    all other differences, such as `events.build.until`.
    """

    wider: tuple[str, ...]
    narrower: tuple[str, ...]
    others: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.wider or self.narrower or self.others)


def changes(before: Program | None, after: Program) -> Changes:
    """Compare a declaration with the one before; None if there is none yet."""
    former, present = set(before.fields() if before else []), set(after.fields())
    return Changes(
        wider=tuple(sorted(present - former)),
        narrower=tuple(sorted(former - present)),
        others=tuple(_other_keys(before, after)) if before else (),
    )


def ended_events(program: Program, today: date) -> list[Event]:
    """Return the events that are no longer recorded, because `until` is past."""
    return [event for event in program.events.values() if event.until < today]


def _other_keys(before: Program, after: Program) -> Iterator[str]:
    yield from _differing("program", _of_program(before), _of_program(after))
    if before.versions != after.versions:
        yield "versions"
    for name in sorted(before.events.keys() & after.events.keys()):
        former, present = before.events[name], after.events[name]
        yield from _differing(f"events.{name}", _of_event(former), _of_event(present))
        for key in sorted(former.properties.keys() & present.properties.keys()):
            path = f"events.{name}.properties.{key}"
            yield from _differing(path, _of_property(former.properties[key]), _of_property(present.properties[key]))


def _differing(path: str, before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    return [f"{path}.{key}" for key in after if before[key] != after[key]]


def _of_program(program: Program) -> dict[str, Any]:
    return {
        "id": program.id,
        "name": program.name,
        "kind": program.kind,
        "mode": program.mode,
        "why": program.why,
        "contact": program.contact,
        "link": program.link,
        "report_from_ci": program.reports_from_ci,
        "report_from_agents": program.reports_from_agents,
        "sdks": program.sdks,
        "public": program.public,
    }


def _of_event(event: Event) -> dict[str, Any]:
    return {"reason": event.reason, "link": event.link, "until": event.until, "failure": event.is_failure}


def _of_property(declared: Property) -> dict[str, Any]:
    return {"reason": declared.reason, "unit": declared.unit}
