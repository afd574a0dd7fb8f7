"""Lets one process at a time prepare a database that several collectors share, and drains wait until it is done.

A migration may write stored counts or hits once more. On PostgreSQL, it could miss what a drain stores meanwhile. On
SQLite, a migration is one transaction, and others can't write.

The locks are those of a transaction, which a pooler of connections leaves on one connection to the server.
"""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress

from django.db import DatabaseError, InterfaceError, OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper

from collector.storage.sql_errors import is_lock_timeout

LOCK = 0x466F6F7466616C6C  # an advisory lock of PostgreSQL, in each database by itself: "Footfall"
WAIT_MILLISECONDS = 2_000
POLL_SECONDS = 0.2


class BeingMigratedError(DatabaseError):
    """The database is being migrated, or prepared by a collector that starts."""


@contextmanager
def one_at_a_time(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Hold the lock on a PostgreSQL database, on a connection of its own. On SQLite, one machine writes at a time.

    The lock ends with its process. Drains that store a batch meanwhile are waited for; they begin no other.
    """
    if connection.vendor != "postgresql":
        yield
        return
    with closing(connection.copy()) as holder:
        while not _locked(holder):
            time.sleep(POLL_SECONDS)
        try:
            yield
        finally:
            with suppress(DatabaseError, InterfaceError):  # its connection is gone, and the lock with it
                holder.rollback()


def keep_migrations_away(connection: BaseDatabaseWrapper) -> None:
    """Keep migrations away until the caller's transaction ends. Raises BeingMigratedError if one runs.

    One query on PostgreSQL.
    """
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock_shared(%s)", [LOCK])
        [is_locked] = cursor.fetchone()
    if not is_locked:
        raise BeingMigratedError("The database is being migrated, or another collector is preparing it.")


def _locked(holder: BaseDatabaseWrapper) -> bool:
    """Wait for the lock, so that no drain takes it again before us, but not for long.

    A statement that waits holds up CREATE INDEX CONCURRENTLY, which the migration of another process may run. The
    transaction that holds the lock later does not: it has no snapshot.
    """
    holder.set_autocommit(False)
    try:
        with holder.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [f"{WAIT_MILLISECONDS}ms"])
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    except OperationalError as error:
        if not is_lock_timeout(error):
            raise
        holder.rollback()
        return False
    return True
