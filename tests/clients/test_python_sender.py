"""The Python client: its sender, whatever the network, the disk and the machine do."""

import os
import signal
import subprocess
import time
from datetime import timedelta
from pathlib import Path

import pytest

from tests.clients.device import DECISIONS
from tests.clients.python import NOON, Paperclip, day
from tests.clients.stub import black_hole, dead_dns, no_server
from tests.disks import small_disk
from tests.server import eventually

START = "f.start('2.4.1')"
ONE_SECOND = ("_SEND_SECONDS = 10\n", "_SEND_SECONDS = 1\n")  # instead of ten, so that a test need not wait for them


@pytest.fixture
def paperclip(device, stub) -> Paperclip:
    """Return a program whose user was told on day 0."""
    paperclip = Paperclip(device, stub.url)
    paperclip.tell()
    return paperclip


def one_sender(paperclip: Paperclip) -> int:
    """Return the id of the sender as soon as it is the only process left."""
    return eventually(lambda: len(paperclip.device.processes()) == 1 and paperclip.device.processes(), 10)[0]


def test_a_program_ends_before_a_sender_that_waits_in_vain(paperclip):
    with black_hole() as url:
        paperclip.server = url
        paperclip.install(paperclip.program)
        paperclip.run(START, wait=False)

        sender = one_sender(paperclip)
        assert os.getsid(sender) not in (os.getsid(0), 0)
        assert Path(f"/proc/{sender}/cwd").resolve() == paperclip.device.temporary
        eventually(lambda: "socket:" in " ".join(open_files(sender)), 20)
        names = open_files(sender)
        assert names[0].startswith("pipe:")
        assert names[1:3] == ["/dev/null", "/dev/null"]
        os.kill(sender, signal.SIGKILL)
    assert paperclip.state(f"queue-{day(1)}")


def open_files(pid: int) -> list[str]:
    """Return what a process has open, by number. A file that it closes meanwhile is left out."""
    numbered = sorted(Path(f"/proc/{pid}/fd").iterdir(), key=lambda path: int(path.name))
    return [str(path.readlink()) for path in numbered if path.is_symlink()]


def test_a_dead_name_server_neither_delays_the_program_nor_keeps_the_sender(paperclip, tmp_path):
    paperclip.server = "http://hits.footfall.example"
    paperclip.install(paperclip.program, ONE_SECOND)
    with dead_dns(tmp_path) as prefix:
        result = paperclip.device.run([*prefix, *paperclip.command(START)], **paperclip.at(1))
        assert result.code == 0, result.err
        one_sender(paperclip)
        paperclip.device.wait_for_senders()
    assert paperclip.state(f"queue-{day(1)}")


def test_without_a_server_the_reports_wait(paperclip, stub):
    paperclip.server = no_server()
    paperclip.install(paperclip.program)
    for number in (1, 2, 2):
        paperclip.run(f"{START}; f.record('open')", number)
    paperclip.server = stub.url
    paperclip.install(paperclip.program)
    paperclip.run(START, 2)
    assert stub.requests == []  # once a day
    paperclip.run(START, 5)

    (body,) = stub.bodies()
    assert body["today"] == day(5)
    assert [(one["day"], one["gap"], [use["n"] for use in one["used"]]) for one in body["reports"]] == [
        (day(1), None, []),
        (day(2), 1, [1]),
        (day(5), 3, [2]),
    ]
    assert not list(paperclip.device.state.glob("queue-*"))


def test_a_lost_answer_makes_the_same_report_come_again(paperclip, stub):
    stub.is_silent = True
    paperclip.install(paperclip.program, ONE_SECOND)
    paperclip.run(START, 1)
    stub.is_silent = False
    paperclip.run(START, 2)

    first, second = stub.bodies()
    assert second["reports"][0] == first["reports"][0]
    assert [report["day"] for report in stub.reports()] == [day(1), day(2)]


@pytest.mark.parametrize(
    ("status", "is_kept"),
    [(400, False), (404, False), (413, False), (415, False), (429, True), (500, True), (302, True)],
)
def test_an_error_deletes_reports_only_if_they_will_never_be_taken(paperclip, stub, status, is_kept):
    stub.status = status
    paperclip.run(START, 1)

    assert bool(paperclip.state(f"queue-{day(1)}")) == is_kept
    assert len(stub.requests) == 1
    assert paperclip.state("sent") == ""


@pytest.mark.parametrize(("variables", "sent"), [({}, 0), ({"PAPERCLIP_TELEMETRY": "on"}, 1)])
def test_a_sender_on_its_way_is_stopped_by_a_choice_unless_the_variable_decides(paperclip, stub, variables, sent):
    wait = "        while not os.path.exists(os.environ['DECIDED']): time.sleep(0.01)\n"
    paperclip.install(paperclip.program, ("        _limit_time()\n", f"{wait}        _limit_time()\n"))
    decided = paperclip.folder / "decided"
    paperclip.run(f"{START}; f.disable(); open({str(decided)!r}, 'w')", 1, DECIDED=str(decided), **variables)

    assert len(stub.requests) == sent


@pytest.mark.parametrize(("decision", "number", "variables", "requests"), DECISIONS)
def test_what_is_decided_while_a_server_answers_counts(paperclip, device, stub, decision, number, variables, requests):
    stub.meanwhile = lambda count: device.decide(decision) if count == number else None
    stub.now = (NOON + timedelta(5)).timestamp()
    paperclip.run(START, 1, **variables)

    assert len(stub.requests) == requests
    assert bool(paperclip.state("sent")) == bool(variables)
    assert device.state.exists() == (decision == "off")


def test_proxies_are_honoured(paperclip, stub):
    paperclip.server = "http://hits.footfall.example"
    paperclip.install(paperclip.program)
    paperclip.run(START, 1, http_proxy=stub.url)

    assert stub.requests[0].path.startswith("http://hits.footfall.example/e/")


# Disks, signals, and processes.


def test_a_full_disk_costs_what_is_recorded_but_never_the_program(paperclip, stub, tmp_path):
    with small_disk(tmp_path / "disk", 64) as disk:
        (disk / "filler").write_bytes(b"x" * 60 * 1024)
        state = {"XDG_STATE_HOME": str(disk)}
        paperclip.run(f"{START}\nfor _ in range(2000): f.record('open')", 1, **state)
        (disk / "filler").unlink()
        paperclip.run(f"{START}; f.record('open')", 1, **state)
        paperclip.run(START, 2, **state)

    assert [report["day"] for report in stub.reports()] == [day(1), day(2)]
    assert sum(use["n"] for report in stub.reports() for use in report["used"]) >= 1


def test_killed_anywhere_nothing_counts_twice(paperclip, stub):
    recorded = 0
    for number in range(1, 13):
        loop = f"{START}\nwhile True: f.record('open'); print(end='.', flush=True)"
        process = subprocess.Popen(
            paperclip.command(loop),
            stdout=subprocess.PIPE,
            env=paperclip.device.environment(**paperclip.at(number)),
            start_new_session=True,
        )
        assert process.stdout
        process.stdout.read(1)
        recorded += 1
        time.sleep(number * 0.004)  # so that each is killed elsewhere
        for pid in paperclip.device.processes():
            os.kill(pid, signal.SIGKILL)
        recorded += len(process.stdout.read())
        process.wait()
        process.stdout.close()
    paperclip.run(START, 14)
    paperclip.run(START, 15)

    counted = sum(use["n"] for report in stub.reports() for use in report["used"])
    assert recorded - 12 * 16_384 // 5 <= counted <= recorded + 12
    days = [(use["day"], use["event"]) for report in stub.reports() for use in report["used"]]
    assert len(days) == len(set(days)) >= 10


def test_fifty_parallel_runs_make_one_report_and_leave_nothing_behind(paperclip, stub):
    for number in (1, 2):
        runs = [
            subprocess.Popen(
                paperclip.command(f"{START}; f.record('open')"),
                env=paperclip.device.environment(**paperclip.at(number)),
                stderr=subprocess.PIPE,
            )
            for _ in range(50)
        ]
        assert {run.communicate()[1] for run in runs} == {b""}
        paperclip.device.wait_for_senders()
    paperclip.run(START, 3)

    assert [len(body["reports"]) for body in stub.bodies()] == [1, 1, 1]
    assert [use["n"] for report in stub.reports() for use in report["used"]] == [50, 50]
    assert paperclip.device.processes() == []
    assert paperclip.device.bytes_kept() < 65_536
    assert list(paperclip.device.temporary.iterdir()) == []


def test_a_program_may_fork_and_have_threads(paperclip, stub):
    code = f"""
import os, threading
{START}
def many():
    for _ in range(50): f.record('open')
threads = [threading.Thread(target=many) for _ in range(8)]
for thread in threads: thread.start()
child = os.fork()
if not child:
    f.record('open'); {START}; f.record('open'); os._exit(0)
for thread in threads: thread.join()
assert os.waitpid(child, 0)[1] == 0
"""
    paperclip.run(code, 1, PYTHONWARNINGS="ignore")
    paperclip.run(START, 2)

    assert [len(body["reports"]) for body in stub.bodies()] == [1, 1]
    assert stub.reports()[1]["used"][0]["n"] == 402


@pytest.mark.parametrize("before", ["pass", "import signal; signal.signal(signal.SIGCHLD, signal.SIG_IGN)"])
def test_the_program_gets_no_child(paperclip, stub, before):
    code = f"{before}; {START}; import os\ntry: os.wait()\nexcept ChildProcessError: print('none')"

    assert paperclip.run(code).out == b"none\n"
    assert len(stub.requests) == 1


def test_who_reads_from_the_program_does_not_wait_for_the_sender(paperclip):
    with black_hole() as url:
        paperclip.server = url
        paperclip.install(paperclip.program, ONE_SECOND)
        inheriting = ["sh", "-c", 'exec "$@" 7>&1', "sh", *paperclip.command(START)]
        result = paperclip.device.run(inheriting, **paperclip.at(1))

        assert (result.code, result.out) == (0, b"")
        assert len(paperclip.device.processes()) == 1
        paperclip.device.wait_for_senders()
