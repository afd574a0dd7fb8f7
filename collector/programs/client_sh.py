"""Renders what a client in POSIX shell knows of its program: assignments, and three functions without any quoting."""

from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collector.programs.clients import Facts


def render(facts: "Facts") -> str:
    """Return the declared block of `client_templates/client.sh`."""
    program = facts.program
    values = {
        "program": program.id,
        "name": program.name,
        "kind": program.kind,
        "mode": program.mode,
        "why": program.why,
        "variable": program.variable,
        "endpoint": facts.endpoint,
        "about": facts.about,
        "schema": program.schema,
        "ci_reports": _word(program.reports_from_ci),
        "agents_report": _word(program.reports_from_agents),
        "fields": "\n".join(facts.fields),
    }
    lines = [f"footfall_{name}={quoted(value)}" for name, value in values.items()]
    events = facts.events()
    return "\n".join([*lines, *_environment(facts), *_declared(events), *_bounds(events)])


def quoted(text: str) -> str:
    """Return a text as one word of the shell, whatever is in it."""
    return "'" + text.replace("'", "'\\''") + "'"


def _environment(facts: "Facts") -> list[str]:
    variable = facts.program.variable
    return [
        "footfall__environment() {",
        f"  footfall__own=${{{variable}_TELEMETRY-}}",
        f"  footfall__own_disabled=${{{variable}_TELEMETRY_DISABLED-}}",
        f"  footfall__ci={_first_set(facts.ci)}",
        f"  footfall__agent={_first_set(facts.agents)}",
        "}",
    ]


def _first_set(names: Iterable[str]) -> str:
    return "".join(f"${{{name}-}}" for name in names)


def _declared(events: dict[str, Any]) -> list[str]:
    cases = [
        f"    {quoted(name)}) footfall__until={event['until']} footfall__properties="  # an event may be called esac
        f"'{''.join(f'{one} ' for one in sorted(event['properties']))}' ;;"
        for name, event in events.items()
    ]
    return ["footfall__declared() {", "  case $1 in", *cases, "    *) return 1 ;;", "  esac", "}"]


def _bounds(events: dict[str, Any]) -> list[str]:
    cases = [
        f"    {name}.{key}) footfall__bounds='{''.join(f'{_decimal(bound)} ' for bound in one['bounds'])}' ;;"
        for name, event in events.items()
        for key, one in event["properties"].items()
        if one["type"] == "bucket"
    ]
    return ["footfall__bounds() {", "  case $1 in", *cases, "    *) return 1 ;;", "  esac", "}"]


def _decimal(bound: int | float) -> str:
    """Return a number without an exponent, which the shell's client can't read."""
    return format(Decimal(repr(bound)), "f")


def _word(flag: bool) -> str:
    return "true" if flag else "false"
