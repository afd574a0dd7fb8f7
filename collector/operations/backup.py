"""Write a backup of the database and of what waits in the spool, while web processes and the drain go on.

It holds each hit once that was acknowledged before it began. Three steps, in this order, see to that:

1. Open all files of the spool, and keep them open. Each hit that was acknowledged before is now in an open segment, or
   its segment was deleted. The drain deletes a segment only after it has committed the offset of its end; such hits
   are in the database by now.
2. Take a snapshot of the database. In it, offsets and hits are of one commit: of each segment, what is before its
   offset is in the snapshot, and nothing of what is after it.
3. Copy from each open segment what is after its offset in the snapshot. The drain may have stored that since, and
   deleted the segment. But segments only grow, and an open file stays readable.

With steps 1 and 2 in the other order, hits that the drain stores and deletes between them would be in neither. With
steps 2 and 3 in the other order, an offset could be beyond the end of the copy: the drain that reads it after a restore
would never find its end, and never delete it.

After a restore, the drain reads on from the offsets. A copy has each line at its place in the segment, so that its hit
gets the id that it would have got here. Hits that arrive during the backup may be in it or not, but never twice.
"""

import tomllib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.db import connection
from django.utils import timezone

from collector.operations.archive import COMPRESSED, FORMAT, SECRET_KEY, SPOOL, ArchiveWriter, Manifest, is_backup
from collector.operations.errors import OperationError
from collector.operations.held_spool import copy_range, held_files, waiting_range
from collector.operations.last_backup import note_backup
from collector.operations.postgresql import check_program
from collector.operations.progress import Progress
from collector.operations.snapshots import snapshot
from collector.operations.whole_file import whole_file
from collector.spool.reader import SUFFIX


def back_up(path: Path, progress: Progress) -> Manifest:
    """Write a backup to a file that is there as a whole at the end, mode 0600, or not at all.

    Raises OperationError if it can't be written, DatabaseError if the database is away. A backup that is there already
    is replaced; anything else is not.
    """
    _check_place(path)
    if connection.vendor == "postgresql":
        check_program("pg_dump")
    try:
        with whole_file(path.resolve()) as draft:
            manifest = _write(draft.file, draft.directory, progress)
    except OSError as error:
        raise OperationError(
            f"Can't write {path} ({error.strerror}). Nothing is left of it. Use a directory that this user may write "
            "to, on a disk with room."
        ) from error
    with suppress(OSError):  # the backup is written, which matters more
        note_backup(path.resolve(), manifest.at)
    return manifest


def _write(file: BinaryIO, directory: Path, progress: Progress) -> Manifest:
    at = timezone.now()
    with held_files(settings.SPOOL_DIR) as files:
        progress.step("Reading the database …")
        with snapshot(directory, progress) as taken:
            archive = ArchiveWriter(file, progress.advance)
            progress.step(f"Copying the spool ({len(files)} files) …")
            waiting = _copy_spool(archive, files, taken.contents.offsets)
            if (key := stored_key()) is not None:
                with archive.member(SECRET_KEY) as out:
                    out.write(key)
            progress.step("Writing the database …")
            with archive.member(taken.member) as out:
                taken.write(out)
            counts = taken.contents.counts | {"waiting bytes": waiting}
            manifest = Manifest(
                FORMAT, footfall_version(), at, connection.vendor, taken.version, taken.contents.migrations, counts
            )
            archive.finish(manifest)
    return manifest


def _copy_spool(archive: ArchiveWriter, files: Mapping[str, BinaryIO], stored: Mapping[str, int]) -> int:
    """Copy what waits in the spool; return how many bytes of hits do."""
    waiting = 0
    for name, file in files.items():
        start, end = waiting_range(name, file, stored)
        if end > start:
            with archive.member(f"{SPOOL}{name}{COMPRESSED}") as out:
                copy_range(file, start, end, out)
            waiting += end - start if name.endswith(SUFFIX) else 0
    return waiting


def stored_key() -> bytes | None:
    """Return the secret key if it is the one in DATA_DIR, None if the setting SECRET_KEY says another."""
    path: Path = settings.DATA_DIR / SECRET_KEY
    key = path.read_bytes() if path.exists() else b""
    return key if key.strip() == settings.SECRET_KEY.encode() else None


def footfall_version() -> str:
    """Return the version in pyproject.toml, or an empty text without that file."""
    path: Path = settings.BASE_DIR / "pyproject.toml"
    return str(tomllib.loads(path.read_text("utf-8"))["project"]["version"]) if path.exists() else ""


def _check_place(path: Path) -> None:
    """Raise OperationError if a backup must not be written to a path."""
    if path.name == "-" or path.is_dir() or not path.name:
        raise OperationError(f"{path} is no file. Write the backup to a file, such as footfall.tar in a directory.")
    if not path.parent.is_dir():
        raise OperationError(f"There is no directory {path.parent}. Create it, or use another one.")
    try:
        if path.exists() and not (path.is_file() and (path.stat().st_size == 0 or is_backup(path))):
            raise OperationError(f"{path} exists and is not a backup. It was not replaced. Use another name.")
    except OSError as error:
        raise OperationError(f"Can't open {path} ({error.strerror}). Use another name.") from error
