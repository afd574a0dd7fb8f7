"""Write a file as a whole or not at all."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple

from collector.operations.errors import OperationError
from collector.spool.writer import sync_directory


class Draft(NamedTuple):
    """A file while it is written, and the directory it is in, which goes away with what else is put there."""

    file: BinaryIO
    directory: Path


@contextmanager
def whole_file(path: Path) -> Iterator[Draft]:
    """Yield a draft that takes the name `path` once the block ends without an error, and is on the disk then.

    The draft is in a directory beside `path`, because only there it can be renamed. A process that was killed leaves
    this directory behind; the next one for the same path removes it. Raises OperationError if another process writes
    there now, OSError if the disk does not take it.
    """
    directory = path.with_name(f".{path.name}.draft")
    directory.mkdir(mode=0o700, exist_ok=True)
    lock = os.open(directory, os.O_RDONLY)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OperationError(f"Another process is writing {path}. Wait for it, or use another name.") from None
        try:
            _empty(directory)
            descriptor = os.open(directory / "file", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with open(descriptor, "wb") as file:
                yield Draft(file, directory)
                file.flush()
                os.fsync(file.fileno())
            (directory / "file").rename(path)
            sync_directory(path.parent)
        finally:
            shutil.rmtree(directory, ignore_errors=True)
    finally:
        os.close(lock)


def _empty(directory: Path) -> None:
    """Remove what a killed process left."""
    for left in directory.iterdir():
        with suppress(FileNotFoundError):
            left.unlink()
