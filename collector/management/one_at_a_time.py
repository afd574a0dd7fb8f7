"""Lets one process at a time prepare a database that several collectors share."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.db import DatabaseError, InterfaceError
from django.db.backends.base.base import BaseDatabaseWrapper

LOCK = 0x466F6F7466616C6C  # an advisory lock of PostgreSQL, in each database by itself: "Footfall"
POLL_SECONDS = 0.2


@contextmanager
def one_at_a_time(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Hold the lock on a PostgreSQL database. On SQLite there is one machine, and one transaction at a time.

    The lock ends with its process. It is polled: a statement that waits for a lock holds up CREATE INDEX CONCURRENTLY,
    which a migration may run.
    """
    if connection.vendor != "postgresql":
        yield
        return
    while not _query(connection, "SELECT pg_try_advisory_lock(%s)"):
        time.sleep(POLL_SECONDS)
    try:
        yield
    finally:
        with suppress(DatabaseError, InterfaceError):  # its connection is gone, and the lock with it
            _query(connection, "SELECT pg_advisory_unlock(%s)")


def _query(connection: BaseDatabaseWrapper, sql: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(sql, [LOCK])
        return bool(cursor.fetchone()[0])
