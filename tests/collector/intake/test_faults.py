"""Faults while hits come in: no hit is lost, and none is stored twice."""

import os
import random
import signal
import sqlite3
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import psycopg
import pytest
from django.db import connection

from collector.models import DailyVisitor, Hit, Pixel, SpoolOffset
from collector.models.counts import WHOLE_PROJECT
from collector.spool.reader import segments
from collector.spool.writer import SpoolWriter
from collector.storage.set_aside import SET_ASIDE_FILE
from tests import citus
from tests.clock import DAY_US
from tests.endpoints import AsgiEndpoint
from tests.hits import counts, drain, hit, micros, spool
from tests.readers import Readers
from tests.requirements import missing
from tests.server import Server, eventually, kill, new_pixel, running

KILLS = int(os.environ.get("KILLS", "12"))  # 100 take a few minutes
REQUESTS = 170 * KILLS
NODE_KILLS = 8


@pytest.fixture
def server(tmp_path, monkeypatch) -> Iterator[Server]:
    monkeypatch.setenv("TRUSTED_PROXIES", "1")
    with running(tmp_path, "--workers", "2") as server:
        yield server


@pytest.fixture
def token(server) -> str:
    return new_pixel(server)["token"]


def assert_kept_once(server: Server, readers: Readers, seconds: float = 60) -> None:
    """Check that every acknowledged hit is stored, and no hit twice, in hits and counts alike."""

    def stored_if_complete() -> Counter[int] | None:
        stored = readers.stored("blog")
        return stored if stored and readers.acknowledged <= stored.keys() else None

    stored = eventually(stored_if_complete, seconds)
    assert [number for number, times in stored.items() if times > 1] == []

    def total() -> int:
        printed = server.manage(
            "shell", "-v0", "-c",
            "from collector.models import *; from collector.models.counts import WHOLE_PROJECT;"
            "from django.db.models import Sum;"
            "totals = DailyCount.objects.filter(dimension=Dimension.TOTAL, pixel_id=WHOLE_PROJECT);"
            "print(totals.aggregate(n=Sum('hits'))['n'])",
        )  # fmt: skip
        return int(printed)

    # Hits that were not acknowledged, because their process was killed, may be stored between two looks.
    eventually(lambda: total() == len(readers.stored("blog")), 60)


def test_killed_workers_and_drains_lose_no_hit_and_store_none_twice(server, token):
    rng = random.Random(1)
    readers = Readers(server, token, REQUESTS)
    kills = 0
    with readers.reading():
        while kills < KILLS:
            time.sleep(rng.uniform(0.02, 0.25))
            victims = [*server.workers(), server.drain_pid()]
            if any(victims):
                kill(rng.choice(victims))
                kills += 1

    assert len(readers.acknowledged) > REQUESTS / 2
    assert_kept_once(server, readers)


@pytest.mark.postgresql
def test_a_killed_database_server_loses_no_hit_and_stores_none_twice(server, token):
    cluster = os.environ.get("THROWAWAY_CLUSTER")
    if not cluster:
        missing("no PostgreSQL that may be killed; set THROWAWAY_CLUSTER to one, such as 15/regress")
    readers = Readers(server, token, 3_000)
    with psycopg.connect(os.environ["DATABASE_URL"]) as admin:
        directory = admin.execute("SHOW data_directory").fetchone()[0]
    connection.close()  # this process's own connection, left open by earlier tests
    with readers.reading():
        for _ in range(2):
            time.sleep(0.5)
            with open(f"{directory}/postmaster.pid") as file:
                kill(int(file.readline()))
            time.sleep(1)
            eventually(
                lambda: subprocess.run(["pg_ctlcluster", *cluster.split("/"), "start"], check=False).returncode == 0, 30
            )

    assert set(readers.answers.values()) == {200}
    assert_kept_once(server, readers)


@pytest.mark.citus
def test_killed_nodes_of_a_cluster_lose_no_hit_and_store_none_twice(server, token):
    """The coordinator and a worker are killed in turn. A commit that was not finished is, by Citus, within a minute."""
    if os.environ.get("THROWAWAY_CLUSTER") != "citus":
        missing("no Citus cluster whose nodes may be killed; set THROWAWAY_CLUSTER=citus if those of CITUS_URL may")
    url, database = os.environ["CITUS_URL"], server.database_url.rpartition("/")[2]
    nodes = [citus.url_of(url, "postgres", host, port) for _, host, port in citus.nodes_of(url)[:2]]
    readers = Readers(server, token, 8_000)
    with readers.reading():
        for number in range(NODE_KILLS):
            node = nodes[number % 2]
            eventually(lambda node=node: citus.kill_one_in_a_transaction(node, database), 60)
    for node in nodes:
        eventually(lambda node=node: citus.is_up(node), 60)

    assert set(readers.answers.values()) == {200}
    assert_kept_once(server, readers, seconds=180)


@contextmanager
def locked_database(server: Server) -> Iterator[None]:
    """Lock the tables of the server's database, as a migration may."""
    if server.database_url.startswith("sqlite"):
        other = sqlite3.connect(server.database_url.removeprefix("sqlite:///"), isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")
        other.close()
        return
    with psycopg.connect(server.database_url) as other:
        other.execute("LOCK collector_pixel, collector_dailysalt, collector_hit IN ACCESS EXCLUSIVE MODE")
        yield


def test_a_migration_that_locks_the_tables_delays_no_reader_and_loses_no_hit(server, token):
    readers = Readers(server, token, 500)
    with locked_database(server):
        began_at = time.monotonic()
        readers.read_all()
        assert time.monotonic() - began_at < 15
        if server.database_url.startswith("sqlite"):  # only there can a locked database still be read
            assert readers.stored("blog") == {}

    assert set(readers.answers.values()) == {200}
    assert_kept_once(server, readers)


@pytest.mark.one_database
def test_a_full_spool_counts_lost_hits_and_keeps_every_acknowledged_one(tmp_path, monkeypatch):
    monkeypatch.setenv("TRUSTED_PROXIES", "1")
    monkeypatch.setenv("SPOOL_MAX_BYTES", "20000")
    with running(tmp_path, "--workers", "1") as server:
        token = new_pixel(server)["token"]
        os.kill(server.drain_pid(), signal.SIGSTOP)
        readers = Readers(server, token, 300)
        readers.read_all()
        os.kill(server.drain_pid(), signal.SIGCONT)

        lost = sum(status == 503 for status in readers.answers.values())
        assert set(readers.answers.values()) == {200, 503}
        assert_kept_once(server, readers)
        assert readers.stored("blog").keys() == readers.acknowledged
        script = "from collector.models import *; print(sum(SpoolOffset.objects.values_list('lost', flat=True)))"
        eventually(lambda: int(server.manage("shell", "-v0", "-c", script)) == lost, 60)
        eventually(lambda: server.spooled_bytes() < 10_000, 60)

        def every_hit_is_kept() -> bool:
            later = Readers(server, token, 10)
            later.read_all()
            return set(later.answers.values()) == {200}

        eventually(every_hit_is_kept, 60)  # the web process checks the size once a second


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("seed", range(5))
def test_a_corrupt_segment_loses_only_the_damaged_lines(tmp_path, pixel, seed):
    rng = random.Random(seed)
    spool(tmp_path / "spool", [hit(pixel, visitor=number) for number in range(200)])
    [segment] = segments(tmp_path / "spool")
    content = bytearray(segment.read_bytes())
    start = rng.randrange(len(content) - 500)
    content[start : start + 300] = rng.randbytes(300)
    segment.write_bytes(content)

    drain(tmp_path / "spool")

    assert 200 - 5 <= Hit.objects.count() < 200
    assert (tmp_path / "spool" / SET_ASIDE_FILE).exists()
    assert segments(tmp_path / "spool") == []


@pytest.mark.django_db(transaction=True)
def test_if_the_clock_jumps_back_a_day_no_hit_is_lost_and_each_counts_on_its_own_day(tmp_path, pixel, monkeypatch):
    endpoint = AsgiEndpoint(tmp_path / "spool")
    today = micros(f"{datetime.now(UTC).date()}T12:00")
    for moment in (today, today - DAY_US, today + 1, today - DAY_US + 1):
        monkeypatch.setattr("collector.intake.asgi.now_us", lambda moment=moment: moment)
        assert endpoint.get(f"/p/{pixel.token}.gif").reason == "counted"
    endpoint.close()

    drain(tmp_path / "spool")

    assert list(counts("total").values()) == [(2, 1), (2, 1)]
    assert Hit.objects.count() == 4


@pytest.mark.django_db(transaction=True)
def test_drains_of_several_machines_never_deadlock_and_store_no_hit_twice(tmp_path, project):
    pixels = [Pixel.objects.create(project=project, title=str(number)) for number in range(6)]
    rng = random.Random(1)
    for machine in range(3):
        writer = SpoolWriter(tmp_path / str(machine))
        for _ in range(600):
            pixel = rng.choice(pixels)
            writer.append(
                hit(pixel, placement=rng.choice(["medium", "dev-to", ""]), visitor=rng.randrange(50)).to_line()
            )
        writer.close()
    failures: list[BaseException] = []

    def work(machine: int) -> None:
        try:
            drain(tmp_path / str(machine), batch_lines=40)
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    machines = [threading.Thread(target=work, args=(machine,)) for machine in range(3)]
    for machine in machines:
        machine.start()
    for machine in machines:
        machine.join()

    assert failures == []
    assert Hit.objects.count() == 1800
    totals = counts("total").values()
    assert sum(visits for visits, _ in totals) == 1800
    assert sum(visitors for _, visitors in totals) == 50
    assert DailyVisitor.objects.filter(pixel_id=WHOLE_PROJECT).count() == 50
    assert sum(SpoolOffset.objects.values_list("hits", flat=True)) == 1800
