"""How many hits a process could not spool, when the last time, and why: in a file that other processes read."""

import logging
import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from collector.metrics.names import Count
from collector.metrics.tally import TALLY
from collector.spool.locks import locked_file

logger = logging.getLogger(__name__)

SUFFIX = ".losses"
LOG_SECONDS = 10.0
RECENT_SECONDS = 60
_COUNT_BYTES, _TIME_BYTES, _REASON_BYTES = 20, 12, 60


class Loss(NamedTuple):
    """A hit that could not be spooled: when, in seconds since the epoch, and the system's reason."""

    at: int
    reason: str

    def is_recent(self, now: float) -> bool:
        """Whether it is less than a minute old. Hits that get lost all the time have a recent one."""
        return abs(now - self.at) < RECENT_SECONDS


class LossCounter:
    """Counts the hits that a process could not spool, in a file of fixed size in the spool's directory.

    The file is created while the disk has room and overwritten in place, so that it can count on a full disk too. Like
    a segment, it stays locked while its process lives. `wall_clock` returns seconds since the epoch.
    """

    def __init__(self, wall_clock: Callable[[], float] = time.time) -> None:
        self.last: Loss | None = None
        self._wall_clock = wall_clock
        self._descriptor = -1
        self._pid = 0
        self._count = 0
        self._unlogged = 0
        self._log_due_at = 0.0

    def begin(self, directory: Path) -> None:
        """Create this process's file unless it has one, and write the count so far to it."""
        if self._descriptor >= 0 and self._pid == os.getpid() and os.fstat(self._descriptor).st_nlink:
            return
        if self._descriptor >= 0:  # inherited from the parent by a fork, or deleted
            os.close(self._descriptor)
            self._descriptor, self._count = -1, 0
        with suppress(OSError):
            _, self._descriptor = locked_file(directory, SUFFIX)
            self._pid = os.getpid()
            self._write()

    def add(self, error: OSError, now: float, hits: int = 1) -> None:
        """Count hits; none for what its sender keeps and sends again. `now` is in monotonic seconds."""
        self._count += hits
        TALLY.add(Count.LOST, number=hits)
        self._unlogged += hits
        self.last = Loss(int(self._wall_clock()), error.strerror or str(error))
        self._write()
        if now >= self._log_due_at:
            logger.error("Lost hits: %d. The spool can't be written (%s).", self._unlogged, error.strerror)
            self._unlogged = 0
            self._log_due_at = now + LOG_SECONDS

    def _write(self) -> None:
        if self._descriptor >= 0:
            at, reason = self.last or (0, "")
            fields = f"{self._count:0{_COUNT_BYTES}} {at:{_TIME_BYTES}} ".encode()
            with suppress(OSError):
                os.pwrite(self._descriptor, fields + reason.encode()[:_REASON_BYTES].ljust(_REASON_BYTES) + b"\n", 0)


def loss_files(directory: Path) -> list[Path]:
    """Return the files in which processes count the hits they could not spool."""
    return sorted(directory.glob(f"*{SUFFIX}"))


def losses(path: Path) -> int:
    """Return how many hits the process of a loss file could not spool."""
    try:
        return int(path.read_bytes()[:_COUNT_BYTES])
    except ValueError:
        return 0


def last_loss(path: Path) -> Loss | None:
    """Return the last hit that the process of a loss file could not spool, or None if there is none."""
    with suppress(OSError, ValueError):  # it is of another version, or was deleted meanwhile
        _, at, reason = path.read_text("utf-8", "replace").split(None, 2)
        if int(at):
            return Loss(int(at), reason.strip())
    return None
