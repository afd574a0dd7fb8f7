"""The writing side of the spool: append-only segments, one JSON line a hit.

Each process appends to its own segment, and holds an exclusive `flock` on it while it may append. Nobody waits for the
lock: it tells the drain whether more lines may come, even after a `kill -9`. A line is in the kernel's page cache
before the reader gets the GIF, so that no hit is lost when a process dies.
"""

import errno
import logging
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from collector.spool.locks import locked_file
from collector.spool.losses import Loss, LossCounter
from collector.spool.reader import SUFFIX, spooled_bytes

logger = logging.getLogger(__name__)

SEGMENT_BYTES = 32 * 1024 * 1024
SEGMENT_SECONDS = 3600
DEFAULT_MAX_BYTES = 1024**3
CHECK_BYTES = 1024**2
CHECK_SECONDS = 1.0
RETRY_SECONDS = 0.25  # between two tries to start a segment, while the spool can't be written


class SpoolFullError(OSError):
    """The spool has reached its maximum size."""


class SpoolWriter:
    """Appends the hits of one process. Threads may share it; a forked child gets its own segment.

    `max_bytes` limits the whole spool, all processes together. Each process checks the size after every `CHECK_BYTES`
    that it writes, and may therefore exceed the limit by that much. With `is_durable`, callers must wait for `sync`
    before they acknowledge a hit.

    After any error the segment is given up, so that the drain can delete it, which may be what makes room. The next
    line starts another.
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
        self._path = directory
        self._losses = LossCounter()
        self._pid = 0
        self._size = self._full_size = 0
        self._opened_at = self._look_at = 0.0
        self._failure: OSError | None = None  # of the last line, if it could not be written
        self._retry_at = 0.0
        self._room = 0
        self._check_due_at = 0.0
        self._appended = self._synced = self._abandoned = 0  # each: how many lines, counted from the first

    def append(self, line: bytes) -> None:
        """Write one line with its newline, or the lines of one request, which count as one.

        Raise OSError if they can't be written whole; then nothing of them is a hit. The drain may have read some of the
        lines meanwhile: reports count once, however often they are sent.
        """
        with self._lock:
            now = self._clock()
            if self._failure and now < self._retry_at:
                raise OSError(self._failure.errno, self._failure.strerror)
            if self._room < len(line):
                self._check_room(len(line))
            try:
                if self._descriptor < 0 or self._pid != os.getpid():
                    self._open(now)
                elif now >= self._look_at or self._size >= self._full_size:
                    self._look_at_segment(now)
                written = os.write(self._descriptor, line)
                while written < len(line):
                    written += os.write(self._descriptor, line[written:])
            except OSError as error:
                self._give_up(error, now)
                raise
            self._size += written
            self._room -= written
            self._appended += 1
            self._failure = None

    @property
    def lines_to_sync(self) -> int:
        """The number of lines appended so far, to pass to `sync`; 0 if all of them are on the disk."""
        return self._appended if self._appended > self._synced else 0

    def sync(self, lines: int) -> None:
        """Wait until the first `lines` appended lines are on the disk. One `fsync` serves all waiting threads.

        Raises OSError if they may not be on the disk, at every later call too. The system reports a failed write only
        once and then reports success (fsync(2), EIO). The segment is therefore abandoned, and the next line starts
        another.
        """
        with self._sync_lock:
            if lines <= self._abandoned:
                raise OSError(errno.EIO, "its segment could not be synced")
            if lines <= self._synced:
                return
            with self._lock:
                covered = self._appended
                descriptor = os.dup(self._descriptor) if self._descriptor >= 0 else -1
            if descriptor >= 0:  # a closed segment was synced at its close
                try:
                    os.fsync(descriptor)
                except OSError:
                    with self._lock:
                        self._abandon_segment()
                    raise
                finally:
                    os.close(descriptor)
            with self._lock:  # the system's only report of the failure may have gone to a rotation meanwhile
                if lines <= self._abandoned:
                    raise OSError(errno.EIO, "its segment could not be synced")
                self._synced = covered

    def count_loss(self, error: OSError, hits: int = 1) -> None:
        """Count a hit that could not be appended, for the drain, and log the number from time to time.

        `hits` is 0 for reports of programs: their senders keep them, but the operator must still know.
        """
        with self._lock:
            self._losses.add(error, self._clock(), hits)

    @property
    def last_loss(self) -> Loss | None:
        """The last hit that this process could not spool, if there was one."""
        return self._losses.last

    def close(self) -> None:
        """End the segment, so that the drain can finish it. The next append starts another."""
        with self._lock:
            if self._pid == os.getpid():
                self._close()

    def _check_room(self, needed: int) -> None:
        """Update how much may be written. Raise SpoolFullError if `needed` bytes don't fit."""
        now = self._clock()
        if now >= self._check_due_at:
            self._room = min(self._max_bytes - spooled_bytes(self._directory), max(CHECK_BYTES, needed))
            self._check_due_at = now + CHECK_SECONDS if self._room < needed else 0.0
        if self._room < needed:
            self._close()  # so that the drain can delete the segment: only that makes room
            raise SpoolFullError(errno.ENOSPC, "SPOOL_MAX_BYTES is reached")

    def _open(self, now: float) -> None:
        if self._descriptor >= 0:  # inherited from the parent by a fork, with its lock
            os.close(self._descriptor)
            self._descriptor = -1
        self._use(*self._new_segment(), now)

    def _new_segment(self) -> tuple[Path, int]:
        """Create a segment; return its path and descriptor. If it raises OSError, no file stays behind."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        path, descriptor = locked_file(self._directory, SUFFIX, append=True)
        try:
            if self.is_durable:
                sync_directory(self._directory)
        except OSError:
            _remove(path, descriptor)
            raise
        return path, descriptor

    def _use(self, path: Path, descriptor: int, now: float) -> None:
        self._path, self._descriptor, self._pid = path, descriptor, os.getpid()
        self._size, self._full_size, self._opened_at = 0, self._segment_bytes, now
        self._look_at = now + min(CHECK_SECONDS, self._segment_seconds)
        self._losses.begin(self._directory)

    def _look_at_segment(self, now: float) -> None:
        """Start another segment if this one is large or old enough, or if somebody has deleted it."""
        self._look_at = now + CHECK_SECONDS
        if self._size >= self._full_size or now - self._opened_at >= self._segment_seconds:
            self._rotate(now)
        elif os.fstat(self._descriptor).st_nlink == 0:
            logger.error("Somebody deleted %s. Hits that were not stored yet are lost.", self._path)
            self._close()
            self._open(now)

    def _rotate(self, now: float) -> None:
        """Start another segment. If that fails, as with too many open files, go on with this one for now."""
        if self.is_durable:
            self._sync_segment()
        finished = self._descriptor
        try:
            path, descriptor = self._new_segment()
        except OSError as error:
            logger.warning("Can't start another segment (%s).", error.strerror)
            self._full_size = self._size + CHECK_BYTES
            return
        self._use(path, descriptor, now)
        os.close(finished)

    def _give_up(self, error: OSError, now: float) -> None:
        """End the segment after an error. Try another one with the next line, and after that from time to time."""
        self._retry_at = now + RETRY_SECONDS if self._failure else now
        self._failure = error
        if self._descriptor < 0 or self._pid != os.getpid():
            return
        if not self._size:  # the drain need not see it
            _remove(self._path, self._descriptor)
            self._descriptor = -1
            return
        with suppress(OSError):  # if half a line stays, the drain sets it aside
            os.ftruncate(self._descriptor, self._size)
        with suppress(OSError):
            self._close()

    def _close(self) -> None:
        if self._descriptor < 0:
            return
        if self.is_durable:
            self._sync_segment()
        os.close(self._descriptor)
        self._descriptor = -1

    def _sync_segment(self) -> None:
        try:
            os.fsync(self._descriptor)
        except OSError:
            self._abandon_segment()
            raise

    def _abandon_segment(self) -> None:
        """End a segment that could not be synced. Its lines may be stored, but they are never acknowledged."""
        self._abandoned = self._appended
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def _remove(path: Path, descriptor: int) -> None:
    with suppress(OSError):
        path.unlink()
    with suppress(OSError):
        os.close(descriptor)


def sync_directory(directory: Path) -> None:
    """Have the names in a directory survive a power cut."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
