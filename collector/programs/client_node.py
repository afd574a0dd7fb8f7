"""What is particular to clients for Node: their declared block, and the CommonJS form of the one template."""

import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collector.programs.clients import Facts

_IMPORT = re.compile(r'^import (.+) from ("node:[a-z_]+");$', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?function (\w+))", re.MULTILINE)


def render(facts: "Facts") -> str:
    """Return the declared block: one constant. JSON is JavaScript."""
    program = facts.program
    declared = {
        "id": program.id,
        "name": program.name,
        "variable": program.variable,
        "kind": program.kind,
        "mode": program.mode,
        "why": program.why,
        "contact": program.contact,
        "endpoint": facts.endpoint,
        "about": facts.about,
        "schema": program.schema,
        "fields": facts.fields,
        "events": _events(facts),
        "ci": facts.ci,
        "agents": facts.agents,
        "reportsFromCi": program.reports_from_ci,
        "reportsFromAgents": program.reports_from_agents,
    }
    return f"const DECLARED = {json.dumps(declared, indent=2, ensure_ascii=False)};\n"


def as_commonjs(text: str) -> str:
    """Return the CommonJS form of a module. Only its imports and exports differ."""
    names = [match[1] for match in _EXPORT.finditer(text)]
    text = _EXPORT.sub("", _IMPORT.sub(r"const \1 = require(\2);", text))
    text = text.replace("const fs = require", '"use strict";\n\nconst fs = require', 1)
    text = text.replace('import * as telemetry from "./telemetry.mjs"', 'const telemetry = require("./telemetry.cjs")')
    return f"{text}\nmodule.exports = {{ {', '.join(names)} }};\n"


def _events(facts: "Facts") -> dict[str, object]:
    """Return the declared events, and with each property its field. A choice has one for each value."""
    events = facts.events()
    for name, event in facts.program.events.items():
        for one in event.properties.values():
            fields = [] if one.type == "choice" else one.fields(name)
            events[name]["properties"][one.name]["field"] = "".join(fields)
    return events
