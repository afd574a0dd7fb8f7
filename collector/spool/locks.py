"""Files that one process writes and holds locked: the lock tells whether more can come, also after a `kill -9`."""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path


def locked_file(directory: Path, suffix: str, *, append: bool = False) -> int:
    """Make a file that only this process writes; return its descriptor. Raises OSError, and leaves nothing then.

    The drain takes a file without a lock for finished, so it gets its name only once it is locked.
    """
    name = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(8)}{suffix}"
    draft = directory / f"{name}.new"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | (os.O_APPEND if append else 0)
    descriptor = os.open(draft, flags, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        draft.rename(directory / name)
    except OSError:
        os.close(descriptor)
        draft.unlink(missing_ok=True)
        raise
    return descriptor


def is_finished(path: Path) -> bool:
    """Whether the process that wrote a file is gone, or has gone on to another. Raises FileNotFoundError."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


@contextmanager
def exclusive(directory: Path) -> Iterator[None]:
    """Hold the one lock that a spool's drain needs. Raise BlockingIOError where another drain holds it."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(directory / "drain.lock", os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)
