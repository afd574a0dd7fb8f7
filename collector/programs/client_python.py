"""Writes what a declaration says as the constants of the Python client."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collector.programs.clients import Facts


def render(facts: Facts) -> str:
    """Return the declared block of `client_templates/client.py`."""
    program = facts.program
    constants: dict[str, object] = {
        "ID": program.id,
        "NAME": program.name,
        "VARIABLE": program.variable,
        "KIND": program.kind,
        "MODE": program.mode,
        "WHY": program.why,
        "HAS_COUNTRY": program.with_country,
        "REPORTS_FROM_CI": program.reports_from_ci,
        "REPORTS_FROM_AGENTS": program.reports_from_agents,
        "SCHEMA": program.schema,
        "ENDPOINT": facts.endpoint,
        "ABOUT": facts.about,
    }
    lines = [f"{name} = {_literal(value)}" for name, value in constants.items()]
    lines += ['EVENTS: "dict[str, dict[str, _Any]]" = {', *_events(facts), "}"]
    lines += [*_tuple("CI", facts.ci), *_tuple("AGENTS", facts.agents)]
    return "\n".join(lines)


def _events(facts: Facts) -> list[str]:
    lines: list[str] = []
    for name, event in facts.events().items():
        lines += [
            f"    {_literal(name)}: {{",
            f'        "until": {_literal(event["until"])},',
            '        "properties": {',
        ]
        for key, one in event["properties"].items():
            values = ", ".join(map(_literal, one["values"] or one["bounds"]))
            comma = "," if values and ", " not in values else ""  # a tuple of one
            lines.append(f"            {_literal(key)}: ({_literal(one['type'])}, ({values}{comma})),")
        lines += ["        },", "    },"]
    return lines


def _tuple(name: str, values: list[str]) -> list[str]:
    return [f"{name} = (", *(f"    {_literal(value)}," for value in values), ")"]


def _literal(value: object) -> str:
    """Return a Python literal. Texts are in double quotes, unless they hold quotes themselves."""
    text = repr(value)
    return f'"{text[1:-1]}"' if isinstance(value, str) and text[0] == "'" and '"' not in text else text
