"""A database as it was at one moment, while others write to it: what a backup of it holds, and its bytes."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import copyfileobj
from typing import Any, BinaryIO

from django.db import connection, transaction

from collector.models import (
    Collector,
    DailyCount,
    DailyReading,
    DailySalt,
    DailyVisitor,
    Hit,
    Mark,
    OwnVisitor,
    Pixel,
    Project,
    Report,
    SpoolOffset,
    TryCount,
    WindowSalt,
)
from collector.operations.archive import BLOCK_BYTES
from collector.operations.distribution import is_distributed
from collector.operations.errors import OperationError
from collector.operations.postgresql import dump, server_version
from collector.operations.progress import Progress

# Their rows are deleted within days, which is a promise to readers, and a backup may be kept for years. With a salt,
# somebody could find out who a visitor was. Without it, the other rows of its date mean nothing.
#
# Nor are the collectors of this moment in a backup. Each that shares a restored database says within seconds that it
# works. The one that the backup is of may be gone for good: its spool is in the backup, too.
_SHORT_LIVED = (DailySalt, DailyVisitor, DailyReading, OwnVisitor, WindowSalt, Mark, TryCount, Collector)
LEFT_OUT = [model._meta.db_table for model in _SHORT_LIVED]
COUNTED = {
    "projects": Project._meta.db_table,
    "pixels": Pixel._meta.db_table,
    "hits": Hit._meta.db_table,
    "daily counts": DailyCount._meta.db_table,
    "reports": Report._meta.db_table,
}
MIGRATIONS = "django_migrations"
SQLITE_MEMBER, POSTGRESQL_MEMBER = "database.sqlite3.gz", "database.pgdump"
STEPS_BETWEEN_REPORTS = 500_000  # of SQLite's virtual machine

Query = Callable[[str], list[tuple[Any, ...]]]  # runs an SQL statement and returns its rows


@dataclass(frozen=True, slots=True)
class Contents:
    """What a database holds. `migrations` are the newest applied ones by application, `offsets` those of segments."""

    migrations: dict[str, str]
    counts: dict[str, int]
    offsets: dict[str, int]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A database at one moment. `write` writes it into the member of a backup that is named `member`."""

    version: str
    contents: Contents
    member: str
    write: Callable[[BinaryIO], None]


def contents_of(query: Query, tables: Sequence[str]) -> Contents:
    """Read what a database holds. Raises OperationError if it is none of ours."""
    if not {MIGRATIONS, COUNTED["hits"]} <= set(tables):
        raise OperationError("The database is empty: there is nothing to back up. Run “manage.py up” first.")
    counts = {
        word: int(query(f"SELECT count(*) FROM {table}")[0][0])  # noqa: S608 - our own names
        for word, table in COUNTED.items()
        if table in tables  # a database that waits for its migrations may not have all of them
    }
    migrations: dict[str, str] = dict(query(f"SELECT app, name FROM {MIGRATIONS} ORDER BY id"))  # noqa: S608
    offsets: dict[str, int] = dict(query(f"SELECT segment, offset_bytes FROM {SpoolOffset._meta.db_table}"))  # noqa: S608
    return Contents(migrations, counts, offsets)


@contextmanager
def snapshot(directory: Path, progress: Progress) -> Iterator[Snapshot]:
    """Yield the database as it is now. `directory` is for temporary files."""
    if connection.vendor == "postgresql":
        with _postgresql_snapshot() as taken:
            yield taken
    else:
        yield sqlite_snapshot(Path(connection.settings_dict["NAME"]), directory / "database.sqlite3", progress)


def sqlite_snapshot(database: Path, copy: Path, progress: Progress) -> Snapshot:
    """Copy an SQLite database by `VACUUM INTO`: one read transaction, beside which others can write.

    The copy has no remains of deleted rows. Those that are left out are overwritten with zeros.
    """

    def report() -> int:
        progress.reach(copy.stat().st_size if copy.exists() else 0)
        return 0

    try:
        with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=rw", uri=True)) as source:
            source.set_progress_handler(report, STEPS_BETWEEN_REPORTS)
            source.execute("VACUUM INTO ?", [str(copy)])
        with closing(sqlite3.connect(copy, isolation_level=None)) as copied:
            contents = contents_of(lambda sql: copied.execute(sql).fetchall(), tables_of_sqlite(copied))
            copied.execute("PRAGMA secure_delete = ON")
            for table in set(LEFT_OUT) & set(tables_of_sqlite(copied)):
                copied.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names
    except sqlite3.Error as error:
        raise OperationError(
            f"Can't copy the database {database} to {copy.parent.parent} ({error}). Nothing was written there. Correct "
            "DATABASE_URL, or write the backup to a disk with more room than the database takes."
        ) from error

    def write(out: BinaryIO) -> None:
        with copy.open("rb") as file:
            copyfileobj(file, out, BLOCK_BYTES)

    return Snapshot(sqlite3.sqlite_version, contents, SQLITE_MEMBER, write)


def tables_of_sqlite(database: sqlite3.Connection) -> list[str]:
    return [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]


@contextmanager
def _postgresql_snapshot() -> Iterator[Snapshot]:
    """Open a transaction whose snapshot pg_dump uses too (PostgreSQL, Snapshot Synchronization Functions).

    The lock comes before the snapshot: otherwise the drain could drop a month of hits that the snapshot has.
    """
    has_hits = Hit._meta.db_table in connection.introspection.table_names()
    is_on_workers = is_distributed()
    with transaction.atomic(), connection.cursor() as cursor:

        def query(sql: str) -> list[tuple[Any, ...]]:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else []

        query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        query("SET LOCAL idle_in_transaction_session_timeout = 0")
        if has_hits:
            query(f"LOCK TABLE {Hit._meta.db_table} IN ACCESS SHARE MODE")  # takes no snapshot itself
        if is_on_workers:
            # Workers know nothing of our snapshot. So drains wait with their commit until all tables are read.
            query(f"LOCK TABLE {SpoolOffset._meta.db_table} IN SHARE MODE")
        [[snapshot_id]] = query("SELECT pg_export_snapshot()")
        contents = contents_of(query, connection.introspection.table_names(cursor))

        def write(out: BinaryIO) -> None:
            dump(out, str(snapshot_id), LEFT_OUT, is_on_workers)

        yield Snapshot(str(server_version()), contents, POSTGRESQL_MEMBER, write)
