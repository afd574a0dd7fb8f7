"""Clients are made from a template and a declaration."""

import ast
import subprocess
import tomllib
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from collector.programs import clients
from collector.programs.clients import Facts, environments, make_client, with_block
from collector.programs.declaration import read_declaration
from collector.programs.program import Event, Program, Property
from tests.clients.declared import declared
from tests.collector.programs.declarations import example

STRANGE = "“Quotes” 'and' \"more\" \\n\n日本 𝄞"


def constants(text: str) -> dict[str, object]:
    """Return the constants of a Python file whose values are literals."""
    values: dict[str, object] = {}
    for node in ast.parse(text, feature_version=(3, 8)).body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        if isinstance(target, ast.Name) and isinstance(node, ast.Assign | ast.AnnAssign) and node.value:
            try:
                values[target.id] = ast.literal_eval(node.value)
            except ValueError:
                continue
    return values


@pytest.mark.parametrize("comment", ["#", "//"])
def test_the_declared_block_is_replaced_and_the_lines_around_it_stay(comment):
    template = f"one\n  {comment} footfall: declared, an example\ntwo\n{comment} footfall: end of declared\nthree\n"

    made = with_block(template, "new\nlines\n\n")

    assert made == template.replace("two\n", "new\nlines\n")


def test_a_python_client_has_what_the_declaration_says():
    program = declared(mode="ask", country=True, agents=True)

    values = constants(make_client(program, "python", "https://hits.example.org/", "abc"))

    assert (values["ID"], values["NAME"], values["VARIABLE"]) == ("paperclip", "Paperclip", "PAPERCLIP")
    assert (values["KIND"], values["MODE"], values["WHY"]) == ("command", "ask", program.why)
    assert (values["HAS_COUNTRY"], values["REPORTS_FROM_CI"], values["REPORTS_FROM_AGENTS"]) == (True, False, True)
    assert values["SCHEMA"] == program.schema
    assert values["ENDPOINT"] == "https://hits.example.org/e/abc"
    assert values["ABOUT"] == "https://hits.example.org/about/abc/"
    assert values["OFF"] is False
    assert values["EVENTS"] == {
        "build": {
            "until": "2027-12-31",
            "properties": {
                "format": ("choice", ("html", "pdf")),
                "seconds": ("bucket", (0.5, 2, 10)),
                "draft": ("flag", ()),
            },
        },
        "open": {"until": "2027-12-31", "properties": {}},
        "retired": {"until": "2026-01-31", "properties": {}},
        "crash": {
            "until": "2027-12-31",
            "properties": {"class": ("choice", ("timeout", "parse")), "library": ("version", ())},
        },
    }
    assert list(values["CI"]) == environments()["ci"]  # type: ignore[call-overload]
    assert list(values["AGENTS"]) == environments()["agent"]  # type: ignore[call-overload]


def test_no_text_of_a_declaration_can_break_a_python_client():
    one = Property("only", "choice", "why", values=("one",))
    event = Event("go", "why", date(2027, 1, 1), properties={"only": one})
    program: Program = replace(declared(), name=STRANGE, why='"', events={"go": event})

    values = constants(make_client(program, "python", "https://hits.example.org", "abc"))

    assert (values["NAME"], values["WHY"]) == (STRANGE, '"')
    assert values["EVENTS"] == {"go": {"until": "2027-01-01", "properties": {"only": ("choice", ("one",))}}}


@pytest.mark.parametrize("name", ["esac", "in", "done", "if"])
def test_an_event_may_have_the_name_of_a_word_of_the_shell(name):
    changes = ("[events.build]", f"[events.{name}]"), ("build.properties", f"{name}.properties")
    program = read_declaration(example(*changes))

    client = make_client(program, "sh", "https://hits.example.org", "abc")

    checked = subprocess.run(["sh", "-n"], input=client, capture_output=True, text=True)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_the_fields_that_a_python_client_knows_are_the_servers():
    program = declared(country=True)
    client: dict[str, object] = {"__name__": "client"}
    exec(make_client(program, "python", "https://hits.example.org", "abc"), client)

    assert sorted(client["_fields"]()) == program.fields()  # type: ignore[operator]


def test_facts_have_no_day_for_an_event_without_one():
    event = Event("go", "why", date.min)
    facts = Facts(replace(declared(), events={"go": event}), "https://hits.example.org", "abc", [], [], [])

    assert facts.events() == {"go": {"until": "", "properties": {}}}


def test_every_variable_of_an_environment_is_listed_once_with_its_source():
    tables = tomllib.loads((Path(clients.__file__).parent / "environments.toml").read_text("utf-8"))
    rows = [row for kind in tables.values() for row in kind]

    assert set(tables) == {"ci", "agent"}
    assert all(set(row) == {"name", "source"} and row["source"] for row in rows)
    names = [row["name"] for row in rows]
    assert len(set(names)) == len(names) > 10
    assert all(name.isidentifier() for name in names)


def test_the_python_client_names_fields_as_the_server_does():
    """A user who was told by the client in one language is not told again by that in another."""
    text = example(
        ("[1, 5, 30]", "[-1.5, 0.1, 1000001, 1000002, 100000000000000]"), ("why = ", "country = true\nwhy = ")
    )
    program = read_declaration(text)
    module: dict[str, Any] = {"__name__": "telemetry"}
    exec(make_client(program, "python", "https://hits.example.org", "token"), module)

    assert sorted(module["_fields"]()) == program.fields()
