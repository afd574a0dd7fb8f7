"""How many hits a process could not spool: counted in a file that the drain reads."""

import logging
import os
from contextlib import suppress
from pathlib import Path

from collector.spool.locks import locked_file

logger = logging.getLogger(__name__)

SUFFIX = ".losses"
LOG_SECONDS = 10.0


class LossCounter:
    """Counts the hits that a process could not spool, in a file of fixed size in the spool's directory.

    The file is created while the disk has room and overwritten in place, so that it can count on a full disk too. Like
    a segment, it stays locked while its process lives.
    """

    def __init__(self) -> None:
        self._descriptor = -1
        self._pid = 0
        self._count = 0
        self._unlogged = 0
        self._log_due_at = 0.0

    def begin(self, directory: Path) -> None:
        """Create this process's file unless it has one, and write the count so far to it."""
        if self._descriptor >= 0 and self._pid == os.getpid():
            return
        if self._descriptor >= 0:  # inherited from the parent by a fork
            os.close(self._descriptor)
            self._descriptor, self._count = -1, 0
        with suppress(OSError):
            self._descriptor = locked_file(directory, SUFFIX)
            self._pid = os.getpid()
            self._write()

    def add(self, error: OSError, now: float) -> None:
        self._count += 1
        self._unlogged += 1
        self._write()
        if now >= self._log_due_at:
            logger.error("Lost hits: %d. The spool can't be written (%s).", self._unlogged, error.strerror)
            self._unlogged = 0
            self._log_due_at = now + LOG_SECONDS

    def _write(self) -> None:
        if self._descriptor >= 0:
            with suppress(OSError):
                os.pwrite(self._descriptor, b"%020d\n" % self._count, 0)


def loss_files(directory: Path) -> list[Path]:
    """Return the files in which processes count the hits they could not spool."""
    return sorted(directory.glob(f"*{SUFFIX}"))


def losses(path: Path) -> int:
    """Return how many hits the process of a loss file could not spool."""
    try:
        return int(path.read_bytes())
    except ValueError:
        return 0
