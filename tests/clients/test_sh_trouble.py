"""The client for POSIX shell when something is wrong: the network, the disk, the clock, values, or files."""

import itertools
import os
import random
import signal
import subprocess
import sys
import time
from datetime import date

import pytest

from tests.clients.declared import TOKEN, client_text
from tests.clients.shell import SOURCE, START, ShellProgram, seconds_of
from tests.clients.stub import black_hole, dead_dns, no_server
from tests.disks import small_disk
from tests.server import eventually

BUILD = START + "footfall_record build format=html seconds=1\n"
DAYS = [f"2026-11-{day}" for day in range(10, 30)]


@pytest.fixture
def program(device, stub) -> ShellProgram:
    program = ShellProgram(device, "dash", stub.url)
    program.tell()
    return program


@pytest.mark.alone
@pytest.mark.parametrize(
    ("shell", "trouble"), [("dash", "down"), ("bash", "silent"), ("busybox", "hole"), ("dash", "dns")]
)
def test_the_network_delays_no_program(shell, trouble, device, tmp_path):
    """A report's day may cost 50 ms more than another run of the day; the least of four tells what is ours.

    The limits of curl and of the sender are shorter here, so that the test is.
    """
    with black_hole() as hole, dead_dns(tmp_path) as prefix:
        before = prefix if trouble == "dns" else []
        server = {"down": no_server(), "silent": hole, "hole": hole, "dns": "http://hits.example.org"}[trouble]
        program = ShellProgram(device, shell, server)
        text = program.client.read_text()
        assert (text.count("sleep 10 &"), text.count("--max-time 4")) == (1, 1)
        program.client.write_text(text.replace("sleep 10 &", "sleep 2 &").replace("--max-time 4", "--max-time 1"))
        program.tell()
        runs = []
        for day in DAYS[:4]:
            runs.append([program.start(BUILD, day, before).seconds for _ in range(3)])
            eventually((device.state / f"queue-{day}").exists, 10)
        started = time.monotonic()
        assert trouble == "down" or device.processes()

        device.wait_for_senders(12)

    assert min(first for first, *_ in runs) - min(min(others) for _, *others in runs) < 0.05
    assert time.monotonic() - started < 3
    assert len(list(device.state.glob("queue-*"))) == 4


def test_a_proxy_of_the_environment_is_used(device, stub):
    program = ShellProgram(device, "dash", "http://hits.example.org")
    program.tell()

    program.run(START, http_proxy=stub.url)

    assert [request.path for request in stub.requests] == [f"http://hits.example.org/e/{TOKEN}"]
    assert program.noted("verified") == "2026-11-25"


def test_what_no_server_took_is_sent_later_with_what_is_new(program, device, stub):
    stub.status = 503
    program.run(BUILD, "2026-11-20")
    program.run(START, "2026-11-21")
    stub.status = 202
    program.run(START, "2026-11-23")

    assert [[report["day"] for report in body["reports"]] for body in stub.bodies()] == [
        ["2026-11-20"],
        ["2026-11-20", "2026-11-21"],
        ["2026-11-20", "2026-11-21", "2026-11-23"],
    ]
    assert [report["gap"] for report in stub.reports()] == [None, 1, 2]
    assert len({(report["id"], report["day"]) for report in stub.reports()}) == 3
    assert not list(device.state.glob("queue-*"))


@pytest.mark.parametrize("status", [400, 404, 413, 415])
def test_what_will_never_be_taken_is_given_up(program, device, stub, status):
    stub.status = status
    program.run(BUILD)

    assert len(stub.requests) == 1
    assert not list(device.state.glob("queue-*"))


@pytest.mark.parametrize(
    ("call", "variables", "sent"),
    [("disable", {}, 1), ("disable", {"PAPERCLIP_TELEMETRY": "on"}, 2), ("forget", {"PAPERCLIP_TELEMETRY": "on"}, 1)],
)
def test_what_the_user_decides_meanwhile_holds_for_the_next_request(program, device, stub, call, variables, sent):
    """The first answer asks for a second request: the server's day is another one."""
    stub.is_silent, stub.now = True, seconds_of("2026-11-25", 3)
    program.start(START, **variables)
    eventually(lambda: stub.requests, 10)
    program.start(f"{SOURCE}footfall_{call}")
    if call == "forget":
        assert device.files() == {}
        device.state.mkdir(parents=True)  # as if another run had begun again
        (device.state / "claim-2026-11-25").touch()
        (device.state / "installation").write_text(f"secret {'0' * 64}\nsince 2026-W48\n")
    before = device.files()
    stub.is_over.set()
    device.wait_for_senders()

    assert len(stub.requests) == sent
    assert (device.files() == before) == (call == "forget")


def test_two_hundred_runs_leave_no_process_and_little_on_the_disk(program, device):
    code = "i=0\nwhile [ $i -lt 16 ]; do footfall_record build format=html seconds=$i; i=$((i + 1)); done\n"
    for day in DAYS[:5]:
        loop = f"n=0\nwhile [ $n -lt 40 ]; do ({START}{code}); n=$((n + 1)); done"
        program.run(loop, day)

    assert device.processes() == []
    assert 16384 - 50 < (device.state / f"events-{DAYS[4]}").stat().st_size <= 16384
    assert device.bytes_kept() <= 65536
    assert list(device.temporary.iterdir()) == []


def test_fifty_runs_at_once_make_one_report(program, device, stub):
    command = program.command(BUILD)
    variables = device.environment(**program.with_variables("2026-11-25", {}))
    runs = [subprocess.Popen(command, env=variables, stdin=subprocess.DEVNULL) for _ in range(50)]
    assert [run.wait(30) for run in runs] == [0] * 50
    device.wait_for_senders()
    program.run(START, "2026-11-26")

    assert len(stub.requests) == 2
    first, second = stub.reports()
    assert (first["gap"], second["gap"], [use["n"] for use in second["used"]]) == (None, 1, [50])


def test_a_claim_is_given_to_one(program):
    code = START + "footfall__detach() { echo claimed; }\nrm $footfall__place/claim-*\n"

    assert program.run(code + "footfall__claim; footfall__claim") == "claimed\n"


def test_a_killed_run_counts_nothing_twice(program, device, stub):
    """Runs and workers are killed at any moment; what is reported in the end is at most what happened."""
    moments = random.Random(7)
    happened = 0
    for number in range(30):
        run = subprocess.Popen(
            program.command(START + "footfall_record open"),
            env=device.environment(**program.with_variables(DAYS[number // 3], {})),
            stdin=subprocess.DEVNULL,
        )
        time.sleep(moments.uniform(0, 0.06))
        for pid in device.processes():
            kill(pid)
        run.wait()
        happened += 1
    program.run(START, DAYS[-1])

    reports = stub.reports()
    assert sum(use["n"] for report in reports for use in report["used"]) <= happened
    assert len({report["day"] for report in reports}) == len(reports)
    assert [report["gap"] for report in reports].count(None) == 1
    for earlier, later in itertools.pairwise(sorted(reports, key=lambda report: report["day"])):
        assert later["gap"] >= (date.fromisoformat(later["day"]) - date.fromisoformat(earlier["day"])).days
    assert len(list(device.state.iterdir())) <= 6


def kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return  # it has ended by itself


def test_a_worker_that_was_killed_between_two_files_counts_nothing_twice(program, device, stub):
    stub.status = 503
    program.run(BUILD, "2026-11-20")
    before = {path: path.read_bytes() for path in device.state.iterdir() if path.name[0] in "ie"}
    assert sorted(path.name for path in before) == ["events-2026-11-20", "installation"]
    program.run(BUILD, "2026-11-21")
    for path, content in before.items():
        path.write_bytes(content)  # as if it was killed when it had just written the report
    stub.status = 202
    program.run(START, "2026-11-22")

    assert [(report["day"], report["gap"]) for report in stub.reports()] == [
        *(("2026-11-20", None), ("2026-11-21", 1), ("2026-11-22", 1))
    ]
    assert [[(use["day"], use["gap"]) for use in report["used"]] for report in stub.reports()] == [
        [],
        [("2026-11-20", None)],
        [("2026-11-21", 1)],
    ]


def test_a_line_that_was_cut_off_is_left_out(program, device, stub):
    program.run(BUILD)
    with open(device.state / "events-2026-11-25", "a") as events:
        events.write("open\nbuild format=html")
    program.run(START, "2026-11-26")

    assert [(use["event"], use["n"]) for use in stub.reports()[1]["used"]] == [("build", 1), ("open", 1)]


def test_a_full_disk_stops_nothing_and_leaves_no_claim(device, stub, tmp_path):
    program = ShellProgram(device, "dash", stub.url)
    with small_disk(tmp_path / "disk", 16) as disk:
        program.variables["XDG_STATE_HOME"] = str(disk)
        program.tell()
        directory = disk / "paperclip" / "telemetry"
        directory.mkdir(parents=True)
        (disk / "filler").write_bytes(b"x" * 16384)

        assert program.run(BUILD + "echo on") == "on\n"

        assert stub.requests == []
        assert [path.name for path in directory.iterdir() if path.stat().st_size] == []
        assert not (directory / "claim-2026-11-25").exists()
        (disk / "filler").unlink()
        program.run()
        assert len(stub.reports()) == 1


def test_a_configuration_that_cannot_be_written_is_off(device, stub, tmp_path):
    program = ShellProgram(device, "dash", stub.url)
    program.tell()
    if os.geteuid() or subprocess.run(["mount", "--bind", device.config, device.config]).returncode:
        pytest.skip("only root can mount a disk")
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", device.config], check=True)
        assert "cannot be written" in program.run(BUILD + "footfall_status")
    finally:
        subprocess.run(["umount", "--lazy", device.config], check=True)
    assert not device.state.exists()


def test_what_is_in_files_is_never_run(program, device, stub):
    program.run(BUILD)
    hostile = "$(touch pwned) `touch pwned`; touch pwned\n'\"\\\x00\xff%s%n *\n"
    for path in device.state.iterdir():
        with open(path, "a", errors="surrogateescape") as file:
            file.write("\n" + hostile)
    (device.state / "queue-2026-11-24").write_text(hostile)
    (device.state / "events-2026-11-24; touch pwned").write_text(hostile)
    for name in ("last", "offset", "version", "used build", "since", "secret"):
        with open(device.state / "installation", "a") as file:
            file.write(f"{name} $(touch pwned)\n")
    with open(device.config / "choice", "a") as file:
        file.write(f"told $(touch pwned)\nfield {hostile}")

    program.run(START + "footfall_show; footfall_sent; footfall_status", "2026-11-26")
    program.run(START, "2026-11-27")

    assert list(program.directory.rglob("*pwned*")) + list(device.home.rglob("pwned")) == []
    assert list(device.temporary.iterdir()) == []
    assert [report["day"] for report in stub.reports()] == ["2026-11-25", "2026-11-26", "2026-11-27"]


def test_the_clients_for_shell_and_python_share_their_files(program, device, stub, tmp_path):
    (program.directory / "telemetry.py").write_text(client_text("python", stub.url))
    code = "import os, sys, telemetry\ntelemetry._now = lambda: float(os.environ['NOW'])\ntelemetry.start('2.4.1')\n"
    code += "telemetry.record('build', format='pdf', seconds=3)\nprint(telemetry.show())"

    def run_python(day: str) -> str:
        (program.directory / "main.py").write_text(code)
        variables = {"NOW": str(seconds_of(day, 0))}
        result = device.run([sys.executable, program.directory / "main.py"], **variables)
        device.wait_for_senders()
        assert (result.code, result.err) == (0, b"")
        return result.out.decode()

    program.run(BUILD, "2026-11-20")
    stub.status = 503
    run_python("2026-11-21")
    program.run(BUILD, "2026-11-22")
    stub.status = 202
    run_python("2026-11-24")
    program.run(START, "2026-11-25")

    reports = stub.reports()
    assert [(report["day"], report["gap"]) for report in reports] == [
        *(("2026-11-20", None), ("2026-11-21", 1), ("2026-11-22", 1), ("2026-11-24", 2), ("2026-11-25", 1))
    ]
    assert [[(use["day"], use["p"]["format"], use["gap"]) for use in report["used"]] for report in reports] == [
        [],
        [("2026-11-20", "html", None)],
        [("2026-11-21", "pdf", 1)],
        [("2026-11-22", "html", 1)],
        [("2026-11-24", "pdf", 2)],
    ]
    assert [report["id"] for report in reports] == [program.id_on(report["day"]) for report in reports]
    assert len({report["since"] for report in reports}) == 1
