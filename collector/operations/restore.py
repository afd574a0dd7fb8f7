"""Restore a backup into an installation that has no data yet.

Nothing is touched before the whole file has been read and all checksums were right. The database comes last, in one
step: SQLite's file gets its name, PostgreSQL commits. After an error, everything is as it was. After a `kill -9`, there
may be segments in the spool and no database: the same command then goes on.

While it works, it holds the lock of the spool's drain.
"""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from collector.operations.archive import BLOCK_BYTES, SECRET_KEY, Archive, Manifest, opened
from collector.operations.backup import stored_key
from collector.operations.errors import OperationError
from collector.operations.postgresql import check_program, load, server_version
from collector.operations.progress import Progress
from collector.operations.snapshots import POSTGRESQL_MEMBER, SQLITE_MEMBER, tables_of_sqlite
from collector.operations.whole_file import whole_file
from collector.spool.locks import exclusive, is_finished
from collector.spool.losses import loss_files
from collector.spool.reader import segments
from collector.spool.writer import sync_directory

DATABASES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
OTHER_URL = {"sqlite": "sqlite:///path", "postgresql": "postgres://user:password@host/name"}


def restore(path: Path, progress: Progress, *, keeps_spool: bool = False) -> Manifest:
    """Restore a backup, and bring the database up to date. With `keeps_spool`, keep what waits in the spool, too.

    Raises OperationError if that can't be done, DatabaseError if the database is away.
    """
    progress.step(f"Checking {path} …")
    with opened(path, progress.advance) as archive, _quiet_spool(settings.SPOOL_DIR):
        _check_backup(archive.manifest)
        _check_spool(archive, keeps_spool=keeps_spool)
        _check_database()
        try:
            with ExitStack() as undo:
                progress.step(f"Restoring the spool ({len(archive.spool_files)} files) …")
                _restore_spool(archive, settings.SPOOL_DIR, undo)
                _restore_key(archive, undo)
                progress.step("Restoring the database …")
                _restore_database(archive, progress)
                undo.pop_all()
        except OSError as error:
            raise OperationError(
                f"Can't restore to {settings.DATA_DIR} ({error.strerror}). Everything is as it was. Use a disk with "
                "room, and run the command as the user that Footfall runs as."
            ) from error
        progress.step("Bringing the database up to date …")
        call_command("migrate", interactive=False, verbosity=0)
    return archive.manifest


@contextmanager
def _quiet_spool(directory: Path) -> Iterator[None]:
    """Hold the drain's lock of a spool. Raises OperationError if a drain or a web process works on it."""
    running = f"Footfall is running on {directory}. Stop it first: web server, drain and timers."
    try:
        with exclusive(directory):
            for path in (*segments(directory), *loss_files(directory)):
                with suppress(FileNotFoundError):
                    if not is_finished(path):
                        raise OperationError(running)
            yield
    except BlockingIOError:
        raise OperationError(running) from None


def _check_backup(manifest: Manifest) -> None:
    """Raise OperationError if this Footfall can't use the backup with this database."""
    if manifest.database != connection.vendor:
        kind = DATABASES.get(manifest.database, manifest.database)
        raise OperationError(
            f"The backup is of {kind}, and DATABASE_URL is not. Restore it with DATABASE_URL="
            f"{OTHER_URL.get(manifest.database, '…')}: Footfall does not convert databases."
        )
    newer = sorted(manifest.migrations.items() - MigrationLoader(None).disk_migrations.keys())
    if newer:
        raise OperationError(
            f"The backup is of a newer version of Footfall ({manifest.version}): its migration {'.'.join(newer[0])} is "
            "not known here. Upgrade Footfall first."
        )
    if connection.vendor == "postgresql":
        check_program("pg_restore")
        if server_version() < int(manifest.database_version):
            raise OperationError(
                f"The backup is of PostgreSQL {manifest.database_version}, and the server is of version "
                f"{server_version()}. Restore it to version {manifest.database_version} or later."
            )


def _check_database() -> None:
    """Raise OperationError if the database has tables."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            tables = connection.introspection.table_names(cursor)
        advice = "Create an empty database, and name it in DATABASE_URL."
    else:
        tables = _tables_of(_sqlite_path())
        advice = f"Stop Footfall and move {settings.DATA_DIR} away, or use another DATA_DIR."
    if tables:
        raise OperationError(f"The database has data already. A backup is never restored over it. {advice}")


def _sqlite_path() -> Path:
    return Path(connection.settings_dict["NAME"]).absolute()


def _tables_of(path: Path) -> list[str]:
    """Return the tables of an SQLite database, none if there is no such file."""
    if not path.exists():
        return []
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True)) as database:
            return tables_of_sqlite(database)
    except sqlite3.Error as error:
        raise OperationError(f"Can't open {path} ({error}). Correct DATABASE_URL, or move the file away.") from error


def _check_spool(archive: Archive, *, keeps_spool: bool) -> None:
    """Raise OperationError if the spool has segments that are not in the backup."""
    others = [path.name for path in segments(settings.SPOOL_DIR) if path.name not in archive.spool_files]
    if others and not keeps_spool:
        raise OperationError(
            f"{settings.SPOOL_DIR} has hits that are not in the backup, such as {others[0]}. If they are of the server "
            "that the backup is of, add --keep-spool: they are stored too. If not, move the directory away."
        )


def _restore_spool(archive: Archive, spool: Path, undo: ExitStack) -> None:
    """Put the files of the backup into the spool. One that is there already is kept, unless it is shorter.

    Its name has a random number, so it is the same file, of the same server or of a restore that was killed.
    """
    for name, member in archive.spool_files.items():
        if Path(name).name != name or name.startswith("."):
            raise OperationError(f"The backup has a file {name!r}, which Footfall does not write. Use another backup.")
        path = spool / name
        draft = spool / f"{name}.new"
        try:
            with archive.open(member) as content, draft.open("wb") as file:
                shutil.copyfileobj(content, file, BLOCK_BYTES)
                file.flush()
                os.fsync(file.fileno())
            if path.exists() and path.stat().st_size >= draft.stat().st_size:
                continue
            if not path.exists():
                undo.callback(path.unlink, missing_ok=True)
            draft.rename(path)
        finally:
            draft.unlink(missing_ok=True)
    sync_directory(spool)


def _restore_key(archive: Archive, undo: ExitStack) -> None:
    """Put the secret key in its place, unless the setting SECRET_KEY says another."""
    former = stored_key()
    if former is None or SECRET_KEY not in archive.manifest.members:
        return
    path: Path = settings.DATA_DIR / SECRET_KEY
    with archive.open(SECRET_KEY) as content, whole_file(path) as draft:
        draft.file.write(content.read())
    undo.callback(path.write_bytes, former)


def _restore_database(archive: Archive, progress: Progress) -> None:
    if connection.vendor == "postgresql":
        with archive.open(POSTGRESQL_MEMBER) as content:
            load(content)
        return
    path = _sqlite_path()
    with whole_file(path) as draft:
        with archive.open(SQLITE_MEMBER) as content:
            while block := content.read(BLOCK_BYTES):
                draft.file.write(block)
                progress.advance(len(block))
        if _tables_of(path):
            raise OperationError("Somebody created the database meanwhile. Stop Footfall, and move its data away.")
        connection.close()
        for leftover in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):  # of a database without tables
            leftover.unlink(missing_ok=True)
