"""What a process remembers of the database, so that the warm path asks it nothing: live tokens and the day's salt.

While the database is away nothing is forgotten and nothing is decided: hits of unknown tokens are spooled, and the
drain decides later.
"""

import threading
import time
from collections.abc import Callable

from django.db import DatabaseError, InterfaceError, connection

from collector.models import Pixel
from collector.visitors import DAY_MICROSECONDS, salt_of

TOKEN_SECONDS = 30.0  # a retired pixel stops within a minute
RETRY_SECONDS = 2.0  # how long a failed database is left alone
AHEAD_MICROSECONDS = 3_600_000_000  # tomorrow's salt is there an hour early, should the database be away at midnight
MAX_TOKENS = 10_000
MAX_SALTS = 2


class Lookups:
    """A bounded memory of live tokens and salts. `clock` gives monotonic seconds; `at_us` are of the wall clock."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._live_until: dict[str, float] = {}
        self._salts: dict[int, bytes] = {}
        self._away_until = 0.0
        self._lock = threading.Lock()  # for threads of a WSGI host; the ASGI path has one that asks

    def is_live(self, token: str, at_us: int) -> bool | None:
        """Return True where a hit of the token may count, as far as is remembered; None where `load` must be asked."""
        now = self._clock()
        if self._live_until.get(token, 0.0) > now and at_us // DAY_MICROSECONDS in self._salts:
            return True
        return True if now < self._away_until else None

    def load(self, token: str, at_us: int) -> bool:
        """Ask the database and return whether the token may count. Blocks; one query for a token, one for a salt.

        A new pixel counts at once: that a token is unknown is not remembered. While the database is away every token
        may count.
        """
        with self._lock:
            for retry_follows in (True, False):
                if self._clock() < self._away_until:
                    break
                try:
                    self._ask(token, at_us)
                    break
                except (DatabaseError, InterfaceError):
                    connection.close()  # it may only have gone stale: once more on a new one
                    if not retry_follows:
                        self._away_until = self._clock() + RETRY_SECONDS
        return token in self._live_until or self._clock() < self._away_until

    def salt(self, at_us: int) -> bytes | None:
        """Return the salt of a moment's day, or None where it never could be asked for."""
        return self._salts.get(at_us // DAY_MICROSECONDS)

    def _ask(self, token: str, at_us: int) -> None:
        now = self._clock()
        if self._live_until.get(token, 0.0) <= now:
            is_live = Pixel.objects.live().filter(token=token).exists()
            self._live_until.pop(token, None)
            if is_live:
                self._live_until[token] = now + TOKEN_SECONDS
                if len(self._live_until) > MAX_TOKENS:
                    del self._live_until[next(iter(self._live_until))]
        for day in (at_us // DAY_MICROSECONDS, (at_us + AHEAD_MICROSECONDS) // DAY_MICROSECONDS):
            if day not in self._salts:
                self._salts[day] = salt_of(day)
                if len(self._salts) > MAX_SALTS:
                    del self._salts[min(self._salts)]
