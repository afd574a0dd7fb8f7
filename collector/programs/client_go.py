"""Renders what a client in Go knows of the declaration."""

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collector.programs.clients import Facts


def render(facts: "Facts") -> str:
    """Return the declared block of a client in Go, as gofmt writes it.

    All values are variables, one declaration each: gofmt would align the values of a group and the keys of a map.
    """
    program = facts.program
    texts = {
        "programID": program.id,
        "programName": program.name,
        "programKind": program.kind,
        "programMode": program.mode,
        "programWhy": program.why,
        "environmentPrefix": program.variable,
        "endpoint": facts.endpoint,
        "about": facts.about,
        "schema": program.schema,
    }
    flags = {"reportsFromCI": program.reports_from_ci, "reportsFromAgents": program.reports_from_agents}
    return "\n".join(
        [
            *(f"var {name} = {_text(value)}" for name, value in texts.items()),
            *(f"var {name} = {_text(value)}" for name, value in flags.items()),
            f"var ciVariables = {_list('string', facts.ci)}",
            f"var agentVariables = {_list('string', facts.agents)}",
            *_block("var fields = []string{", [f"\t{_text(field)}," for field in facts.fields]),
            *_block("var events = []declaredEvent{", _events(facts.events())),
            "",
            "// What follows is the same in all programs.",
        ]
    )


def _events(events: dict[str, Any]) -> list[str]:
    lines: list[str] = []
    for name, event in events.items():
        begin = f"\t{{name: {_text(name)}, until: {_text(event['until'])}"
        properties = [f"\t\t{_property(key, value)}," for key, value in event["properties"].items()]
        if properties:
            lines += [f"{begin}, properties: []declaredProperty{{", *properties, "\t}},"]
        else:
            lines.append(f"{begin}}},")
    return lines


def _property(name: str, declared: dict[str, Any]) -> str:
    parts = [f"name: {_text(name)}", f"kind: {_text(declared['type'])}"]
    if declared["values"]:
        parts.append(f"values: {_list('string', declared['values'])}")
    if declared["bounds"]:
        parts.append(f"bounds: {_list('float64', declared['bounds'])}")
    return f"{{{', '.join(parts)}}}"


def _block(begin: str, lines: list[str]) -> list[str]:
    return [begin, *lines, "}"] if lines else [f"{begin}}}"]


def _list(kind: str, items: Iterable[Any]) -> str:
    return f"[]{kind}{{{', '.join(map(_text, items))}}}"


def _text(value: object) -> str:
    """Return a literal of Go. JSON's are valid there, if characters beyond ASCII stand for themselves.

    Only the mark of a byte order does not: Go takes it at a file's beginning alone.
    """
    return json.dumps(value, ensure_ascii=False).replace("\ufeff", r"\ufeff")
