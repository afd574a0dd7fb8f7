"""The clients for Node when they are off: under a system-call trace they write nothing, and start and open nothing."""

import os
from pathlib import Path

import pytest

from collector.programs.program import Program
from tests.clients.declared import declared
from tests.clients.node import FORMS, START, NodeProgram, clock
from tests.clients.stub import Stub
from tests.clients.trace import traced

EVERYTHING = START + 'telemetry.record("build", { seconds: 1 }); telemetry.timer("build", "seconds").stop();'
EVERYTHING += " telemetry.show(); telemetry.sent(); telemetry.status(); telemetry.verify();"
WORDS = 'require("fs").writeSync(1, telemetry.status());'
WORDS_OF_MODULE = 'import { writeSync } from "node:fs"; writeSync(1, telemetry.status());'
# Variables, declaration, the choice file (None: nobody was told, so a notice is due), and the reason in words.
SWITCHES: list[tuple[dict[str, str], Program, str | None, str]] = [
    ({"DO_NOT_TRACK": "1"}, declared(), None, "DO_NOT_TRACK is set"),
    ({"DO_NOT_TRACK": "1", "PAPERCLIP_TELEMETRY": "1"}, declared(), "on", "DO_NOT_TRACK is set"),
    ({"PAPERCLIP_TELEMETRY": "Off"}, declared(), None, "PAPERCLIP_TELEMETRY is Off"),
    ({"PAPERCLIP_TELEMETRY_DISABLED": "yes"}, declared(), "on", "PAPERCLIP_TELEMETRY_DISABLED is set"),
    ({"TELEMETRY_DISABLED": "1"}, declared(), None, "TELEMETRY_DISABLED is set"),
    ({"DISABLE_TELEMETRY": "1"}, declared(), "on", "DISABLE_TELEMETRY is set"),
    ({}, declared(), "off", "you chose it"),
    ({}, declared(mode="off"), None, "it is off unless you enable it"),
    ({"CI": "true"}, declared(mode="ask"), None, "a CI system runs it (CI is set)"),
    ({"CLAUDECODE": "1"}, declared(), "on", "a coding agent runs it (CLAUDECODE is set)"),
    ({"HOME": ""}, declared(), "on", "there is no home directory"),
    ({"XDG_STATE_HOME": "/dev/null"}, declared(), "on", "is not a directory"),
    ({}, declared(kind="library"), None, "did not allow it"),
    ({"SUDO_UID": "1000"}, declared(), "on", "in the home of somebody else"),
    ({}, declared(), None, "until the notice was shown"),
]


@pytest.mark.parametrize(("number", "case"), list(enumerate(SWITCHES)), ids=[case[3] for case in SWITCHES])
def test_off_means_nothing(device, stub: Stub, number, case):
    variables, facts, choice, reason = case
    program = NodeProgram(device, FORMS[number % 2], stub.url, facts)
    if choice is not None:
        program.tell(choice=choice)
    if "SUDO_UID" in variables:
        give_away(device.home)
    command = program.command(EVERYTHING + words(program))

    trace = traced(device, command, on_terminal="until" not in reason, **clock("2026-11-25") | variables)

    assert (trace.result.code, trace.result.err) == (0, b"")
    assert reason in trace.result.out.decode()
    assert (trace.writes, trace.processes, trace.sockets) == ([], [], [])
    assert stub.requests == []


def test_a_packager_switches_it_off_in_the_file(device, stub):
    program = NodeProgram(device, FORMS[0], stub.url)
    program.tell(choice="on")
    text = program.client.read_text()
    assert text.count("const OFF = false;") == 1
    program.client.write_text(text.replace("const OFF = false;", "const OFF = true;"))

    trace = traced(device, program.command(START), **clock("2026-11-25"))

    assert (trace.writes, trace.processes, trace.sockets, trace.looks) == ([], [], [], [])


def test_a_file_of_the_administrator_switches_it_off(device, stub, tmp_path):
    program = NodeProgram(device, FORMS[1], stub.url)
    program.tell(choice="on")
    text = program.client.read_text()
    assert text.count('"/etc/footfall/off"') == 1
    (tmp_path / "footfall").mkdir()
    switch = tmp_path / "footfall" / "off"
    program.client.write_text(text.replace('"/etc/footfall/off"', f'"{switch}"'))
    switch.touch()

    trace = traced(device, program.command(START), **clock("2026-11-25"), PAPERCLIP_TELEMETRY="1")

    assert (trace.writes, trace.processes, trace.sockets, len(trace.looks)) == ([], [], [], 1)
    switch.unlink()
    program.run(START)
    assert len(stub.requests) == 1


def test_off_looks_at_two_files_only(device, stub):
    program = NodeProgram(device, FORMS[0], stub.url)
    program.tell(choice="off")

    assert len(traced(device, program.command(EVERYTHING.split(" telemetry.show")[0])).looks) == 2


def test_on_is_noticed_by_the_same_trace(device, stub):
    program = NodeProgram(device, FORMS[0], stub.url)
    program.tell(choice="on")

    trace = traced(device, program.command(START), **clock("2026-11-25"))

    assert trace.writes
    assert trace.processes
    assert trace.sockets
    assert len(stub.requests) == 1


def words(program: NodeProgram) -> str:
    return (
        WORDS
        if program.form == "node-cjs"
        else 'import { writeSync } from "node:fs"; writeSync(1, telemetry.status());'
    )


def give_away(home: Path) -> None:
    """Make everything somebody else's, as a home under sudo is."""
    if os.geteuid():
        pytest.skip("only root can give files away")
    for path in [home, *home.rglob("*")]:
        os.chown(path, 1000, 1000)
