"""The client for Go, in a compiled program: docs/clients.md, call by call and row by row."""

import json
import os
import re
import shutil
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path

import pytest

from collector.programs.clients import make_client
from collector.programs.declaration import read_declaration
from tests.clients.declared import TOKEN, declared
from tests.clients.go_program import build, go, write_module
from tests.clients.stub import black_hole, dead_dns, no_server
from tests.clients.trace import traced

D1, D2, D3, D4, D9 = "2026-11-24", "2026-11-25", "2026-11-26", "2026-11-27", "2026-12-02"
START = "start=2.4.1"
BUILD = "record=build format=html seconds=2.5 draft=true"
FORCED = {"PAPERCLIP_TELEMETRY": "on"}


@pytest.fixture(scope="session")
def program(tmp_path_factory) -> Path:
    return build(tmp_path_factory.mktemp("program"))


@pytest.fixture(scope="session")
def older_program(tmp_path_factory) -> Path:
    return build(tmp_path_factory.mktemp("older"), declared(with_crash=False, formats=("html",)))


@pytest.fixture
def run(device, program, stub):
    """Runs the program on a day, without a terminal, and returns when its sender has ended."""

    def run(day, *arguments, **variables):
        result = device.run([program, *arguments], TEST_NOW=day, **{"TEST_SERVER": stub.url, **variables})
        device.wait_for_senders()
        assert (result.code, result.err) == (0, b""), result
        return result.out.decode()

    return run


def tell(device, program, day=D1, **variables):
    return device.run_on_terminal([program, START], TEST_NOW=day, TEST_SERVER=no_server(), **variables)


def keep_choice(device, text):
    device.config.mkdir(parents=True, exist_ok=True)
    (device.config / "choice").write_text(text)


# The file


def test_a_client_is_formatted_and_vetted_whatever_the_texts_are(tmp_path):
    strange = read_declaration(
        """
        [program]
        id = "paper-clip"
        name = 'Pa"per\\clip — 📎 `x` %s'
        kind = "command"
        mode = "ask"
        why = '''Two
        lines.'''
        contact = "mail@paperclip.example"
        [events]
        """
    )
    write_module(tmp_path, make_client(strange, "go", "https://hits.example.org", TOKEN))

    assert go("vet", "./...", directory=tmp_path).stderr == ""
    formatted = subprocess.run(["gofmt", "-l", tmp_path], capture_output=True, text=True)
    assert (formatted.stdout, formatted.stderr) == ("", "")


def test_the_client_is_formatted_and_uses_nothing_that_one_system_lacks(program):
    client = program.parent / "telemetry" / "client.go"

    assert subprocess.run(["gofmt", "-l", client], capture_output=True, text=True).stdout == ""
    assert set(re.findall(r"\bsyscall\.(\w+)", client.read_text())) == {"SysProcAttr", "Stat_t"}  # the latter in words
    assert not re.search(r"^\s*go (func|\w+\()", client.read_text(), re.MULTILINE), "a goroutine"
    assert "os/signal" not in client.read_text()


# Off


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
        ({}, "choice off\n", "you chose it"),
        ({"TEST_MODE": "off"}, TOLD, "unless you enable it"),
        ({"CI": "true"}, TOLD, "a CI system runs it (CI is set)"),
        ({"CLAUDECODE": "1"}, TOLD, "a coding agent runs it (CLAUDECODE is set)"),
        ({"HOME": "", **FORCED}, TOLD, "no home directory"),
        ({"HOME": "/nonexistent", **FORCED}, TOLD, "can't be written"),
        ({"XDG_CONFIG_HOME": "/dev/null/none", **FORCED}, TOLD, "can't be written"),
        ({"TEST_KIND": "library", **FORCED}, TOLD, "did not allow it"),
        ({"PAPERCLIP_TELEMETRY_SENDER": "1", **FORCED}, TOLD, "the process that sends"),
        ({}, None, "the notice was shown on a terminal"),
        ({"TEST_MODE": "ask"}, None, "you agree, on a terminal"),
    ],
)
def test_off_means_nothing(device, program, variables, choice, reason):
    if choice:
        keep_choice(device, choice)
    before = device.files()

    trace = traced(device, [program, START, BUILD, "status"], on_terminal=choice is not None, TEST_NOW=D3, **variables)

    assert (trace.writes, trace.processes, trace.sockets) == ([], [], [])
    assert (trace.result.code, trace.result.err) == (0, b"")
    assert reason in trace.result.out.decode()
    assert device.files() == before
    if "HOME" not in variables and not {"XDG_CONFIG_HOME", "TEST_KIND"} & variables.keys() and choice:
        assert len([look for look in trace.looks if "/etc/" in look or "choice" in look]) <= 2 * 2  # start and status
        assert len(trace.looks) <= 2 * 2


def test_off_by_the_administrators_file(device, program):
    script = 'mount -t tmpfs tmpfs /etc && mkdir /etc/footfall && touch /etc/footfall/off && exec "$@"'
    as_root = ["unshare", "--mount", "sh", "-c", script, "sh"]
    if os.geteuid() or subprocess.run(["unshare", "--mount", "true"]).returncode:
        pytest.skip("only root can make a file in /etc that others don't see")

    result = device.run([*as_root, program, START, BUILD, "status"], **FORCED)

    assert result.out == b"off: /etc/footfall/off exists\n"
    assert device.files() == {}


@pytest.mark.parametrize("place", [".config", ".local/state"])
@pytest.mark.parametrize("how", ["mount", "mode"])
def test_off_where_it_cannot_remember(device, program, place, how):
    if os.geteuid() or subprocess.run(["unshare", "--mount", "true"]).returncode:
        pytest.skip("only root can make a directory read-only for the program alone")
    keep_choice(device, TOLD)
    device.state.mkdir(parents=True)
    directory = (device.home / place / "paperclip" / "telemetry").resolve()
    if how == "mount":
        script = f'mount --bind {device.home / place} {device.home / place} && mount -o remount,bind,ro {device.home / place} && exec "$@"'
        prefix = ["unshare", "--mount", "sh", "-c", script, "sh"]
    else:
        for path in [device.home.parent, *device.home.rglob("*"), device.home]:
            os.chown(path, 65534, 65534)
        for parent in device.home.parents:
            if parent.stat().st_mode & 0o001 == 0:
                parent.chmod(parent.stat().st_mode | 0o011)
        for parent in program.parents:
            if parent.stat().st_mode & 0o001 == 0:
                parent.chmod(parent.stat().st_mode | 0o011)
        directory.chmod(0o500)
        prefix = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
    before = device.files()

    trace = traced(device, [*prefix, program, START, BUILD, "status"], TEST_NOW=D3)

    assert b"can't be written" in trace.result.out, trace.result
    assert [text for text in trace.writes if "paperclip" in text] == []
    assert [text for text in trace.processes if "clone" in text and how == "mode"] == []
    assert [text for text in trace.sockets if "AF_INET" in text] == []  # setpriv looks for nscd
    assert device.files() == before


def test_off_for_root_in_the_home_of_somebody_else_and_with_the_rights_of_somebody_else(device, program, tmp_path):
    if os.geteuid():
        pytest.skip("only root can give files away")
    keep_choice(device, TOLD)
    os.chown(device.config, 65534, 65534)

    assert b"home of somebody else" in device.run([program, START, BUILD, "status"], TEST_NOW=D3, SUDO_UID="65534").out

    os.chown(device.config, 0, 0)
    setuid = tmp_path / "setuid"
    shutil.copy(program, setuid)
    setuid.chmod(0o4755)
    for parent in setuid.parents:
        if parent.stat().st_mode & 0o001 == 0:
            parent.chmod(parent.stat().st_mode | 0o011)
    as_nobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
    assert b"rights of somebody else" in device.run([*as_nobody, setuid, START, "status"], TEST_NOW=D3).out
    assert not device.state.exists()


def test_a_variable_that_means_on_decides_over_others_but_do_not_track(run, stub):
    variables = {"TELEMETRY_DISABLED": "1", "CI": "true", **FORCED}

    assert run(D2, START, "status", **variables) == "on: PAPERCLIP_TELEMETRY is set\n"
    assert [report["driver"] for report in stub.reports()] == ["ci"]
    assert run(D3, START, "status", **variables, DO_NOT_TRACK="0").startswith("on")
    assert run(D4, START, "status", **variables, DO_NOT_TRACK="anything") == "off: DO_NOT_TRACK is set\n"


def test_a_library_reports_only_when_it_is_allowed(run, stub):
    run(D2, START, BUILD, TEST_KIND="library", **FORCED)
    assert stub.requests == []

    run(D2, START, "allow", BUILD, TEST_KIND="library", **FORCED)
    assert len(stub.reports()) == 1


def test_ci_and_agents_that_may_report_are_kept_apart(run, stub, device):
    run(D2, START, CI="true", TEST_CI_REPORTS="1")
    run(D2, START, CLAUDECODE="1", TEST_AGENTS_REPORT="1")  # in nobody's name
    assert [report["driver"] for report in stub.reports()] == ["ci"]

    keep_choice(device, TOLD)
    run(D2, START, CLAUDECODE="1", TEST_AGENTS_REPORT="1")
    run(D2, START)
    assert [report["driver"] for report in stub.reports()][1:] in (["agent", "person"], ["agent", "container"])
    assert len({report["id"] for report in stub.reports()}) == 3


# Telling and asking


def test_the_notice_is_shown_once_and_the_first_report_is_sent_a_day_later(device, program, run, stub):
    command = [program, START, BUILD, "print=done"]
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

    run(D3, START, BUILD)
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


def test_files_and_directories_are_for_the_user_alone(device, program, run):
    tell(device, program)
    run(D2, START, BUILD)
    ours = [*device.config.rglob("*"), *device.state.rglob("*"), device.config, device.state, device.state.parent]

    assert {path.stat().st_mode & 0o777 for path in ours if path.is_file()} == {0o600}
    assert {path.stat().st_mode & 0o777 for path in ours if path.is_dir()} == {0o700}


@pytest.mark.parametrize(("typed", "expected"), [("y\nrest", "on"), ("Yes\n", "on"), ("\n", "off"), ("no\n", "off")])
def test_a_question_is_answered_once(device, program, stub, typed, expected):
    first = device.run_on_terminal([program, START, BUILD], typed, TEST_NOW=D1, TEST_SERVER=stub.url, TEST_MODE="ask")
    assert first.err.startswith(b"May Paperclip report"), first.err
    assert (device.config / "choice").read_text().startswith(f"choice {expected}\n")
    assert ((device.state / f"events-{D1}").exists()) == (expected == "on")

    again = device.run_on_terminal([program, START], TEST_NOW=D2, TEST_SERVER=stub.url, TEST_MODE="ask")
    device.wait_for_senders()
    assert again.err == b""
    assert len(stub.reports()) == (expected == "on")


def test_a_wider_schema_waits_for_its_notice_or_answer(device, program, older_program, run, stub):
    tell(device, older_program)
    crash = "record=crash class=parse library=1.2"
    pdf = "record=build format=pdf"
    run(D2, START, crash, pdf)
    run(D3, START)
    assert stub.reports()[-1]["used"] == [{"day": D2, "event": "build", "n": 1, "gap": None, "p": {"format": "other"}}]

    told = tell(device, program, D3)
    assert told.err.startswith(b"This version of Paperclip reports more about")
    assert f"told {D1}\n" in (device.config / "choice").read_text()
    assert tell(device, program, D3).err == b""
    run(D3, START, crash, pdf)
    run(D4, START)
    used = {(one["event"], str(one["p"])) for one in stub.reports()[-1]["used"]}
    assert used == {("crash", "{'class': 'parse', 'library': '1.2'}"), ("build", "{'format': 'pdf'}")}


def test_a_wider_schema_that_is_declined_leaves_the_former_fields(device, program, older_program, run):
    device.run_on_terminal([older_program, START], "y\n", TEST_MODE="ask", TEST_NOW=D1)
    asked = device.run_on_terminal([program, START], "n\n", TEST_MODE="ask", TEST_NOW=D1)
    assert asked.err.startswith(b"May this version of Paperclip report more about")

    again = device.run_on_terminal([program, START, "record=crash", "record=open"], TEST_MODE="ask", TEST_NOW=D1)
    assert again.err == b""
    assert (device.state / f"events-{D1}").read_text() == "open\n"
    assert f"declined {declared().schema}\n" in (device.config / "choice").read_text()


def test_a_terminal_in_the_background_is_not_read(device, program):
    """A shell's background job that reads from the terminal is stopped."""
    script = f'set -m; "{program}" {START} status & wait $!; echo ended'
    controlled = ["setsid", "--wait", "--ctty", "bash", "-c", script]
    result = device.run_on_terminal(controlled, TEST_MODE="ask", TEST_NOW=D1)

    assert b"ended" in result.out
    assert b"off until you agree" in result.out
    assert device.files() == {}


# The day's report


def test_days_are_reported_once_with_what_came_before(run, stub):
    run(D1, START, BUILD, "record=build", **FORCED)
    run(D1, START, "record=open", **FORCED)
    run(D3, "start=v2.5.0+dirty", "record=build format=docx seconds=-1", "timer=build seconds", **FORCED)
    run(D3, "start=2.5.0", **FORCED)
    run(D9, "start=local build", **FORCED)

    reports = stub.reports()
    assert [(one["day"], one["gap"], one["since"], one["version"], one.get("from")) for one in reports] == [
        (D1, None, "2026-W48", "2.4.1", None),
        (D3, 2, "2026-W48", "2.5.0", "2.4.1"),
        (D9, 6, "2026-W48", "other", "2.5.0"),
    ]
    assert [[(one["day"], one["event"], one["n"], one["gap"]) for one in report["used"]] for report in reports] == [
        [],
        [(D1, "build", 1, None), (D1, "build", 1, None), (D1, "open", 1, None)],
        [(D3, "build", 1, 2), (D3, "build", 1, 2)],
    ]
    assert [one.get("h") for one in reports[2]["used"]] == [{"seconds": [1, 0, 0, 0]}, {"seconds": [1, 0, 0, 0]}]
    assert [one.get("p") for one in reports[2]["used"]] == [None, {"format": "other"}]
    assert len({one["id"] for one in reports}) == 3


def test_what_is_not_declared_is_not_recorded(run, device):
    run(D1, START, "record=unknown", "record=retired", "record=build format=/home/me user=me", "odd", **FORCED)

    assert (device.state / f"events-{D1}").read_text().splitlines() == [
        "build format=other",
        "build format=other",
        "build format=other seconds=1",
        "crash class=other library=other",
    ]


def test_goroutines_may_record_at_once(run, device):
    run(D1, START, "parallel=open", **FORCED)
    assert (device.state / f"events-{D1}").read_text() == "open\n" * 20


def test_a_program_that_runs_for_days_reports_each_day_and_has_no_zombie(run, stub):
    later = [f"clock={D3}", BUILD, "sleep=0.1s", f"clock={D9}", BUILD, "sleep=0.4s", f"clock={D9}T01:00:00Z", BUILD]
    out = run(D1, START, BUILD, "sleep=0.1s", *later, "children", TEST_HASTE="100", **FORCED)

    assert [(one["day"], one["gap"]) for one in stub.reports()] == [(D1, None), (D3, 2), (D9, 6)]
    assert out == "children 0\n"


def test_fifty_first_runs_at_once_make_one_report(device, program, stub):
    keep_choice(device, f"choice on\ntold {D1}\n")
    with ThreadPoolExecutor(10) as pool:
        command = [program, START, "record=open"]
        list(pool.map(lambda _: device.run(command, TEST_NOW=D2, TEST_SERVER=stub.url), range(50)))
    device.wait_for_senders()

    assert len(stub.requests) == 1
    assert (device.state / f"events-{D2}").read_text() == "open\n" * 50


def test_a_thousand_runs_leave_no_process_and_little_on_the_disk(device, program):
    """On 25 days, with a server that is not there, and a program that records much."""
    keep_choice(device, f"choice on\ntold {D1}\n")
    days = [date(2026, 11, 1) + timedelta(number) for number in range(25)]
    script = 'for run in $(seq 20); do "$0" start=2.4.1 "loop=20 build format=html draft=true" & "$0" start=2.5 record=open; done; wait'
    for day in days:
        device.run(["sh", "-c", script, program], TEST_NOW=f"{day}", TEST_SERVER="http://127.0.0.1:1", TEST_HASTE="10")
    device.wait_for_senders()

    assert device.bytes_kept() <= 64 * 1024
    kinds = [path.name.partition("-")[0] for path in device.state.iterdir()]
    assert {kind: kinds.count(kind) for kind in ("claim", "events", "installation")} == {
        "claim": 1,
        "events": 1,
        "installation": 1,
    }
    assert 1 < kinds.count("queue") <= 25


def test_a_report_stays_small_and_keeps_the_newest(run, device, stub):
    run(D1, START, **FORCED)
    for day in (D1, D2):
        lines = [f"build draft=true format=html seconds={n % 4}\n" for n in range(100)]
        lines += [f"crash class=parse library=1.{n}\n" for n in range(500)]
        (device.state / f"events-{day}").write_text("".join(lines))
    run(D3, START, **FORCED)

    report = stub.reports()[-1]
    assert 6000 < len(json.dumps(report, separators=(",", ":"))) <= 8192
    assert {one["day"] for one in report["used"]} == {D2}


# The sender


def test_what_was_not_sent_is_sent_another_day_and_once(run, stub, device):
    run(D1, START, BUILD, TEST_SERVER=no_server(), **FORCED)
    stub.status = 503
    run(D2, START, **FORCED)
    stub.status = 202
    run(D3, START, **FORCED)

    assert [[one["day"] for one in body["reports"]] for body in stub.bodies()] == [[D1, D2], [D1, D2, D3]]
    assert [(one["day"], one["gap"]) for one in stub.bodies()[-1]["reports"]] == [(D1, None), (D2, 1), (D3, 1)]
    assert not list(device.state.glob("queue-*"))
    assert run(D4, "sent", **FORCED).splitlines()[-2] == f"{D3} {stub.requests[-1].body.decode()}"


@pytest.mark.parametrize(("status", "is_kept"), [(400, False), (404, False), (413, False), (415, False), (302, True)])
def test_what_the_server_refuses_for_good_is_given_up(run, stub, device, status, is_kept):
    stub.status = status
    run(D1, START, **FORCED)

    assert [request.method for request in stub.requests] == ["POST"]
    assert bool(list(device.state.glob("queue-*"))) == is_kept


def test_the_bytes_that_are_shown_are_those_that_are_sent(device, program, run, stub):
    tell(device, program)
    run(D1, START, BUILD)
    shown = run(D2, "show").rstrip("\n")  # before start: what the report would be
    run(D2, START)
    assert json.loads(shown)["reports"][0]["version"] == "other"

    run(D2, BUILD, START, BUILD)
    tomorrow = run(D2, START, "show").rstrip("\n")
    run(D3, START)
    assert stub.requests[1].body.decode() == tomorrow
    assert stub.requests[1].headers["Content-Type"] == "application/json"
    assert stub.requests[1].path == f"/e/{TOKEN}"
    assert run(D3, "sent").splitlines() == [f"{D2} {stub.requests[0].body.decode()}", f"{D3} {tomorrow}", ""]


def test_the_program_does_not_wait_for_the_network(device, program, stub, tmp_path):
    keep_choice(device, f"choice on\ntold {D1}\n")
    days = iter(f"2026-12-{day:02}" for day in range(1, 32))

    def seconds(url, prefix=(), **variables):
        times = []
        for _ in range(3):
            command = [*prefix, program, START, BUILD]
            times.append(
                device.run(command, TEST_NOW=next(days), TEST_SERVER=url, TEST_HASTE="10", **variables).seconds
            )
        return min(times)

    off = seconds(stub.url, DO_NOT_TRACK="1")
    stub.is_silent = True
    with black_hole() as hole:
        slowest = max(seconds(no_server()), seconds(stub.url), seconds(hole), seconds("http://10.255.255.1"))
    assert slowest - off < 0.05
    with dead_dns(tmp_path) as prefix:
        off = seconds(stub.url, prefix, DO_NOT_TRACK="1")
        assert seconds("http://hits.example.org", prefix) - off < 0.05


def test_a_sender_ends_when_its_time_is_over_and_is_apart(device, program):
    with black_hole() as hole:
        started = time.monotonic()
        device.run([program, START], TEST_NOW=D1, TEST_SERVER=hole, TEST_HASTE="10", **FORCED)
        [sender] = device.processes()
        assert os.getsid(sender) == sender
        assert Path(f"/proc/{sender}/cwd").resolve() == device.temporary.resolve()
        assert [os.readlink(f"/proc/{sender}/fd/{number}") for number in (1, 2)] == ["/dev/null"] * 2
        assert Path(f"/proc/{sender}/cmdline").read_bytes() == b"paperclip-telemetry\0"
        device.wait_for_senders()
    assert 0.9 < time.monotonic() - started < 2
    assert re.search(r"senderLimit = 10 \* time.Second", (program.parent / "telemetry" / "client.go").read_text())


def test_a_sender_keeps_no_file_that_the_program_inherited(device, program, tmp_path):
    lock = tmp_path / "lock"
    with black_hole() as hole:
        script = f'exec 9>"{lock}"; flock 9; "$@"; exec 9>&-; sleep 0.2; flock --nonblock "{lock}" true && echo free'
        command = ["sh", "-c", script, "sh", program, START]
        result = device.run(command, TEST_NOW=D1, TEST_SERVER=hole, TEST_HASTE="10", **FORCED)
        assert len(device.processes()) == 1
    assert result.out == b"free\n"
    device.wait_for_senders()


def test_a_sender_never_comes_to_main_and_starts_no_other(device, run, stub):
    mark = device.temporary / "mark"
    run(D1, START, TEST_MARK=str(mark), **FORCED)

    assert mark.read_text() == "main\n"
    assert len(stub.requests) == 1


def test_a_left_over_variable_does_not_keep_the_program_from_running(run, stub):
    assert run(D1, START, "print=done", PAPERCLIP_TELEMETRY_SENDER="1", **FORCED) == "done\n"
    assert stub.requests == []


def test_an_upgrade_meanwhile_is_not_run(device, program, stub, tmp_path):
    copy, trace = tmp_path / "copy", tmp_path / "trace"
    shutil.copy(program, copy)
    device.run([copy, f"upgrade={trace}", START], TEST_NOW=D1, TEST_SERVER=stub.url, **FORCED)
    device.wait_for_senders()

    assert len(stub.reports()) == 1
    assert copy.read_text().startswith("#!/bin/sh")
    assert not trace.exists()


def test_proxies_are_honoured_and_redirects_are_not(run, stub):
    run(D1, START, TEST_SERVER="http://hits.example.org", http_proxy=stub.url, **FORCED)
    assert [request.path for request in stub.requests] == [f"http://hits.example.org/e/{TOKEN}"]


def test_a_wrong_clock_is_corrected_before_anything_counts(run, stub, device):
    """The machine's clock is three days ahead from the first day on."""
    stub.now = _moment(D1)
    run(D4, START, BUILD, **FORCED)

    assert [body["today"] for body in stub.bodies()] == [D4, D1]
    [report] = stub.reports()
    assert (report["day"], report["gap"], report["since"]) == (D1, None, "2026-W48")
    assert [body["reports"][0]["id"] for body in stub.bodies()][0] != report["id"]
    assert (device.state / f"events-{D1}").exists()

    stub.now = _moment(D2)
    run("2026-11-28", START, BUILD, **FORCED)
    [report] = stub.reports()
    assert (report["day"], report["gap"], [use["day"] for use in report["used"]]) == (D2, 1, [D1])


def test_a_clock_that_goes_wrong_later_moves_only_its_own_report(run, stub, device):
    stub.now = _moment(D1)
    run(D1, START, BUILD, **FORCED)
    run(D2, START, BUILD, TEST_SERVER=no_server(), **FORCED)
    stub.now = _moment(D3)
    run(D9, START, BUILD, **FORCED)

    reports = stub.bodies()[-1]["reports"]
    assert [(one["day"], one["gap"], [use["day"] for use in one["used"]]) for one in reports] == [
        (D2, 1, [D1]),
        (D3, 1, [D2]),
    ]
    kept = dict(line.split(" ", 1) for line in (device.state / "installation").read_text().splitlines())
    assert (kept["last"], kept["verified"]) == (D3, D3)
    run(D9, START, **FORCED)
    assert len(stub.requests) == 3

    kept["offset"] = "86400"  # a day that was reported already
    (device.state / "installation").write_text("".join(f"{key} {value}\n" for key, value in kept.items()))
    run(D3, START, **FORCED)
    assert [body["today"] for body in stub.bodies()[3:]] == [D4]
    assert not list(device.state.glob("queue-*"))


def _moment(day):
    return (date.fromisoformat(day) - date(1970, 1, 1)).days * 86400 + 43200


# What goes wrong


def test_nothing_counts_twice_when_the_program_is_killed_while_it_makes_a_report(run, stub, device):
    """Written by hand: the report is in the queue, and nothing else of it is on the disk yet."""
    run(D1, START, BUILD, **FORCED)
    before = (device.state / "installation").read_bytes()
    events = (device.state / f"events-{D1}").read_bytes()
    run(D2, "start=2.5", "record=open", TEST_SERVER=no_server(), **FORCED)
    (device.state / "installation").write_bytes(before)
    (device.state / f"events-{D1}").write_bytes(events)
    run(D3, "start=2.5", BUILD, **FORCED)
    run(D4, "start=2.5", BUILD, **FORCED)

    reports = stub.reports()
    assert [(one["day"], one["gap"], one.get("from")) for one in reports] == [
        (D1, None, None),
        (D2, 1, "2.4.1"),
        (D3, 1, None),
        (D4, 1, None),
    ]
    assert [[(use["day"], use["event"], use["gap"]) for use in one["used"]] for one in reports] == [
        [],
        [(D1, "build", None)],
        [(D2, "open", None)],
        [(D3, "build", 2)],
    ]


def test_events_that_were_written_wholly_count_when_the_program_is_killed(device, program, run, stub):
    run(D1, START, **FORCED)
    for number in range(5):
        process = subprocess.Popen(
            [program, START, "loop=100000 open"],
            env=device.environment(TEST_NOW=D1, TEST_SERVER=stub.url, **FORCED),
            stdin=subprocess.DEVNULL,
        )
        time.sleep(0.01 + 0.005 * number)
        process.send_signal(signal.SIGKILL)
        process.wait()
    events = device.state / f"events-{D1}"
    lines = events.read_text().splitlines()
    assert len(lines) > 5
    assert set(lines) == {"open"}

    with events.open("a") as file:
        file.write("build format=ht")  # torn
    run(D1, START, "record=open", **FORCED)
    run(D2, START, **FORCED)
    used = {(one["event"], str(one.get("p"))): one["n"] for one in stub.reports()[-1]["used"]}
    assert used[("open", "None")] == len(lines) + (events.exists() or len("open\n" * len(lines)) < 16 * 1024 - 30)


def test_a_program_that_execs_itself_counts_once(run, stub, device):
    run(D1, START, "record=open", "exec", START, "record=open", **FORCED)
    run(D2, START, **FORCED)

    assert [(one["day"], [use["n"] for use in one["used"]]) for one in stub.reports()] == [(D1, []), (D2, [2])]


def test_a_full_disk_is_survived_in_silence(device, program, stub):
    if os.geteuid() or subprocess.run(["unshare", "--mount", "true"]).returncode:
        pytest.skip("only root can fill a disk of its own")
    device.state.mkdir(parents=True)
    script = (
        f'mount -t tmpfs -o size=32k tmpfs "{device.state}" && head -c 32768 /dev/zero > "{device.state}/rest"; "$@"; '
        f'rm "{device.state}/rest"; ls "{device.state}"; "$@"'
    )
    command = ["unshare", "--mount", "sh", "-c", script, "sh", program, START, BUILD, "print=done"]
    result = device.run(command, TEST_NOW=D1, TEST_SERVER=stub.url, **FORCED)
    device.wait_for_senders()

    assert result.err == b""
    assert [word for word in result.out.decode().split() if not word.startswith("events-")] == ["done", "done"]
    assert len(stub.reports()) == 1  # later that day, with room again


def test_standard_output_is_the_same_with_and_without(device, program, stub):
    command = [program, "print=one", START, BUILD, "timer=build seconds", "print=two"]
    results = [
        device.run(command, TEST_NOW=D1, TEST_SERVER=stub.url, DO_NOT_TRACK="1"),
        device.run(command, TEST_NOW=D1, TEST_SERVER=stub.url, **FORCED),
        device.run_on_terminal(command, TEST_NOW=D1, TEST_SERVER=stub.url),
    ]
    assert {result.out for result in results} == {b"one\ntwo\n"}
    assert results[0].err == results[1].err == b""
    device.wait_for_senders()


# What a person may ask


def test_choices_are_remembered(device, run, stub):
    out = run(D1, "status", "enable", "status", START, BUILD, "disable", "status", BUILD)
    assert out.splitlines() == [
        "off until the notice was shown on a terminal",
        "<nil>",
        "on: you chose it",
        "<nil>",
        "off: you chose it",
    ]
    assert (device.config / "choice").read_text().startswith("choice off\n")
    assert (device.state / f"events-{D1}").read_text().count("\n") == 1
    assert stub.requests == []  # the first report is sent on a later day

    run(D1, "enable")
    run(D2, START)
    assert len(stub.reports()) == 1
    assert "can't be written" in run(D2, "enable", XDG_CONFIG_HOME="/dev/null/none")


def test_to_forget_is_to_become_a_new_installation(device, program, run, stub):
    tell(device, program)
    run(D2, START, BUILD)
    assert run(D2, "forget") == "<nil>\n"
    assert device.files() == {}

    tell(device, program, D2)
    run(D3, START)
    assert [one["gap"] for one in stub.reports()] == [None, None]
    run(D3, "disable", "forget")
    assert list(device.files()) == [".config/paperclip/telemetry/choice"]


def test_verify_tells_what_differs(run, stub):
    program = declared()
    stub.published = {"schema": program.schema, "fields": program.fields()}
    assert run(D1, "verify", **FORCED) == f"The server publishes the same schema, {program.schema}.\n"
    assert [request.path for request in stub.requests] == [f"/about/{TOKEN}/declaration.json"]

    stub.published = {"schema": "0" * 16, "fields": [*program.fields()[1:], "copy"]}
    assert run(D1, "verify", **FORCED).splitlines()[1:] == ["Only this program has: build", "Only the server has: copy"]
    assert "could not be asked" in run(D1, "verify", TEST_SERVER=no_server(), **FORCED)
    assert run(D1, "verify").startswith("Telemetry is off (the notice was shown on a terminal)")
    assert len(stub.requests) == 2
