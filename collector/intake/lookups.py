"""What a process remembers of the database, so that the warm path asks it nothing: live tokens and the day's salt.

While the database is away nothing is forgotten and nothing is decided: hits of unknown tokens are spooled, and the
drain decides later.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

from django.db import DatabaseError, InterfaceError, connection, transaction

from collector.intake.clients import Network, networks_of
from collector.intake.visitors import DAY_MICROSECONDS, salt_of
from collector.models import Pixel

TOKEN_SECONDS = 30.0  # a retired pixel stops within a minute
RETRY_SECONDS = 2.0  # how long a failed database is left alone
QUICK_SECONDS = 0.5
BRIEF_POSTGRESQL = "/* lookups.brief */ SET LOCAL statement_timeout = 2000"
BUSY_TIMEOUT = "PRAGMA busy_timeout"
AHEAD_MICROSECONDS = 3_600_000_000  # tomorrow's salt is there an hour early, should the database be away at midnight
MAX_TOKENS = 10_000
MAX_SALTS = 2


class _Live(NamedTuple):
    """Until when a token is taken to be live, and whose hits don't count."""

    until: float
    networks: tuple[Network, ...]


_NOT_LIVE = _Live(0.0, ())


class Lookups:
    """A bounded memory of live tokens and salts. `clock` gives monotonic seconds; `at_us` are of the wall clock."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._live: dict[str, _Live] = {}
        self._salts: dict[int, bytes] = {}
        self._retry_at = 0.0
        self._lock = threading.Lock()  # for threads of a WSGI host; the ASGI path has one that asks

    def is_live(self, token: str, at_us: int) -> bool | None:
        """Return True where a hit of the token may count, as far as is remembered; None where `load` must be asked."""
        now = self._clock()
        if self._live.get(token, _NOT_LIVE).until > now and at_us // DAY_MICROSECONDS in self._salts:
            return True
        return True if now < self._retry_at else None

    def load(self, token: str, at_us: int) -> bool:
        """Ask the database and return whether the token may count. Blocks; one query for a token, one for a salt.

        A new pixel counts at once: that a token is unknown is not remembered. While the database is away every token
        may count.
        """
        with self._lock:
            if self.is_live(token, at_us) is None:  # it may have been asked while this one waited
                self._load(token, at_us)
        return token in self._live or self._clock() < self._retry_at

    def excluded_networks(self, token: str) -> tuple[Network, ...]:
        """Return the networks that the token's project excludes, as far as is remembered."""
        return self._live.get(token, _NOT_LIVE).networks

    def salt(self, at_us: int) -> bytes | None:
        """Return the salt of a moment's day, or None where it never could be asked for."""
        return self._salts.get(at_us // DAY_MICROSECONDS)

    def _load(self, token: str, at_us: int) -> None:
        began_at = self._clock()
        try:
            self._query(token, at_us)
        except (DatabaseError, InterfaceError):
            connection.close()
            # The connection may only have gone stale; a database that took its time to fail is not well.
            if self._clock() - began_at < QUICK_SECONDS:
                with suppress(DatabaseError, InterfaceError):
                    self._query(token, at_us)
                    return
                connection.close()
            self._retry_at = self._clock() + RETRY_SECONDS

    def _query(self, token: str, at_us: int) -> None:
        """Ask for what is missing. A database that is locked, by a migration say, fails before readers give up."""
        days = {at_us // DAY_MICROSECONDS, (at_us + AHEAD_MICROSECONDS) // DAY_MICROSECONDS} - self._salts.keys()
        with brief_statements():
            live = Pixel.objects.live().filter(token=token)
            excluded = live.values_list("project__excluded_networks", flat=True).first()
            salts = {day: salt_of(day) for day in sorted(days)}
        # Committed: what is remembered from here on is what every other process gets.
        if excluded is None:
            self._live.pop(token, None)
        else:
            self._live[token] = _Live(self._clock() + TOKEN_SECONDS, networks_of(excluded))
            if len(self._live) > MAX_TOKENS:
                del self._live[next(iter(self._live))]
        for day, salt in salts.items():
            self._salts[day] = salt
            if len(self._salts) > MAX_SALTS:
                del self._salts[min(self._salts)]


@contextmanager
def brief_statements() -> Iterator[None]:
    """Have statements fail that the database can't answer within two seconds."""
    if connection.vendor == "postgresql":
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(BRIEF_POSTGRESQL)
            yield
        return
    # In no transaction: it would take SQLite's one lock for writing, and wait for the drain. Reading never waits.
    with connection.cursor() as cursor:
        usual = cursor.execute(BUSY_TIMEOUT).fetchone()[0]
        cursor.execute(f"{BUSY_TIMEOUT} = 2000")
        try:
            yield
        finally:
            cursor.execute(f"{BUSY_TIMEOUT} = {usual}")
