"""SQLite's write-ahead log: until it is written over, it has the pages from before a deletion."""

from django.db import connection

WAIT_MS = 200


def truncate_log() -> None:
    """Move the log into the database, and make it empty, unless somebody reads from it for long. SQLite only.

    Not within a transaction, in which that is impossible. https://www.sqlite.org/pragma.html#pragma_wal_checkpoint
    """
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        return
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout")
        [usual_ms] = cursor.fetchone()
        cursor.execute(f"PRAGMA busy_timeout = {WAIT_MS}")
        try:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            cursor.execute(f"PRAGMA busy_timeout = {usual_ms}")
