"""The program `paperclip`, as the tests of clients declare it, and the client of a language that is made from it."""

from typing import Any

from collector.programs.clients import make_client
from collector.programs.declaration import read_declaration
from collector.programs.program import Program

TOKEN = "abcdefghijkmnpqrstuv"

_PROGRAM = """
[program]
id = "paperclip"
name = "Paperclip"
kind = "{kind}"
mode = "{mode}"
why = "To learn which formats are worth our time."
contact = "mail@paperclip.example"
country = {country}
report_from_ci = {ci}
report_from_agents = {agents}

[events.build]
reason = "Which formats people build."
link = "https://paperclip.example/issues/1"
until = 2027-12-31

[events.build.properties.format]
type = "choice"
values = [{formats}]
reason = "To know which formats to keep."

[events.build.properties.seconds]
type = "bucket"
bounds = [0.5, 2, 10]
unit = "seconds"
reason = "To know if it is too slow."

[events.build.properties.draft]
type = "flag"
reason = "To know if drafts are used."

[events.open]
reason = "How often a document is opened."
link = "https://paperclip.example/issues/2"
until = 2027-12-31

[events.retired]
reason = "Nobody needs to know this any more."
link = "https://paperclip.example/issues/3"
until = 2026-01-31
"""
_CRASH = """
[events.crash]
reason = "What breaks."
link = "https://paperclip.example/issues/4"
until = 2027-12-31
failure = true

[events.crash.properties.class]
type = "choice"
values = ["timeout", "parse"]
reason = "To know what to repair."

[events.crash.properties.library]
type = "version"
reason = "To know with which release it breaks."
"""


def declaration_text(
    *,
    kind: str = "command",
    mode: str = "notice",
    country: bool = False,
    ci: bool = False,
    agents: bool = False,
    formats: tuple[str, ...] = ("html", "pdf"),
    with_crash: bool = True,
) -> str:
    """Return its declaration. Without `with_crash`, or with fewer `formats`, its schema is narrower."""
    text = _PROGRAM.format(
        kind=kind,
        mode=mode,
        country=str(country).lower(),
        ci=str(ci).lower(),
        agents=str(agents).lower(),
        formats=", ".join(f'"{one}"' for one in formats),
    )
    return text + (_CRASH if with_crash else "")


def declared(**choices: Any) -> Program:
    """Return the program that `declaration_text` declares with these choices."""
    return read_declaration(declaration_text(**choices))


def client_text(language: str, server: str, program: Program | None = None) -> str:
    """Return the client of a language that reports to the address `server`, such as http://127.0.0.1:8000."""
    return make_client(program or declared(), language, server, TOKEN)
