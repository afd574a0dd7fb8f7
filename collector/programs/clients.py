"""Makes the file that a developer puts into a program: a template of its language, and what the declaration says.

A template is working code in `client_templates/`, with a block between two lines that contain `footfall: declared` and
`footfall: end of declared`. The block is replaced.
"""

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from collector.programs import client_go, client_node, client_python, client_sh
from collector.programs.program import Program

BEGINNING, END = "footfall: declared", "footfall: end of declared"
_HERE = Path(__file__).parent
Render = Callable[["Facts"], str]


@dataclass(frozen=True, slots=True)
class Facts:
    """What a client has to know. `server` is the address of the server without a slash at the end.

    `fields` are those of `Program.fields`. `ci` and `agents` are names of environment variables.
    """

    program: Program
    server: str
    token: str
    fields: list[str]
    ci: list[str]
    agents: list[str]

    @property
    def endpoint(self) -> str:
        return f"{self.server}/e/{self.token}"

    @property
    def about(self) -> str:
        return f"{self.server}/about/{self.token}/"

    def events(self) -> dict[str, Any]:
        """Return the declared events by name, as plain data: `until` in ISO 8601, and the properties by name."""
        return {
            event.name: {
                "until": event.until.isoformat() if event.until > date.min else "",
                "properties": {
                    one.name: {"type": one.type, "values": list(one.values), "bounds": list(one.bounds)}
                    for one in event.properties.values()
                },
            }
            for event in self.program.events.values()
        }


class Language(NamedTuple):
    """A language that clients are made for: the template's file, the made file's ending, and what renders the block.

    `convert` makes another form of the whole file, such as CommonJS.
    """

    name: str
    template: str
    ending: str
    render: Render
    convert: Callable[[str], str] | None = None


LANGUAGES: dict[str, Language] = {
    "go": Language("Go", "client.go", ".go", client_go.render),
    "node": Language("Node (ESM)", "client.mjs", ".mjs", client_node.render),
    "node-cjs": Language("Node (CommonJS)", "client.mjs", ".cjs", client_node.render, client_node.as_commonjs),
    "python": Language("Python", "client.py", ".py", client_python.render),
    "sh": Language("Shell", "client.sh", ".sh", client_sh.render),
}


def make_client(program: Program, language: str, server: str, token: str) -> str:
    """Return the text of a client. Raises KeyError for a language that is not in `LANGUAGES`."""
    known = LANGUAGES[language]
    variables = environments()
    facts = Facts(program, server.rstrip("/"), token, program.fields(), variables["ci"], variables["agent"])
    template = (_HERE / "client_templates" / known.template).read_text("utf-8")
    text = with_block(template, known.render(facts))
    return known.convert(text) if known.convert else text


def with_block(template: str, block: str) -> str:
    """Return a template with its declared block replaced. The two lines around it stay."""
    lines = template.splitlines(keepends=True)
    begins = next(number for number, line in enumerate(lines) if BEGINNING in line and END not in line)
    ends = next(number for number, line in enumerate(lines) if END in line)
    return "".join([*lines[: begins + 1], block.rstrip("\n") + "\n", *lines[ends:]])


@cache
def environments() -> dict[str, list[str]]:
    """Return the names of the environment variables by which clients recognise CI systems and coding agents."""
    tables = tomllib.loads((_HERE / "environments.toml").read_text("utf-8"))
    return {kind: [row["name"] for row in rows] for kind, rows in tables.items()}
