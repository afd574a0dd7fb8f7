import errno
import sqlite3
import threading
import time
from contextlib import closing

import pytest
from django.conf import settings as django_settings
from django.db import OperationalError, connection

from collector.intake import health
from collector.intake.health import DatabaseCheck
from collector.spool import room
from collector.spool.line import SpooledHit
from collector.spool.losses import Loss, LossCounter
from collector.spool.writer import SpoolWriter
from collector.storage.lag import lag

pytestmark = pytest.mark.django_db(transaction=True)

NO_SPACE = OSError(errno.ENOSPC, "No space left on device")


@pytest.fixture
def directory(settings, tmp_path):
    settings.SPOOL_DIR = tmp_path / "spool"
    return settings.SPOOL_DIR


@pytest.fixture
def frozen_database(monkeypatch):
    """Make the check of readiness hang until the end of the test."""
    thawed = threading.Event()
    monkeypatch.setattr(health, "DATABASE", DatabaseCheck())
    monkeypatch.setattr(health, "lag", lambda *args: thawed.wait(60) and lag(*args))
    monkeypatch.setattr(health, "WAIT_SECONDS", 0.2)
    yield thawed
    thawed.set()


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_a_health_check_is_answered_for_any_host(client, path):
    response = client.get(path, headers={"host": "10.1.2.3:8000"})

    assert (response.status_code, response.content.splitlines()[0]) == (200, b"ok")


def test_readiness_fails_while_the_database_is_down(client, monkeypatch):
    def away(*args):
        raise OperationalError("no connection")

    monkeypatch.setattr("collector.intake.health.lag", away)

    response = client.get("/readyz")

    assert (response.status_code, response.content) == (503, b"the database can't be reached\n")


def test_readiness_fails_soon_while_the_database_is_frozen_and_uses_one_thread(client, frozen_database):
    threads = threading.active_count()
    for _ in range(3):
        began_at = time.monotonic()
        assert client.get("/readyz").content == b"the database can't be reached\n"
        assert time.monotonic() - began_at < 10
        assert client.get("/healthz").status_code == 200
    assert threading.active_count() <= threads + 1

    frozen_database.set()
    assert health.DATABASE._answer.result(20)
    assert client.get("/readyz").status_code == 200


def test_readiness_fails_soon_while_sqlite_is_locked_exclusively(client):
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL has no lock on a whole database")
    connection.close()
    path = django_settings.DATABASES["default"]["NAME"]
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode=EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        began_at = time.monotonic()
        response = client.get("/readyz")
        assert time.monotonic() - began_at < 10  # a lock is otherwise waited for for 20 s
        other.execute("ROLLBACK")

    assert (response.status_code, response.content) == (503, b"the database can't be reached\n")
    health.DATABASE._answer.exception(30)  # wait for the check's thread


@pytest.mark.parametrize("seconds", [0, 50, 70])
def test_readiness_fails_for_a_minute_after_a_hit_was_lost_by_any_process_and_says_why(client, directory, seconds):
    writer = SpoolWriter(directory)
    writer._losses = LossCounter(wall_clock=lambda: time.time() - seconds)
    writer.append(b"{}\n")
    assert client.get("/readyz").status_code == 200
    writer.count_loss(NO_SPACE)

    response = client.get("/readyz")

    expected = (503, b"hits are being lost: No space left on device\n")
    assert ((response.status_code, response.content) == expected) == (seconds < 60)
    writer.close()


def test_readiness_fails_even_if_the_file_of_losses_can_not_be_written(client, directory, monkeypatch):
    loss = Loss(int(time.time()), "Read-only file system")
    monkeypatch.setattr("collector.intake.wiring.SpoolWriter.last_loss", loss)

    response = client.get("/readyz")

    assert (response.status_code, response.content) == (503, b"hits are being lost: Read-only file system\n")


def test_readiness_fails_while_the_spool_is_at_its_maximum_size(client, directory, settings, pixel):
    writer = SpoolWriter(directory)
    line = SpooledHit(token=pixel.token, at_us=time.time_ns() // 1000, page="x" * 500).to_line()
    for _ in range(100):
        writer.append(line)
    for max_bytes, status, text in [
        (len(line) * 100 + 100, 503, b"the spool is full: SPOOL_MAX_BYTES is reached\n"),
        (len(line) * 105, 503, b"the spool has reached 95% of SPOOL_MAX_BYTES: hits are lost once it is full\n"),
        (len(line) * 140, 200, b"warning: the spool is filling: more hits come in than are stored\n"),
    ]:
        settings.SPOOL_MAX_BYTES = max_bytes
        response = client.get("/readyz")
        assert response.status_code == status
        assert text in response.content
    writer.close()


def test_readiness_warns_of_a_disk_that_is_nearly_full(client, directory, monkeypatch):
    monkeypatch.setattr("collector.spool.room.LOW_DISK_BYTES", 1 << 60)

    response = client.get("/readyz")

    assert response.status_code == 200
    assert b"\nwarning: the disk of the spool is nearly full: " in response.content


def test_readiness_fails_while_the_disk_is_nearly_full_and_the_drain_stands_still(client, directory, settings, pixel):
    settings.SPOOL_MAX_BYTES = 1 << 70
    at_us = time.time_ns() // 1000 - 90_000_000
    writer = SpoolWriter(directory)
    writer.append(SpooledHit(token=pixel.token, at_us=at_us).to_line())
    for low_disk_bytes, status in [(0, 200), (1 << 60, 503)]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("collector.spool.room.LOW_DISK_BYTES", low_disk_bytes)
            response = client.get("/readyz")
        assert response.status_code == status
    assert response.content == b"hits wait in the spool, and its disk is nearly full: is the drain running?\n"
    writer.close()


def test_readiness_fails_while_the_directory_of_the_spool_is_not_writable(client, directory, monkeypatch):
    monkeypatch.setattr("os.access", lambda path, mode: path != directory.parent)

    response = client.get("/readyz")

    assert (response.status_code, response.content) == (503, b"the spool's directory is not writable\n")


@pytest.mark.parametrize("path", ["/readyz", "/metrics"])
def test_the_spool_is_measured_once_for_each_request(client, directory, settings, monkeypatch, path):
    settings.METRICS_TOKEN = "a-token-of-this-test"
    measured = []
    monkeypatch.setattr(room, "spooled_bytes", lambda spool: measured.append(spool) or 5)
    response = client.get(path, headers={"authorization": f"Bearer {settings.METRICS_TOKEN}"})
    assert response.status_code == 200
    assert measured == [directory]
