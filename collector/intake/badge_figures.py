"""A process's memory of the numbers on badges, so that most requests need no query: a README's readers all load it.

A thread of its own queries, with a connection of its own, which it closes when nobody asks: numbers may take long to
add up on a slow disk, and pixels must not wait behind them. One query runs at a time, however many badges are loaded.
"""

import logging
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import NamedTuple

from django.db import DatabaseError, InterfaceError, connection
from django.utils import timezone

from collector.badges.figures import Figures, figures_of
from collector.intake.brief import brief_statements
from collector.metrics.names import Count
from collector.metrics.tally import TALLY

logger = logging.getLogger(__name__)

FRESH_SECONDS = 60.0  # then they are read again when somebody loads the badge
USABLE_SECONDS = 120.0  # until then a badge shows them meanwhile; later, it waits for new ones
IDLE_SECONDS = 60.0  # without a question, until the connection is closed
RETRY_SECONDS = 2.0  # after a failure
HANGS_SECONDS = 1.0  # that a query takes until badges no longer wait for it
MAX_FIGURES = 10_000
MAX_QUESTIONS = 2_000  # that wait at the same time


class Key(NamedTuple):
    """Whose figures, and over which range of days."""

    token: str
    range: str


class _Remembered(NamedTuple):
    figures: Figures | None
    read_at: float


class BadgeFigures:
    """A bounded memory of figures. `clock` returns monotonic seconds.

    `query` returns the figures of a token over a range; None if it is not live.
    """

    def __init__(
        self,
        query: Callable[[str, str], Figures | None] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._query = query or _query
        self._clock = clock
        self._remembered: dict[Key, _Remembered] = {}
        self._questions: dict[Key, Future[None]] = {}
        self._retry_at = 0.0
        self._query_began_at: float | None = None
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None
        self._pid = 0
        self._is_closed = False

    def last(self, key: Key) -> Figures | None:
        """Return the figures that were read last, however long ago; None if there are none."""
        remembered = self._remembered.get(key)
        return remembered.figures if remembered else None

    def is_usable(self, key: Key) -> bool:
        """Whether a badge can be drawn now: with figures, or without any because the database does not answer.

        Has figures read again that are no longer fresh.
        """
        remembered = self._remembered.get(key)
        age = self._clock() - remembered.read_at if remembered else USABLE_SECONDS
        if age < FRESH_SECONDS:
            return True
        if self._is_away():
            return True
        if age < USABLE_SECONDS:
            self.ask(key)
            return True
        return False

    def ask(self, key: Key) -> "Future[None]":
        """Have figures read. Badges of the same pixel share a question."""
        with self._wake:
            waiting = self._questions.get(key)
            if waiting:
                return waiting
            answer: Future[None] = Future()
            answer.set_running_or_notify_cancel()  # a client that goes away must not cancel it for the others
            if self._is_closed or len(self._questions) >= MAX_QUESTIONS:
                answer.set_result(None)
                return answer
            self._questions[key] = answer
            self._start_thread()
            self._wake.notify()
        return answer

    def close(self) -> None:
        """End the thread and its connection. Optional."""
        with self._wake:
            self._is_closed = True
            self._wake.notify()
        if self._thread and self._pid == os.getpid():
            self._thread.join(HANGS_SECONDS)

    def _is_away(self) -> bool:
        """Whether the database has just failed, or does not answer."""
        now = self._clock()
        began_at = self._query_began_at
        return now < self._retry_at or (began_at is not None and now - began_at >= HANGS_SECONDS)

    def _start_thread(self) -> None:
        """Start the thread unless it runs. A forked child has none of its parent's threads."""
        if self._thread is None or self._pid != os.getpid() or not self._thread.is_alive():
            self._pid = os.getpid()
            self._thread = threading.Thread(target=self._work, name="badges", daemon=True)
            self._thread.start()

    def _work(self) -> None:
        while True:
            with self._wake:
                has_woken = self._wake.wait_for(lambda: self._questions or self._is_closed, IDLE_SECONDS)
                key = next(iter(self._questions), None)
                if self._is_closed:
                    break
            if key is not None:
                self._read(key)
            elif not has_woken:
                connection.close()
        connection.close()

    def _read(self, key: Key) -> None:
        """Read one pixel's figures, and answer its question. Never raises."""
        self._query_began_at = self._clock()
        try:
            figures = self._query(*key)
        except Exception as error:
            if not isinstance(error, DatabaseError | InterfaceError):
                logger.exception("The numbers of a badge can't be read.")
            connection.close()
            TALLY.add(Count.DATABASE_ERRORS, "web")
            self._retry_at = self._clock() + RETRY_SECONDS
        else:
            self._remembered.pop(key, None)  # so that it becomes the newest
            self._remembered[key] = _Remembered(figures, self._clock())
            while len(self._remembered) > MAX_FIGURES:
                del self._remembered[next(iter(self._remembered))]
        finally:
            self._query_began_at = None
        with self._wake:
            answer = self._questions.pop(key)
        answer.set_result(None)


def _query(token: str, period: str) -> Figures | None:
    with brief_statements():
        return figures_of(token, period, timezone.now())
