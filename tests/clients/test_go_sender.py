"""The client for Go: the process that sends, wrong clocks, and what goes wrong."""

import json
import os
import re
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from datetime import date, timedelta
from itertools import count
from pathlib import Path

import pytest

from tests.clients.declared import TOKEN
from tests.clients.go_program import BUILD, D1, D2, D3, D4, D9, FORCED, START, keep_choice, tell
from tests.clients.stub import black_hole, dead_dns, no_server
from tests.disks import small_disk


def test_what_was_not_sent_is_sent_another_day_and_once(run_go, stub, device):
    run_go(D1, START, BUILD, TEST_SERVER=no_server(), **FORCED)
    stub.status = 503
    run_go(D2, START, **FORCED)
    stub.status = 202
    run_go(D3, START, **FORCED)

    assert [[one["day"] for one in body["reports"]] for body in stub.bodies()] == [[D1, D2], [D1, D2, D3]]
    assert [(one["day"], one["gap"]) for one in stub.bodies()[-1]["reports"]] == [(D1, None), (D2, 1), (D3, 1)]
    assert not list(device.state.glob("queue-*"))
    assert run_go(D4, "sent", **FORCED).splitlines()[-2] == f"{D3} {stub.requests[-1].body.decode()}"


@pytest.mark.parametrize(("status", "is_kept"), [(400, False), (404, False), (413, False), (415, False), (307, True)])
def test_what_the_server_refuses_for_good_is_given_up(run_go, stub, device, status, is_kept):
    stub.status = status
    run_go(D1, START, **FORCED)

    assert [request.method for request in stub.requests] == ["POST"]
    assert bool(list(device.state.glob("queue-*"))) == is_kept


def test_the_bytes_that_are_shown_are_those_that_are_sent(device, go_program, run_go, stub):
    tell(device, go_program)
    run_go(D1, START, BUILD)
    shown = run_go(D2, "show").rstrip("\n")  # before start: what the report would be
    run_go(D2, START)
    assert json.loads(shown)["reports"][0]["version"] == "other"

    run_go(D2, BUILD, START, BUILD)
    tomorrow = run_go(D2, START, "show").rstrip("\n")
    run_go(D3, START)
    assert stub.requests[1].body.decode() == tomorrow
    assert stub.requests[1].headers["Content-Type"] == "application/json"
    assert stub.requests[1].path == f"/e/{TOKEN}"
    assert run_go(D3, "sent").splitlines() == [f"{D2} {stub.requests[0].body.decode()}", f"{D3} {tomorrow}", ""]


@pytest.mark.alone
def test_the_program_does_not_wait_for_the_network(device, go_program, stub, tmp_path):
    keep_choice(device, f"choice on\ntold {D1}\n")
    days = (str(date(2026, 12, 1) + timedelta(number)) for number in count())

    def seconds(url, prefix=(), **variables):
        command = [*prefix, go_program, START, BUILD]
        return device.run(command, TEST_NOW=next(days), TEST_SERVER=url, TEST_HASTE="10", **variables).seconds

    def is_quick(url, prefix=()):
        """Compare with the program that sends nothing. The least times tell what is ours while others are busy."""
        off, on = [], []
        for _ in range(20):
            off.append(seconds(url, prefix, DO_NOT_TRACK="1"))
            on.append(seconds(url, prefix))
            if len(on) >= 3 and min(on) - min(off) < 0.05:
                return True
        return False

    stub.is_silent = True
    with black_hole() as hole:
        assert all(is_quick(url) for url in (no_server(), stub.url, hole))
    with dead_dns(tmp_path) as prefix:
        assert is_quick("http://hits.example.org", prefix)


def test_a_sender_ends_when_its_time_is_over_and_is_apart(device, go_program):
    with black_hole() as hole:
        started = time.monotonic()
        device.run([go_program, START], TEST_NOW=D1, TEST_SERVER=hole, TEST_HASTE="10", **FORCED)
        [sender] = device.processes()
        assert os.getsid(sender) == sender
        assert Path(f"/proc/{sender}/cwd").resolve() == device.temporary.resolve()
        outputs = [Path(f"/proc/{sender}/fd/{number}") for number in (1, 2)]
        assert [str(path.readlink()) for path in outputs] == ["/dev/null"] * 2
        assert Path(f"/proc/{sender}/cmdline").read_bytes() == b"paperclip-telemetry\0"
        device.wait_for_senders()
    assert 0.9 < time.monotonic() - started < 8  # the tenth of ten seconds
    assert re.search(r"senderLimit = 10 \* time.Second", (go_program.parent / "telemetry" / "client.go").read_text())


def test_a_sender_ends_in_time_even_while_it_waits_for_its_input(device, go_program):
    variables = device.environment(TEST_HASTE="10", PAPERCLIP_TELEMETRY_SENDER="1")
    with subprocess.Popen(
        ["paperclip-telemetry"], executable=go_program, env=variables, stdin=subprocess.PIPE
    ) as process:
        assert process.wait(20) == 1


def test_a_sender_keeps_no_file_that_the_program_inherited(device, go_program, tmp_path):
    lock = tmp_path / "lock"
    with black_hole() as hole:
        script = f'exec 9>"{lock}"; flock 9; "$@"; exec 9>&-; sleep 0.2; flock --nonblock "{lock}" true && echo free'
        command = ["sh", "-c", script, "sh", go_program, START]
        result = device.run(command, TEST_NOW=D1, TEST_SERVER=hole, TEST_HASTE="10", **FORCED)
        assert len(device.processes()) == 1
    assert result.out == b"free\n"
    device.wait_for_senders()


def test_a_sender_never_comes_to_main_and_starts_no_other(device, run_go, stub):
    mark = device.temporary / "mark"
    run_go(D1, START, TEST_MARK=str(mark), **FORCED)

    assert mark.read_text() == "main\n"
    assert len(stub.requests) == 1


def test_a_left_over_variable_does_not_keep_the_program_from_running(run_go, stub):
    assert run_go(D1, START, "print=done", PAPERCLIP_TELEMETRY_SENDER="1", **FORCED) == "done\n"
    assert stub.requests == []


def test_an_upgrade_meanwhile_is_not_run(device, go_program, stub, tmp_path):
    copy, trace = tmp_path / "copy", tmp_path / "trace"
    shutil.copy(go_program, copy)
    device.run([copy, f"upgrade={trace}", START], TEST_NOW=D1, TEST_SERVER=stub.url, **FORCED)
    device.wait_for_senders()

    assert len(stub.reports()) == 1
    assert copy.read_text().startswith("#!/bin/sh")
    assert not trace.exists()


def test_proxies_are_honoured_and_redirects_are_not(run_go, stub):
    run_go(D1, START, TEST_SERVER="http://hits.example.org", http_proxy=stub.url, **FORCED)
    assert [request.path for request in stub.requests] == [f"http://hits.example.org/e/{TOKEN}"]


# Wrong clocks.


def test_a_wrong_clock_is_corrected_before_anything_counts(run_go, stub, device):
    """The machine's clock is three days ahead from the first day on."""
    stub.now = _moment(D1)
    run_go(D4, START, BUILD, **FORCED)

    assert [body["today"] for body in stub.bodies()] == [D4, D1]
    [report] = stub.reports()
    assert (report["day"], report["gap"], report["since"]) == (D1, None, "2026-W48")
    assert stub.bodies()[0]["reports"][0]["id"] != report["id"]
    assert (device.state / f"events-{D1}").exists()

    stub.now = _moment(D2)
    run_go("2026-11-28", START, BUILD, **FORCED)
    report = stub.reports()[-1]
    assert (report["day"], report["gap"], [use["day"] for use in report["used"]]) == (D2, 1, [D1])
    assert [body["today"] for body in stub.bodies()] == [D4, D1, D2]  # from then on, it knows the right day


def test_a_clock_that_goes_wrong_later_moves_only_its_own_report(run_go, stub, device):
    stub.now = _moment(D1)
    run_go(D1, START, BUILD, **FORCED)
    run_go(D2, START, BUILD, TEST_SERVER=no_server(), **FORCED)
    stub.now = _moment(D3)
    run_go(D9, START, BUILD, **FORCED)

    reports = stub.bodies()[-1]["reports"]
    assert [(one["day"], one["gap"], [use["day"] for use in one["used"]]) for one in reports] == [
        (D2, 1, [D1]),
        (D3, 1, [D2]),
    ]
    kept = dict(line.split(" ", 1) for line in (device.state / "installation").read_text().splitlines())
    assert (kept["last"], kept["verified"]) == (D3, D3)
    run_go(D9, START, **FORCED)
    assert len(stub.requests) == 3

    kept["offset"] = "86400"  # a day that was reported already
    (device.state / "installation").write_text("".join(f"{key} {value}\n" for key, value in kept.items()))
    run_go(D3, START, **FORCED)
    assert [body["today"] for body in stub.bodies()[3:]] == [D4]
    assert not list(device.state.glob("queue-*"))


def test_midnight_on_the_way_moves_nothing(run_go, stub, device):
    stub.now = _moment(D2) - 43_199
    run_go(f"{D1}T23:59:59Z", START, TEST_SENDER_NOW=f"{D2}T00:00:00Z", **FORCED)
    assert [body["today"] for body in stub.bodies()] == [D1, D2]

    stub.now = _moment(D2)
    run_go(f"{D2}T12:00:00Z", START, **FORCED)
    assert [(one["day"], one["gap"]) for one in stub.reports()] == [(D1, None), (D2, 1)]


def test_a_clock_that_is_far_behind_keeps_the_week_of_the_first_report(run_go, stub, device):
    stub.now = _moment(D9)
    run_go(D9, START, BUILD, **FORCED)
    stub.now = _moment("2026-12-08")
    run_go("2020-01-01", "start=2.5", **FORCED)

    reports = [(one["day"], one["gap"], one["since"], one.get("from")) for one in stub.reports()]
    assert reports == [(D9, None, "2026-W49", None), ("2026-12-08", 6, "2026-W49", "2.4.1")]


def test_a_clock_far_ahead_without_a_network_does_not_silence_the_client(run_go, stub):
    run_go("2031-01-01", START, TEST_SERVER=no_server(), **FORCED)
    run_go(D1, START, **FORCED)
    run_go(D2, START, **FORCED)

    reports = [(one["day"], one["gap"], one["since"]) for one in stub.reports() if one["day"] < D9]
    assert reports == [(D1, None, "2026-W48"), (D2, 1, "2026-W48")]


def _moment(day):
    return (date.fromisoformat(day) - date(1970, 1, 1)).days * 86400 + 43200


# What goes wrong.


def test_nothing_counts_twice_when_the_program_is_killed_while_it_makes_a_report(run_go, stub, device):
    """Written by hand: the report is in the queue, and nothing else of it is on the disk yet."""
    run_go(D1, START, BUILD, **FORCED)
    before = (device.state / "installation").read_bytes()
    events = (device.state / f"events-{D1}").read_bytes()
    run_go(D2, "start=2.5", "record=open", TEST_SERVER=no_server(), **FORCED)
    (device.state / "installation").write_bytes(before)
    (device.state / f"events-{D1}").write_bytes(events)
    run_go(D3, "start=2.5", BUILD, **FORCED)
    run_go(D4, "start=2.5", BUILD, **FORCED)

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


def test_events_that_were_written_wholly_count_when_the_program_is_killed(device, go_program, run_go, stub):
    run_go(D1, START, **FORCED)
    for number in range(5):
        process = subprocess.Popen(
            [go_program, START, "loop=100000 open"],
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

    run_go(D2, START, **FORCED)
    assert [(one["event"], one["n"]) for one in stub.reports()[-1]["used"]] == [("open", len(lines))]


def test_a_torn_line_is_left_out_and_what_follows_it_is_not(run_go, stub, device):
    run_go(D1, START, "record=open", **FORCED)
    for torn in ("build format=ht", "build", "build draft=tru"):
        with (device.state / f"events-{D1}").open("a") as file:
            file.write(torn)
        run_go(D1, START, "record=open", **FORCED)
    with (device.state / f"events-{D1}").open("a") as file:
        file.write("open")

    run_go(D2, START, **FORCED)
    assert [(one["event"], one["n"]) for one in stub.reports()[-1]["used"]] == [("open", 4)]


def test_a_program_that_execs_itself_counts_once(run_go, stub, device):
    run_go(D1, START, "record=open", "exec", START, "record=open", **FORCED)
    run_go(D2, START, **FORCED)

    assert [(one["day"], [use["n"] for use in one["used"]]) for one in stub.reports()] == [(D1, []), (D2, [2])]


@pytest.mark.parametrize("is_new", [True, False])
def test_a_full_disk_is_survived_in_silence(device, go_program, stub, tmp_path, is_new):
    command = [go_program, START, BUILD, "print=done"]
    with small_disk(tmp_path / "disk", 32) as disk:
        settings = {"TEST_SERVER": stub.url, "XDG_STATE_HOME": str(disk), **FORCED}
        (disk / "paperclip" / "telemetry").mkdir(parents=True)
        if not is_new:
            device.run(command, TEST_NOW=D1, **settings)
            device.wait_for_senders()
        with suppress(OSError), (disk / "rest").open("wb", buffering=0) as rest:
            while rest.write(bytes(4096)):
                pass
        full = device.run(command, TEST_NOW=D2, **settings)
        device.wait_for_senders()
        assert (full.code, full.out, full.err, len(stub.requests)) == (0, b"done\n", b"", 0 if is_new else 1)

        (disk / "rest").unlink()  # later that day
        device.run(command, TEST_NOW=D2, **settings)
        device.wait_for_senders()
        assert [one["day"] for one in stub.reports()] == ([D2] if is_new else [D1, D2])


def test_standard_output_is_the_same_with_and_without(device, go_program, stub):
    command = [go_program, "print=one", START, BUILD, "timer=build seconds", "print=two"]
    results = [
        device.run(command, TEST_NOW=D1, TEST_SERVER=stub.url, DO_NOT_TRACK="1"),
        device.run(command, TEST_NOW=D1, TEST_SERVER=stub.url, **FORCED),
        device.run_on_terminal(command, TEST_NOW=D1, TEST_SERVER=stub.url),
    ]
    assert {result.out for result in results} == {b"one\ntwo\n"}
    assert results[0].err == results[1].err == b""
    device.wait_for_senders()
