"""What a process remembers of the database, so that the warm path asks it nothing: live tokens and the day's salt.

While the database is away nothing is forgotten and nothing is decided: hits of unknown tokens are spooled, and the
drain decides later.
"""

import threading
import time
from collections.abc import Callable

from django.db import DatabaseError, InterfaceError, connection

from collector.models import Pixel
from collector.visitors import salt_of

TOKEN_SECONDS = 30.0  # a retired pixel stops within a minute
RETRY_SECONDS = 2.0  # how long a failed database is left alone
MAX_TOKENS = 10_000
MAX_SALTS = 2


class Lookups:
    """A bounded memory of live tokens and salts. `clock` gives monotonic seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._live_until: dict[str, float] = {}
        self._salts: dict[int, bytes] = {}
        self._away_until = 0.0
        self._lock = threading.Lock()  # for threads of a WSGI host; the ASGI path has one that asks

    def is_warm(self, token: str, day: int) -> bool:
        """Whether `load` would have nothing to ask, or should leave the database alone for a moment."""
        now = self._clock()
        if self._live_until.get(token, 0.0) > now and day in self._salts:
            return True
        return now < self._away_until

    def load(self, token: str, day: int) -> bool:
        """Ask the database for what is missing and return whether the token may count. Blocks; two queries at most.

        A new pixel counts at once: that a token is unknown is not remembered.
        """
        if not self.is_warm(token, day):
            with self._lock:
                self._load(token, day)
        return self.may_count(token)

    def _load(self, token: str, day: int) -> None:
        for retry_follows in (True, False):
            try:
                self._ask(token, day)
                return
            except (DatabaseError, InterfaceError):
                connection.close()  # it may only have gone stale: once more on a new one
                if not retry_follows:
                    self._away_until = self._clock() + RETRY_SECONDS

    def may_count(self, token: str) -> bool:
        """Whether the token is live, as far as is known; while the database is away every token may be."""
        return token in self._live_until or self._clock() < self._away_until

    def salt(self, day: int) -> bytes | None:
        return self._salts.get(day)

    def _ask(self, token: str, day: int) -> None:
        now = self._clock()
        if self._live_until.get(token, 0.0) <= now:
            if Pixel.objects.live().filter(token=token).exists():
                self._live_until.pop(token, None)
                self._live_until[token] = now + TOKEN_SECONDS
                if len(self._live_until) > MAX_TOKENS:
                    del self._live_until[next(iter(self._live_until))]
            else:
                self._live_until.pop(token, None)
        if day not in self._salts:
            self._salts[day] = salt_of(day)
            if len(self._salts) > MAX_SALTS:
                del self._salts[min(self._salts)]
