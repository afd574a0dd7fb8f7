"""How many connections a web process holds, and which ones it gives up."""

import asyncio
import resource
import subprocess
import sys

import pytest

from collector.intake import connections
from collector.intake.connections import Connections, capacity, client_of
from tests.server import ROOT

READER, PROXY = ("203.0.113.7", 4711), ("127.0.0.1", 4711)


class FakeConnection:
    def __init__(self, waits_since: float = 0.0, *, is_busy: bool = False) -> None:
        self.waits_since = waits_since
        self.is_busy = is_busy
        self.is_dropped = False
        self.checked_at: list[float] = []

    def is_waiting(self) -> bool:
        return not self.is_busy

    def enforce_time_limits(self, now: float) -> None:
        self.checked_at.append(now)

    def drop(self) -> None:
        self.is_dropped = True


@pytest.fixture
def loop():
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


@pytest.mark.parametrize(
    ("peer", "client"),
    [
        (("203.0.113.7", 1), "203.0.113.7"),
        (("::ffff:203.0.113.7", 1, 0, 0), "203.0.113.7"),
        (("127.0.0.1", 1), None),
        (("127.8.8.8", 1), None),
        (("::1", 1, 0, 0), None),
        (("::ffff:127.0.0.1", 1, 0, 0), None),
        ("", None),  # a Unix socket
        (b"\0name", None),
        (None, None),
    ],
)
def test_a_client_is_an_address_and_a_peer_on_this_machine_is_a_proxy(peer, client):
    assert client_of(peer) == client


def test_all_addresses_of_an_ipv6_network_of_64_bits_are_one_client():
    first, second, other = ("2001:db8::1", 1, 0, 0), ("2001:db8::ffff:1", 1, 0, 0), ("2001:db8:0:1::1", 1, 0, 0)
    assert client_of(first) == client_of(second) != client_of(other)
    assert client_of(("fe80::1%eth0", 1, 0, 2)) == client_of(("fe80::2", 1, 0, 2))


def test_one_client_may_hold_some_connections_and_others_still_connect(loop):
    open_ones = Connections(loop, 100, per_client=3)
    held = [FakeConnection() for _ in range(3)]

    assert all(open_ones.admit(each, READER) for each in held)
    assert not open_ones.admit(FakeConnection(), READER)
    assert open_ones.admit(FakeConnection(), ("203.0.113.8", 1))
    open_ones.forget(held[0])
    open_ones.forget(held[0])  # a second time makes no more room
    assert open_ones.admit(FakeConnection(), READER)
    assert not open_ones.admit(FakeConnection(), READER)


def test_a_proxy_may_hold_any_number_of_connections_and_so_may_all_without_a_limit(loop):
    few, any_number = Connections(loop, 100, per_client=1), Connections(loop, 100, per_client=0)

    assert all(few.admit(FakeConnection(), PROXY) for _ in range(50))
    assert all(any_number.admit(FakeConnection(), READER) for _ in range(50))


def test_a_full_process_gives_up_those_that_have_waited_longest_but_none_that_it_answers(loop):
    open_ones = Connections(loop, 32, per_client=0)
    busy = [FakeConnection(0.0, is_busy=True) for _ in range(16)]
    waiting = [FakeConnection(float(16 - number)) for number in range(16)]
    for each in [*busy, *waiting]:
        assert open_ones.admit(each, READER)

    assert open_ones.admit(FakeConnection(17.0), READER)
    assert [each.is_dropped for each in waiting] == [False] * 14 + [True] * 2
    assert not any(each.is_dropped for each in busy)


def test_a_process_that_answers_on_all_its_connections_refuses_more_until_one_ends(loop):
    open_ones = Connections(loop, 2, per_client=0)
    busy = [FakeConnection(is_busy=True) for _ in range(2)]
    assert all(open_ones.admit(each, READER) for each in busy)

    assert not open_ones.admit(FakeConnection(), READER)
    open_ones.forget(busy[0])
    assert open_ones.admit(FakeConnection(), READER)


def test_each_sweep_checks_all_connections_and_reports_once_a_minute_without_an_address(loop, caplog):
    open_ones = Connections(loop, 100, per_client=1)
    held = FakeConnection()
    open_ones.admit(held, READER)
    for now in (100.0, 130.0, 161.0, 400.0):
        open_ones.admit(FakeConnection(), READER)
        open_ones.sweep(now)

    assert held.checked_at == [100.0, 130.0, 161.0, 400.0]
    first, second, third = [record.getMessage() for record in caplog.records]
    assert first.startswith("Refused 1 connections: one client may hold 1 open")
    assert second.startswith("Refused 2 connections")
    assert third.startswith("Refused 1 connections")
    assert "CONNECTIONS_PER_CLIENT" in first
    assert "203.0.113" not in caplog.text


def test_the_end_of_the_file_limit_is_logged_with_its_remedy_and_makes_room(loop, caplog, monkeypatch):
    open_ones = Connections(loop, 100, per_client=0)
    idle = FakeConnection()
    open_ones.admit(idle, READER)
    monkeypatch.setattr(connections.os, "open", no_more_files)

    open_ones.sweep(1.0)
    open_ones.sweep(2.0)

    [record] = caplog.records
    assert "can't open any more files" in record.getMessage()
    assert "LimitNOFILE" in record.getMessage()
    assert idle.is_dropped


def no_more_files(*arguments: object) -> int:
    raise OSError(24, "Too many open files")


def test_the_file_limit_bounds_the_connections_of_a_process(monkeypatch):
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (1024, 4096))
    assert capacity(4096) == 1024 - connections.RESERVED_FILES
    assert capacity(100) == 100
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert capacity(4096) == 4096


def test_gunicorn_raises_the_file_limit_as_far_as_it_may():
    script = (
        "import resource; hard = min(resource.getrlimit(resource.RLIMIT_NOFILE)[1], 2000);"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard));"
        "import telemetry_site.gunicorn_conf; print(resource.getrlimit(resource.RLIMIT_NOFILE) == (hard, hard))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60)

    assert (done.stdout, done.stderr) == ("True\n", "")
