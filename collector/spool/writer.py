"""The spool: append-only segments between the web processes and the drain.

A process appends to a segment of its own, one JSON line a hit, and holds an exclusive `flock` on it for as long as it
may append. The lock is never waited for: it tells the drain whether more can come, also after a `kill -9`. A line is in
the kernel's page cache before the reader gets the GIF, so no death of a process loses it.
"""

import errno
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from collector.spool.locks import locked_file
from collector.spool.losses import LossCounter
from collector.spool.reader import SUFFIX, spooled_bytes

SEGMENT_BYTES = 32 * 1024 * 1024
SEGMENT_SECONDS = 3600
DEFAULT_MAX_BYTES = 1024**3
CHECK_BYTES = 1024**2
CHECK_SECONDS = 1.0


class SpoolFullError(OSError):
    """The spool holds as much as it may."""


class SpoolWriter:
    """Appends the hits of one process. Threads may share it; a forked child gets a segment of its own.

    `max_bytes` caps the whole spool, all processes together; each looks at it again after `CHECK_BYTES` of its own, so
    that much a process may go past it. `is_durable` says that callers wait for `sync` before they acknowledge.
    """

    def __init__(
        self,
        directory: Path,
        *,
        max_bytes: int = DEFAULT_MAX_BYTES,
        is_durable: bool = False,
        segment_bytes: int = SEGMENT_BYTES,
        segment_seconds: float = SEGMENT_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.is_durable = is_durable
        self._directory = directory
        self._max_bytes = max_bytes
        self._segment_bytes = segment_bytes
        self._segment_seconds = segment_seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._sync_lock = threading.Lock()
        self._descriptor = -1
        self._losses = LossCounter()
        self._pid = 0
        self._size = 0
        self._opened_at = 0.0
        self._room = 0
        self._check_due_at = 0.0
        self._appended = self._synced = self._abandoned = 0  # lines so far

    def append(self, line: bytes) -> None:
        """Write one line, newline included. Raise OSError where it can't be written whole; then none of it stays."""
        with self._lock:
            if self._room < len(line):
                self._check_room(len(line))
            if self._descriptor < 0 or self._pid != os.getpid():
                self._open()
            elif self._size >= self._segment_bytes or self._clock() - self._opened_at >= self._segment_seconds:
                self._close()
                self._open()
            written = 0
            try:
                while written < len(line):
                    written += os.write(self._descriptor, line[written:] if written else line)
            except OSError:
                if written:
                    os.ftruncate(self._descriptor, self._size)
                raise
            self._size += written
            self._room -= written
            self._appended += 1

    @property
    def lines_to_sync(self) -> int:
        """How many lines were appended so far, for `sync` to wait for; 0 where all of them are on the disk."""
        return self._appended if self._appended > self._synced else 0

    def sync(self, lines: int) -> None:
        """Wait until the first `lines` appended are on the disk. One `fsync` serves all who wait.

        Raises OSError where that can't be said of them, and goes on saying so: the system reports that it could not
        write a file once, and then calls it well (fsync(2), EIO). So the segment is given up, and another begun.
        """
        with self._sync_lock:
            if lines <= self._abandoned:
                raise OSError(errno.EIO, "its segment could not be synced")
            if lines <= self._synced:
                return
            with self._lock:
                covered = self._appended
                descriptor = os.dup(self._descriptor) if self._descriptor >= 0 else -1
            if descriptor >= 0:  # a closed segment was synced when it was closed
                try:
                    os.fsync(descriptor)
                except OSError:
                    with self._lock:
                        self._abandon_segment()
                    raise
                finally:
                    os.close(descriptor)
            with self._lock:  # a rotation that failed meanwhile may have been told of our file's failure
                if lines <= self._abandoned:
                    raise OSError(errno.EIO, "its segment could not be synced")
                self._synced = covered

    def count_loss(self, error: OSError) -> None:
        """Count a hit that could not be appended: where the drain finds it, and now and then in the log."""
        with self._lock:
            self._losses.add(error, self._clock())

    def close(self) -> None:
        """End the segment; the drain can finish it. The next append begins another."""
        with self._lock:
            if self._pid == os.getpid():
                self._close()

    def _check_room(self, needed: int) -> None:
        """See how much more may be written. Raise SpoolFullError where that is not enough; ask again in a moment."""
        now = self._clock()
        if now >= self._check_due_at:
            self._room = min(self._max_bytes - spooled_bytes(self._directory), max(CHECK_BYTES, needed))
            self._check_due_at = now + CHECK_SECONDS if self._room < needed else 0.0
        if self._room < needed:
            self._close()  # so that the drain can delete it: nobody else makes room
            raise SpoolFullError(errno.ENOSPC, "SPOOL_MAX_BYTES is reached")

    def _open(self) -> None:
        if self._descriptor >= 0:  # the parent's; a fork took it along, and its lock with it
            os.close(self._descriptor)
            self._descriptor = -1
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._descriptor = locked_file(self._directory, SUFFIX, append=True)
        if self.is_durable:
            _sync_directory(self._directory)
        self._losses.begin(self._directory)
        self._pid = os.getpid()
        self._size = 0
        self._opened_at = self._clock()

    def _close(self) -> None:
        if self._descriptor < 0:
            return
        if self.is_durable:
            try:
                os.fsync(self._descriptor)
            except OSError:
                self._abandon_segment()
                raise
        os.close(self._descriptor)
        self._descriptor = -1

    def _abandon_segment(self) -> None:
        """End a segment that the disk did not take. The drain may still find its lines; nobody is told that it will."""
        self._abandoned = self._appended
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
