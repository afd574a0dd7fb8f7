"""Files that one process writes and locks. The lock tells readers whether more may come, even after a `kill -9`."""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

DRAIN_LOCK = "drain.lock"  # in the spool: its drain holds it


def locked_file(directory: Path, suffix: str, *, append: bool = False) -> tuple[Path, int]:
    """Create a file that only this process writes; return its path and descriptor.

    If it raises OSError, no file stays behind.

    The drain considers a file without a lock finished. The file therefore gets its name only after it is locked.
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
    return directory / name, descriptor


def began_on(path: Path) -> date | None:
    """Return the UTC day on which a file was created, by its name; None for a name that is not ours."""
    try:
        return datetime.strptime(path.name[:8], "%Y%m%d").replace(tzinfo=UTC).date()
    except ValueError:
        return None


def is_finished(path: Path) -> bool:
    """Whether nobody will write to a file any more: its process ended or uses another. Raises FileNotFoundError."""
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
    """Hold the lock of a spool's only drain. Raise BlockingIOError if another drain holds it."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(directory / DRAIN_LOCK, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)
