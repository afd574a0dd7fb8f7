"""Read the files of a spool although the drain deletes them meanwhile."""

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from collector.intake.connections import raise_file_limit
from collector.operations.archive import BLOCK_BYTES
from collector.operations.errors import OperationError
from collector.spool.losses import loss_files
from collector.spool.reader import SUFFIX, segments
from collector.storage.set_aside import SET_ASIDE_FILE

_FILLING = bytes(BLOCK_BYTES)


@contextmanager
def held_files(directory: Path) -> Iterator[dict[str, BinaryIO]]:
    """Open all files of a spool, by name. They stay readable until the block ends, although others delete them.

    Those that hold keys or only locks, such as the standby file, are left out.
    """
    raise_file_limit()
    with ExitStack() as stack:
        files: dict[str, BinaryIO] = {}
        try:
            for path in (*segments(directory), *loss_files(directory), directory / SET_ASIDE_FILE):
                with suppress(FileNotFoundError):  # was stored and deleted meanwhile
                    files[path.name] = stack.enter_context(path.open("rb"))
        except OSError as error:
            raise OperationError(
                f"Can't read the spool ({error.strerror}). Run the command as the user that Footfall runs as, "
                "and allow that user more open files (ulimit -n)."
            ) from error
        yield files


def waiting_range(name: str, file: BinaryIO, stored: Mapping[str, int]) -> tuple[int, int]:
    """Return from where to where the content of a file has not been stored yet, in bytes.

    `stored` has the offsets up to which segments are stored. Of a segment that grows, the last line may be half
    written: it is left out.
    """
    grows = _grows(file)  # checked first: a line that is written meanwhile must not count as torn
    size = os.fstat(file.fileno()).st_size
    if not name.endswith(SUFFIX):
        return 0, size
    offset = stored.get(name, 0)
    if size > offset and grows:
        size = max(offset, _end_of_last_line(file, size))
    return offset, size


def copy_range(file: BinaryIO, start: int, end: int, out: BinaryIO) -> None:
    """Copy a file up to `end`, with zeros for what is before `start`.

    The ids of hits are made from their place in the segment, so the place must stay. What is stored has been judged by
    then, and the database keeps less of it than the spool does: it does not belong in a backup twice.
    """
    for at in range(0, start, BLOCK_BYTES):
        out.write(_FILLING[: min(BLOCK_BYTES, start - at)])
    file.seek(start)
    while start < end and (block := file.read(min(BLOCK_BYTES, end - start))):
        out.write(block)
        start += len(block)


def _grows(file: BinaryIO) -> bool:
    """Whether a process may still append to a file."""
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    fcntl.flock(file, fcntl.LOCK_UN)
    return False


def _end_of_last_line(file: BinaryIO, size: int) -> int:
    """Return the byte after the last newline before `size`, or 0."""
    while size > 0:
        start = max(0, size - BLOCK_BYTES)
        file.seek(start)
        newline = file.read(size - start).rfind(b"\n")
        if newline >= 0:
            return start + newline + 1
        size = start
    return 0
