"""The client for Go: its file, off means nothing, and nothing before somebody was told."""

import os
import re
import shutil
import subprocess

import pytest

from collector.programs.clients import make_client
from collector.programs.declaration import read_declaration
from tests.clients.declared import TOKEN, declared
from tests.clients.go_program import BUILD, D1, D2, D3, D4, FORCED, START, go, keep_choice, tell, write_module
from tests.clients.trace import traced
from tests.disks import small_disk

# The file.


def test_a_client_is_formatted_and_vetted_whatever_the_texts_are(tmp_path):
    strange = read_declaration(
        """
        [program]
        id = "paper-clip"
        name = 'Pa"per\\clip — 📎 `x` %s'
        kind = "command"
        mode = "ask"
        why = "Two\\n\\uFEFFlines."
        contact = "mail@paperclip.example"
        [events]
        """
    )
    write_module(tmp_path, make_client(strange, "go", "https://hits.example.org", TOKEN))

    assert go("vet", "./...", directory=tmp_path).stderr == ""
    formatted = subprocess.run(["gofmt", "-l", tmp_path], capture_output=True, text=True)
    assert (formatted.stdout, formatted.stderr) == ("", "")


def test_the_client_is_formatted_and_uses_nothing_that_one_system_lacks(go_program):
    client = go_program.parent / "telemetry" / "client.go"

    assert subprocess.run(["gofmt", "-l", client], capture_output=True, text=True).stdout == ""
    assert set(re.findall(r"\bsyscall\.(\w+)", client.read_text())) == {"SysProcAttr", "Stat_t"}  # the latter in words
    assert not re.search(r"^\s*go (func|\w+\()", client.read_text(), re.MULTILINE), "a goroutine"
    assert "os/signal" not in client.read_text()


# Off.


TOLD = f"told {D1}\nschema x\nfield build\n"


@pytest.mark.parametrize(
    ("variables", "choice", "reason"),
    [
        ({"TEST_OFF": "yes"}, TOLD, "switched off by who packaged Paperclip"),
        ({"DO_NOT_TRACK": "1", **FORCED}, TOLD, "DO_NOT_TRACK is set"),
        ({"PAPERCLIP_TELEMETRY": "Off"}, TOLD, "PAPERCLIP_TELEMETRY is Off"),
        ({"PAPERCLIP_TELEMETRY_DISABLED": "1"}, TOLD, "PAPERCLIP_TELEMETRY_DISABLED is set"),
        ({"TELEMETRY_DISABLED": "true"}, TOLD, "TELEMETRY_DISABLED is set"),
        ({"DISABLE_TELEMETRY": "yes"}, TOLD, "DISABLE_TELEMETRY is set"),
        *(({}, text, "you chose it") for text in ("choice off\n", "choice off", "\ufeffchoice off\r\ntold x\r\n")),
        ({"TEST_MODE": "off"}, TOLD, "unless you enable it"),
        ({"CI": "true"}, TOLD, "a CI system runs it (CI is set)"),
        ({"CLAUDECODE": "1"}, TOLD, "a coding agent runs it (CLAUDECODE is set)"),
        ({"HOME": "", **FORCED}, TOLD, "no home directory"),
        ({"HOME": "/proc/nobody", **FORCED}, TOLD, "can't be written"),
        ({"XDG_CONFIG_HOME": "/dev/null/none", **FORCED}, TOLD, "can't be written"),
        ({"TEST_KIND": "library", **FORCED}, TOLD, "did not allow it"),
        ({"PAPERCLIP_TELEMETRY_SENDER": "1", **FORCED}, TOLD, "the process that sends"),
        ({}, None, "the notice was shown on a terminal"),
        ({"TEST_MODE": "ask"}, None, "you agree, on a terminal"),
    ],
)
def test_off_means_nothing(device, go_program, variables, choice, reason):
    if choice:
        keep_choice(device, choice)
    before = device.files()

    trace = traced(
        device, [go_program, START, BUILD, "status"], on_terminal=choice is not None, TEST_NOW=D3, **variables
    )

    assert (trace.writes, trace.processes, trace.sockets) == ([], [], [])
    assert (trace.result.code, trace.result.err) == (0, b"")
    assert reason in trace.result.out.decode()
    assert device.files() == before
    if "can't be" not in reason and choice and "TEST_KIND" not in variables:
        assert len(trace.looks) <= 2 * 2, trace.looks  # by start, and by status


def test_off_by_the_file_of_the_machine(device, go_program):
    script = 'mount -t tmpfs tmpfs /etc && mkdir /etc/footfall && touch /etc/footfall/off && exec "$@"'
    if os.geteuid() or subprocess.run(["unshare", "--mount", "true"]).returncode:
        pytest.skip("only root can make a file in /etc that others don't see")

    command = ["unshare", "--mount", "sh", "-c", script, "sh", go_program, START, BUILD, "status"]
    result = device.run(command, **FORCED)

    assert result.out == b"off: /etc/footfall/off exists\n"
    assert device.files() == {}


@pytest.mark.parametrize("variable", ["HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"])
def test_off_on_a_disk_that_is_read_only(device, go_program, tmp_path, variable):
    keep_choice(device, TOLD)
    with small_disk(tmp_path / "disk", 64, is_read_only=True) as disk:
        variables = {"TEST_NOW": D3, variable: str(disk), **FORCED}
        trace = traced(device, [go_program, START, BUILD, "status"], on_terminal=True, **variables)

    assert b"can't be written" in trace.result.out, trace.result
    assert (trace.writes, trace.processes, trace.sockets) == ([], [], [])


@pytest.mark.parametrize("place", ["config", "state", "choice"])
def test_off_for_a_user_who_may_not_write_or_read(device, go_program, place):
    keep_choice(device, TOLD)
    device.state.mkdir(parents=True)
    as_nobody = give_to_nobody(device.home.parent, go_program)
    path, allowed = {
        "config": (device.config, 0o700),
        "state": (device.state, 0o700),
        "choice": (device.config / "choice", 0o600),
    }[place]
    path.chmod(allowed & 0o500 if place != "choice" else 0)
    before = device.files()

    trace = traced(device, [*as_nobody, go_program, START, BUILD, "status"], TEST_NOW=D3)

    assert f"{path} can't be {'read' if place == 'choice' else 'written'}".encode() in trace.result.out, trace.result
    assert [text for text in trace.writes + trace.processes if "paperclip/telemetry" in text] == []
    assert device.files() == before
    path.chmod(allowed)
    assert b"on: you were told" in device.run([*as_nobody, go_program, "status"], TEST_NOW=D3).out


def test_off_for_root_in_the_home_of_somebody_else(device, go_program):
    keep_choice(device, TOLD)
    give_to_nobody(device.home, go_program)

    result = device.run([go_program, START, BUILD, "status"], TEST_NOW=D3, SUDO_UID="65534")

    assert b"home of somebody else" in result.out
    assert not device.state.exists()


def test_off_with_the_rights_of_somebody_else(device, go_program, tmp_path):
    """Who starts a setuid program says where its home is."""
    setuid = tmp_path / "setuid"
    shutil.copy(go_program, setuid)
    as_nobody = give_to_nobody(device.home, setuid)
    setuid.chmod(0o4755)

    assert b"rights of somebody else" in device.run([*as_nobody, setuid, START, "status"], TEST_NOW=D3, **FORCED).out
    assert not device.state.exists()


def give_to_nobody(directory, program):
    """Give a directory to another user, who may run the program then. Return the words that run it as this user."""
    if os.geteuid():
        pytest.skip("only root can give files away")
    for path in [directory, *directory.rglob("*")]:
        os.chown(path, 65534, 65534)
    for parent in [*directory.parents, *program.parents]:
        parent.chmod(parent.stat().st_mode | 0o011)
    return ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]


def test_a_variable_that_means_on_decides_over_others_but_do_not_track(run_go, stub):
    variables = {"TELEMETRY_DISABLED": "1", "CI": "true", **FORCED}

    assert run_go(D2, START, "status", **variables) == "on: PAPERCLIP_TELEMETRY is set\n"
    assert [report["driver"] for report in stub.reports()] == ["ci"]
    assert run_go(D3, START, "status", **variables, DO_NOT_TRACK="0").startswith("on")
    assert run_go(D4, START, "status", **variables, DO_NOT_TRACK="anything") == "off: DO_NOT_TRACK is set\n"


def test_a_library_reports_only_when_it_is_allowed(run_go, stub):
    run_go(D2, START, BUILD, TEST_KIND="library", **FORCED)
    assert stub.requests == []

    run_go(D2, START, "allow", BUILD, TEST_KIND="library", **FORCED)
    assert len(stub.reports()) == 1


def test_ci_and_agents_that_may_report_are_kept_apart(run_go, stub, device):
    run_go(D2, START, CI="true", TEST_CI_REPORTS="1")
    run_go(D2, START, CLAUDECODE="1", TEST_AGENTS_REPORT="1")  # in nobody's name
    assert [report["driver"] for report in stub.reports()] == ["ci"]

    keep_choice(device, TOLD)
    run_go(D2, START, CLAUDECODE="1", TEST_AGENTS_REPORT="1")
    run_go(D2, START)
    assert [report["driver"] for report in stub.reports()][1:] in (["agent", "person"], ["agent", "container"])
    assert len({report["id"] for report in stub.reports()}) == 3


# Telling and asking.


def test_the_notice_is_shown_once_and_the_first_report_is_sent_a_day_later(device, go_program, run_go, stub):
    command = [go_program, START, BUILD, "print=done"]
    first = device.run_on_terminal(command, TEST_NOW=D2, TEST_SERVER=stub.url)
    assert first.out == b"done\n"
    assert first.err.startswith(b"Paperclip reports how it is used"), first.err
    assert b"To learn which formats are worth our time." in first.err
    assert b"/about/abcdefghijkmnpqrstuv/" in first.err
    assert (device.config / "choice").read_text().splitlines()[:3] == [
        f"schema {declared().schema}",
        f"told {D2}",
        "field build",
    ]

    again = device.run_on_terminal(command, TEST_NOW=D2, TEST_SERVER=stub.url)
    assert (again.err, stub.requests) == (b"", [])

    run_go(D3, START, BUILD)
    [body] = stub.bodies()
    assert (body["v"], body["schema"], body["today"]) == (1, declared().schema, D3)
    [report] = body["reports"]
    assert re.fullmatch("[0-9a-f]{32}", report.pop("id"))
    assert report.pop("driver") in ("person", "container")
    assert report.pop("arch") in ("x86-64", "arm64")
    assert re.fullmatch(r"go1\.\d+", report.pop("runtime"))
    build = {"n": 2, "gap": None, "p": {"draft": True, "format": "html"}, "h": {"seconds": [0, 0, 2, 0]}}
    used = [{"day": D2, "event": "build"} | build]
    assert report == {"day": D3, "gap": None, "since": "2026-W48", "version": "2.4.1", "os": "linux", "used": used}


def test_files_and_directories_are_for_the_user_alone(device, go_program, run_go):
    mask = os.umask(0)
    try:
        tell(device, go_program)
        run_go(D2, START, BUILD)
    finally:
        os.umask(mask)
    ours = [*device.config.rglob("*"), *device.state.rglob("*"), device.config, device.state, device.state.parent]

    assert {path.stat().st_mode & 0o777 for path in ours if path.is_file()} == {0o600}
    assert {path.stat().st_mode & 0o777 for path in ours if path.is_dir()} == {0o700}


@pytest.mark.parametrize(("typed", "expected"), [("y\nrest", "on"), ("Yes\n", "on"), ("\n", "off"), ("no\n", "off")])
def test_a_question_is_answered_once(device, go_program, stub, typed, expected):
    first = device.run_on_terminal(
        [go_program, START, BUILD], typed, TEST_NOW=D1, TEST_SERVER=stub.url, TEST_MODE="ask"
    )
    assert first.err.startswith(b"May Paperclip report"), first.err
    assert (device.config / "choice").read_text().startswith(f"choice {expected}\n")
    assert ((device.state / f"events-{D1}").exists()) == (expected == "on")

    again = device.run_on_terminal([go_program, START], TEST_NOW=D2, TEST_SERVER=stub.url, TEST_MODE="ask")
    device.wait_for_senders()
    assert again.err == b""
    assert len(stub.reports()) == (expected == "on")


def test_a_wider_schema_waits_for_its_notice_or_answer(device, go_program, older_go_program, run_go, stub):
    tell(device, older_go_program)
    crash = "record=crash class=parse library=1.2"
    pdf = "record=build format=pdf"
    run_go(D2, START, crash, pdf)
    run_go(D3, START)
    assert stub.reports()[-1]["used"] == [{"day": D2, "event": "build", "n": 1, "gap": None, "p": {"format": "other"}}]

    told = tell(device, go_program, D3)
    assert told.err.startswith(b"This version of Paperclip reports more about")
    assert f"told {D1}\n" in (device.config / "choice").read_text()
    assert tell(device, go_program, D3).err == b""
    run_go(D3, START, crash, pdf)
    run_go(D4, START)
    used = {(one["event"], str(one["p"])) for one in stub.reports()[-1]["used"]}
    assert used == {("crash", "{'class': 'parse', 'library': '1.2'}"), ("build", "{'format': 'pdf'}")}


def test_a_wider_schema_that_is_declined_leaves_the_former_fields(device, go_program, older_go_program, run_go):
    device.run_on_terminal([older_go_program, START], "y\n", TEST_MODE="ask", TEST_NOW=D1)
    asked = device.run_on_terminal([go_program, START], "n\n", TEST_MODE="ask", TEST_NOW=D1)
    assert asked.err.startswith(b"May this version of Paperclip report more about")

    again = device.run_on_terminal([go_program, START, "record=crash", "record=open"], TEST_MODE="ask", TEST_NOW=D1)
    assert again.err == b""
    assert (device.state / f"events-{D1}").read_text() == "open\n"
    assert f"declined {declared().schema}\n" in (device.config / "choice").read_text()


def test_a_terminal_in_the_background_is_not_read(device, go_program):
    """A shell's background job that reads from the terminal is stopped."""
    script = f'set -m; "{go_program}" {START} status & wait $!; echo ended'
    controlled = ["setsid", "--wait", "--ctty", "bash", "-c", script]
    result = device.run_on_terminal(controlled, TEST_MODE="ask", TEST_NOW=D1)

    assert b"ended" in result.out
    assert b"off until you agree" in result.out
    assert device.files() == {}
