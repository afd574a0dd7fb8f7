"""The client for POSIX shell when it is off, and what it leaves alone in a shell and in files when it is on."""

import os
import subprocess
from pathlib import Path

import pytest

from collector.programs.program import Program
from tests.clients.declared import declared
from tests.clients.device import Device
from tests.clients.shell import SHELLS, START, ShellProgram
from tests.clients.stub import Stub
from tests.clients.trace import Trace, traced
from tests.server import eventually

EVERYTHING = (
    START + "footfall_record build seconds=1\nfootfall_timer build seconds -- true\nfootfall_sent\nfootfall_verify\n"
)
# Variables, declaration, the choice file (None: nobody was told, so a notice is due), and the reason in words.
SWITCHES: list[tuple[dict[str, str], Program, str | None, str]] = [
    ({"DO_NOT_TRACK": "1"}, declared(), None, "DO_NOT_TRACK is set"),
    ({"DO_NOT_TRACK": "1", "PAPERCLIP_TELEMETRY": "1"}, declared(), "on", "DO_NOT_TRACK is set"),
    ({"PAPERCLIP_TELEMETRY": " Off "}, declared(), None, "PAPERCLIP_TELEMETRY says off"),
    ({"PAPERCLIP_TELEMETRY_DISABLED": "yes"}, declared(), "on", "PAPERCLIP_TELEMETRY_DISABLED is set"),
    ({"TELEMETRY_DISABLED": "1"}, declared(), None, "TELEMETRY_DISABLED is set"),
    ({"DISABLE_TELEMETRY": "1"}, declared(), "on", "DISABLE_TELEMETRY is set"),
    ({}, declared(), "off", "choice is off"),
    ({}, declared(mode="off"), None, "it is off until footfall_enable"),
    ({"CI": "true"}, declared(mode="ask"), None, "a CI system runs the program"),
    ({"CLAUDECODE": "1"}, declared(), "on", "a coding agent runs the program"),
    ({"HOME": ""}, declared(), "on", "there is no home directory"),
    ({"XDG_STATE_HOME": "/dev/null"}, declared(), "on", "cannot be written"),
    ({}, declared(kind="library"), None, "did not call footfall_allow"),
    ({"SUDO_UID": "1000"}, declared(), "on", "sudo runs the program"),
]


@pytest.mark.parametrize(("number", "case"), list(enumerate(SWITCHES)), ids=[case[3] for case in SWITCHES])
def test_off_means_nothing(device, stub: Stub, number, case):
    variables, facts, choice, reason = case
    program = ShellProgram(device, SHELLS[number % 3], stub.url, facts)
    if choice is not None:
        program.tell(choice=choice)
    if "SUDO_UID" in variables:
        give_away(device)
    command = program.command(EVERYTHING + "footfall_status")

    trace = traced(device, command, on_terminal=True, **program.with_variables("2026-11-25", variables))

    assert (trace.result.code, trace.result.err) == (0, b"")
    assert reason in trace.result.out.decode().splitlines()[-1]
    assert (trace.writes, trace.processes, sockets(trace)) == ([], [], [])
    assert stub.requests == []


def sockets(trace: Trace) -> list[str]:
    """Return its sockets but those to the cache of users' names, which bash asks when it starts."""
    return [one for one in trace.sockets if "AF_UNIX" not in one]


def give_away(device: Device) -> None:
    """Make everything on the device somebody else's, as a home under sudo is."""
    if os.geteuid():
        pytest.skip("only root can give files away")
    for path in [device.home, *device.home.rglob("*")]:
        os.chown(path, 1000, 1000)


def test_nobody_was_told_and_no_terminal_is_there(device, stub):
    program = ShellProgram(device, "dash", stub.url)
    command = program.command(START + "footfall_record open\nfootfall_status")

    trace = traced(device, command, **program.with_variables("2026-11-25", {}))

    assert trace.result.out == b"off: nobody was told yet: that needs a terminal\n"
    assert (trace.writes, sockets(trace), trace.processes) == ([], [], [])


def test_a_packager_switches_it_off_in_the_file(device, stub):
    program = ShellProgram(device, "dash", stub.url)
    program.tell(choice="on")
    text = program.client.read_text()
    assert text.count("\nfootfall_off=false\n") == 1
    program.client.write_text(text.replace("\nfootfall_off=false\n", "\nfootfall_off=true\n"))

    trace = traced(device, program.command(START), **program.with_variables("2026-11-25", {}))

    assert (trace.writes, trace.processes, trace.sockets, trace.looks) == ([], [], [], [])


def test_a_file_of_the_administrator_switches_it_off(device, stub, tmp_path):
    program = ShellProgram(device, "bash", stub.url)
    program.tell(choice="on")
    text = program.client.read_text()
    assert text.count("\nfootfall_switch=/etc/footfall/off\n") == 1
    (tmp_path / "footfall").mkdir()
    switch = tmp_path / "footfall" / "off"
    program.client.write_text(text.replace("=/etc/footfall/off\n", f"={switch}\n"))
    switch.touch()

    variables = program.with_variables("2026-11-25", {"PAPERCLIP_TELEMETRY": "1"})
    trace = traced(device, program.command(START), **variables)

    assert (trace.writes, trace.processes, sockets(trace), len(trace.looks)) == ([], [], [], 1)
    switch.unlink()
    program.run()
    assert len(stub.requests) == 1


@pytest.mark.parametrize("shell", SHELLS)
def test_off_asks_for_two_files_and_reads_one(shell, device, stub):
    program = ShellProgram(device, shell, stub.url)
    program.tell(choice="off")
    command = program.command(START + "footfall_record open\nfootfall_timer build seconds -- true")

    looks = traced(device, command, **program.with_variables("2026-11-25", {})).looks

    assert len([look for look in looks if not look.startswith("open")]) == 2, looks
    assert len(looks) == 3


def test_on_costs_a_process_at_the_start_and_none_for_each_event(device, stub):
    program = ShellProgram(device, "dash", stub.url)
    program.tell()
    program.run(START + "footfall_record open")
    code = START.replace("$CLOCK", "") + "footfall_record open\n" * 5

    trace = traced(device, program.command(code), **program.with_variables("2026-11-25", {}))

    assert len(trace.writes) == 5
    assert all("O_APPEND" in write for write in trace.writes)
    assert trace.sockets == []
    assert len([one for one in trace.processes if not one.startswith("exec")]) == 2  # the day, and the file's size


def test_on_is_noticed_by_the_same_trace(device, stub):
    program = ShellProgram(device, "dash", stub.url)
    program.tell(choice="on")

    trace = traced(device, program.command(START), **program.with_variables("2026-11-25", {}))
    device.wait_for_senders()

    assert trace.writes
    assert trace.processes
    assert trace.sockets
    assert len(stub.requests) == 1


SURROUNDINGS = """
set -eufC
IFS=e0123456789-
trap 'echo bye' EXIT
trap 'echo usr1' USR1
set -- "a  b" c
sleep 0 & first=$!
alias cat=false awk=false date=false mkdir=false mv=false rm=false wc=false
unset CDPATH
exec 9>>"$TMPDIR/lock"
names() {
  if [ -n "${BASH_VERSION-}" ]; then set -o posix; fi
  set | sed -n 's/^\\([A-Za-z_][A-Za-z_0-9]*\\)=.*/\\1/p'
}
state() { echo "$-|$IFS|$#|$1|$OPTIND|$(pwd)|$(umask)"; trap; (names) | grep -v '^footfall_' | sort; }
state "$@" >|"$TMPDIR/before"
"""


@pytest.mark.parametrize("shell", SHELLS)
def test_it_changes_nothing_in_the_shell_that_sources_it(shell, device, stub):
    program = ShellProgram(device, shell, stub.url)
    program.tell()
    calls = "footfall_record build seconds=1 format=pdf\nfootfall_timer open x -- true\nfootfall_nothing=1\n"
    check = 'state "$@" >|"$TMPDIR/after"\n[ "$first" = "$!" ]\nwait\necho "done $?"\n'
    plain = program.run(SURROUNDINGS + check)
    program.run(SURROUNDINGS + START + calls + check, "2026-11-26")
    stub.is_silent = True

    result = program.start(SURROUNDINGS + START + calls + check, "2026-11-27")

    assert (result.out.decode(), result.err) == (plain, b"")
    assert plain.endswith("done 0\nbye\n")
    before, after = (set((device.temporary / name).read_text().splitlines()) for name in ("before", "after"))
    assert after - before <= {"BASH_ARGV0", "_"}
    assert before - after == set()
    eventually(lambda: len(stub.reports()) == 2, 10)
    # While the sender waits for an answer, it has no file of the program's open: neither its lock nor its output.
    senders = [Path(f"/proc/{pid}") for pid in device.processes()]
    assert senders
    assert "lock" not in {path.readlink().name for sender in senders for path in (sender / "fd").iterdir()}
    assert {(sender / "cwd").readlink() for sender in senders} == {device.temporary}
    assert len({os.getsid(int(sender.name)) for sender in senders} | {os.getsid(0)}) == 2  # a session of its own
    commands = b" ".join((sender / "cmdline").read_bytes() for sender in senders)
    assert b"reports" not in commands
    assert program.noted("secret").encode() not in commands
    assert result.seconds < 3


def test_an_interactive_shell_shows_nothing_of_the_sender(device, stub):
    program = ShellProgram(device, "bash", stub.url)
    program.tell()
    lines = "PS1= PS2=\n. ./telemetry.sh\nfootfall_start 2.4.1\nfootfall_record open\njobs\nsleep 0.3\necho end\nexit\n"
    variables = device.environment(**program.with_variables("2026-11-25", {"PS1": "", "TERM": "dumb"}))

    done = subprocess.run(
        ["bash", "--norc", "--noprofile", "--noediting", "-i"],
        input=lines.encode(),
        capture_output=True,
        env=variables,
        cwd=program.directory,
        timeout=20,
    )
    device.wait_for_senders()

    assert done.stdout == b"end\n"
    assert b"[1]" not in done.stderr
    assert len(stub.requests) == 1
