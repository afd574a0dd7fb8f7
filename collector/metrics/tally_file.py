"""The file in which one process keeps its numbers, for the process that answers `/metrics` and for its own successor.

The process locks its file while it lives. A new process continues a file that nobody locks, with the numbers in it: so
no number falls when a process ends, and there are never more files than processes that ran at the same time.

The file has a fixed size and two halves, written in turn. A reader takes the newer half whose checksum is right: one
that is just being written, or was when its process was killed, is never taken. On a full disk it can still be written.
"""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from zlib import crc32

import msgspec

SLOT_BYTES = 32 * 1024  # of each half; all numbers of a process need less than a third of that
_HEAD_BYTES = 40


class Totals(msgspec.Struct):
    """The numbers of one process and of those whose file it continued.

    `counts` are by name and label. `times` are too: the seconds of all, then how many there were for each bound in
    `BOUNDS` and for more than the last. `started_at` is the last start, in seconds since the epoch.
    """

    started_at: float = 0.0
    starts: int = 0
    counts: dict[str, dict[str, float]] = {}
    times: dict[str, dict[str, list[float]]] = {}


class FoundTotals(msgspec.Struct, frozen=True):
    """The totals in a file: of which kind of process (`web` or `drain`), and whether one still writes it."""

    path: Path
    process: str
    is_running: bool
    totals: Totals


class TallyFile:
    """A locked file of numbers. Its constructor continues a finished file or creates one; it raises OSError."""

    def __init__(self, directory: Path, process: str) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.inherited = Totals()
        self._written = b""
        self._turn = 0
        for path in sorted(directory.glob(f"*.{process}")):
            descriptor = _locked(path)
            if descriptor is not None:
                self.path, self._descriptor = path, descriptor
                self._turn, self.inherited = _read(descriptor)
                return
        self.path = directory / f"{secrets.token_hex(8)}.{process}"
        self._descriptor = _created(self.path)

    @property
    def is_deleted(self) -> bool:
        """Whether somebody has deleted the file."""
        return os.fstat(self._descriptor).st_nlink == 0

    def write(self, totals: Totals) -> None:
        """Write the numbers if they changed. Raises OSError; then the former numbers stay in the file."""
        content = msgspec.json.encode(totals)
        if content == self._written:
            return
        if len(content) > SLOT_BYTES - _HEAD_BYTES:
            raise OSError(f"{len(content)} bytes of numbers are too many for {self.path.name}")
        turn = self._turn + 1
        head = f"{turn:020} {len(content):08} {crc32(content):08x}\n".encode().ljust(_HEAD_BYTES)
        os.pwrite(self._descriptor, head + content, turn % 2 * SLOT_BYTES)
        self._turn, self._written = turn, content

    def close(self) -> None:
        """Unlock the file, so that the next process continues it."""
        os.close(self._descriptor)


def found_totals(directory: Path) -> Iterator[FoundTotals]:
    """Yield the numbers in all files of a directory."""
    for path in sorted(directory.glob("*.*")):
        with suppress(OSError):
            descriptor = os.open(path, os.O_RDONLY)
            try:
                is_running = not _try_lock(descriptor, fcntl.LOCK_SH)
                yield FoundTotals(path, path.suffix[1:], is_running, _read(descriptor)[1])
            finally:
                os.close(descriptor)


def _created(path: Path) -> int:
    """Create a file whose space is taken, so that it can be written on a full disk. If that fails, no file stays."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.pwrite(descriptor, b" " * 2 * SLOT_BYTES, 0) < 2 * SLOT_BYTES:
            raise OSError("there is no room for a file of numbers")
    except OSError:
        path.unlink(missing_ok=True)
        os.close(descriptor)
        raise
    return descriptor


def _locked(path: Path) -> int | None:
    """Return the descriptor of a file that nobody else writes, locked; None if somebody does."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except OSError:
        return None
    if _try_lock(descriptor, fcntl.LOCK_EX):
        return descriptor
    os.close(descriptor)
    return None


def _try_lock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read(descriptor: int) -> tuple[int, Totals]:
    """Return the newer of the two halves that are whole, with its turn; zeros if none is."""
    content = os.pread(descriptor, 2 * SLOT_BYTES, 0)
    newest = 0, Totals()
    for start in (0, SLOT_BYTES):
        with suppress(ValueError, msgspec.ValidationError):  # of another version, being written, or not yet written
            turn, length, checksum = content[start : start + _HEAD_BYTES].split()
            body = content[start + _HEAD_BYTES : start + _HEAD_BYTES + int(length)]
            if int(turn) > newest[0] and crc32(body) == int(checksum, 16):
                newest = int(turn), msgspec.json.decode(body, type=Totals)
    return newest
