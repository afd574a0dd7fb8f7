"""A database is migrated by one process, and nobody stores hits meanwhile."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from django.db import connection, transaction

from collector.models import Hit
from collector.storage import migration_lock
from collector.storage.migration_lock import LOCK, keep_migrations_away, one_at_a_time
from tests.hits import hit, run_one_round, spool

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgresql]


@contextmanager
def another_process(function: str) -> Iterator[psycopg.Connection]:
    """Hold the lock on a connection of its own, as another process does."""
    settings = connection.get_connection_params()
    names = ("dbname", "user", "password", "host", "port")
    with psycopg.connect(**{name: settings[name] for name in names if name in settings}, autocommit=True) as other:
        other.execute(f"SELECT {function}(%s)".encode(), [LOCK])
        yield other


def answer(other: psycopg.Connection, function: str) -> bool:
    row = other.execute(f"SELECT {function}(%s)".encode(), [LOCK]).fetchone()
    return bool(row and row[0])


def test_a_drain_waits_while_another_process_migrates(tmp_path, pixel, caplog):
    spool(tmp_path, [hit(pixel)])

    with another_process("pg_advisory_lock"):
        run_one_round(tmp_path)
        assert "The database is being migrated" in caplog.text
        assert not Hit.objects.exists()

    run_one_round(tmp_path)
    assert Hit.objects.count() == 1


def test_a_migration_waits_for_the_batches_of_drains_and_they_for_nobody(monkeypatch):
    monkeypatch.setattr(migration_lock, "WAIT_MILLISECONDS", 50)
    waits: list[float] = []

    with another_process("pg_advisory_lock_shared") as drain:

        def end_of_batch(seconds: float) -> None:
            waits.append(seconds)
            drain.execute("SELECT pg_advisory_unlock_all()")

        monkeypatch.setattr(migration_lock.time, "sleep", end_of_batch)
        with transaction.atomic():
            keep_migrations_away(connection)
            assert not answer(drain, "pg_try_advisory_lock")
        assert answer(drain, "pg_try_advisory_lock")
        assert answer(drain, "pg_advisory_unlock")
        with one_at_a_time(connection):
            assert len(waits) == 1
            assert not answer(drain, "pg_try_advisory_lock_shared")
        assert answer(drain, "pg_try_advisory_lock_shared")
