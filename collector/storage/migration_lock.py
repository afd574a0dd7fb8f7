"""Lets one process at a time prepare a database that several collectors share, and drains wait until it is done.

A migration may write stored counts or hits once more. On PostgreSQL, it could miss what a drain stores meanwhile. On
SQLite, a migration is one transaction, and others can't write.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.db import DatabaseError, InterfaceError, OperationalError, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

LOCK = 0x466F6F7466616C6C  # an advisory lock of PostgreSQL, in each database by itself: "Footfall"
WAIT_MILLISECONDS = 2_000
POLL_SECONDS = 0.2
LOCK_NOT_AVAILABLE = "55P03"  # PostgreSQL's manual, Appendix A


class BeingMigratedError(DatabaseError):
    """The database is being migrated, or prepared by a collector that starts."""


@contextmanager
def one_at_a_time(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Hold the lock on a PostgreSQL database. On SQLite there is one machine, and one transaction at a time.

    The lock ends with its process. Drains that store a batch meanwhile are waited for; they begin no other.
    """
    if connection.vendor != "postgresql":
        yield
        return
    while not _locked(connection):
        time.sleep(POLL_SECONDS)
    try:
        yield
    finally:
        _unlock(connection, "SELECT pg_advisory_unlock(%s)")


@contextmanager
def no_migration(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Keep migrations away during the block. Raises BeingMigratedError if there is one. Two queries on PostgreSQL."""
    if connection.vendor != "postgresql":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock_shared(%s)", [LOCK])
        [is_locked] = cursor.fetchone()
    if not is_locked:
        raise BeingMigratedError("The database is being migrated, or another collector is preparing it.")
    try:
        yield
    finally:
        _unlock(connection, "SELECT pg_advisory_unlock_shared(%s)")


def _locked(connection: BaseDatabaseWrapper) -> bool:
    """Wait for the lock, so that no drain takes it again before us, but not for long.

    A statement that waits holds up CREATE INDEX CONCURRENTLY, which the migration of another process may run.
    """
    try:
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [f"{WAIT_MILLISECONDS}ms"])
            cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", None) != LOCK_NOT_AVAILABLE:
            raise
        return False
    return True


def _unlock(connection: BaseDatabaseWrapper, sql: str) -> None:
    with suppress(DatabaseError, InterfaceError), connection.cursor() as cursor:  # or it is gone, and the lock with it
        cursor.execute(sql, [LOCK])
