"""Lets one password at a time be checked in a process.

A check takes a processor for some tenths of a second. Many at once would make every page wait.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

WAIT_SECONDS = 3.0
WAITING_AT_MOST = 4


class Queue:
    """Those who wait for their turn, in this process."""

    def __init__(self, waiting_at_most: int = WAITING_AT_MOST) -> None:
        self._places = threading.BoundedSemaphore(waiting_at_most + 1)
        self._turn = threading.Lock()

    @contextmanager
    def turn(self, wait_seconds: float = WAIT_SECONDS) -> Iterator[bool]:
        """Wait for a turn, and hold it during the block. Yield False if the queue is full or doesn't move."""
        if not self._places.acquire(blocking=False):
            yield False
            return
        try:
            has_turn = self._turn.acquire(timeout=wait_seconds)
            try:
                yield has_turn
            finally:
                if has_turn:
                    self._turn.release()
        finally:
            self._places.release()


KNOWN = Queue()  # strangers can't fill it
UNKNOWN = Queue()
