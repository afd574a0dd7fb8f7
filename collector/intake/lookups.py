"""A process's memory of the database, so that most requests need no query: live tokens and the salt of the day.

While the database is down, the memory keeps what it has, and hits of unknown tokens are spooled. The drain later checks
whether their tokens exist.
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
RETRY_SECONDS = 2.0  # pause after a failed query
QUICK_SECONDS = 0.5
BRIEF_POSTGRESQL = "/* lookups.brief */ SET LOCAL statement_timeout = 2000"
BUSY_TIMEOUT = "PRAGMA busy_timeout"
AHEAD_MICROSECONDS = 3_600_000_000  # load tomorrow's salt an hour early, in case the database is down at midnight
MAX_TOKENS = 10_000
MAX_SALTS = 2


class _Live(NamedTuple):
    """A token that is live, and the networks whose hits don't count."""

    until: float  # monotonic seconds; query it again then
    networks: tuple[Network, ...]


_NOT_LIVE = _Live(0.0, ())


class Lookups:
    """A bounded memory of live tokens and salts. `clock` returns monotonic seconds; `at_us` is wall clock time."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._live: dict[str, _Live] = {}
        self._salts: dict[int, bytes] = {}
        self._retry_at = 0.0
        self._lock = threading.Lock()  # for the threads of a WSGI host; the ASGI entry point has one

    def is_live(self, token: str, at_us: int) -> bool | None:
        """Return True if the memory says that a hit of the token may count, None if you must call `load`."""
        now = self._clock()
        if self._live.get(token, _NOT_LIVE).until > now and at_us // DAY_MICROSECONDS in self._salts:
            return True
        return True if now < self._retry_at else None

    def load(self, token: str, at_us: int) -> bool:
        """Query the database; return whether a hit of the token may count. Blocks. One query a token, one a salt.

        Unknown tokens are not remembered, so that a new pixel counts at once. While the database is down, every token
        may count.
        """
        with self._lock:
            if self.is_live(token, at_us) is None:  # another thread may have loaded it meanwhile
                self._load(token, at_us)
        return token in self._live or self._clock() < self._retry_at

    def excluded_networks(self, token: str) -> tuple[Network, ...]:
        """Return the networks that the token's project excludes, as far as the memory knows."""
        return self._live.get(token, _NOT_LIVE).networks

    def salt(self, at_us: int) -> bytes | None:
        """Return the salt of a moment's day, or None if it could not be loaded yet."""
        return self._salts.get(at_us // DAY_MICROSECONDS)

    def _load(self, token: str, at_us: int) -> None:
        began_at = self._clock()
        try:
            self._query(token, at_us)
        except (DatabaseError, InterfaceError):
            connection.close()
            # A quick failure may only mean a stale connection, which is worth a second try. A slow one means an outage.
            if self._clock() - began_at < QUICK_SECONDS:
                with suppress(DatabaseError, InterfaceError):
                    self._query(token, at_us)
                    return
                connection.close()
            self._retry_at = self._clock() + RETRY_SECONDS

    def _query(self, token: str, at_us: int) -> None:
        """Query what is missing. If the database is locked, as by a migration, this fails before readers give up."""
        days = {at_us // DAY_MICROSECONDS, (at_us + AHEAD_MICROSECONDS) // DAY_MICROSECONDS} - self._salts.keys()
        with brief_statements():
            live = Pixel.objects.live().filter(token=token)
            excluded = live.values_list("project__excluded_networks", flat=True).first()
            salts = {day: salt_of(day) for day in sorted(days)}
        # Only now is the salt committed, and only a committed salt is the same in every process.
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
    """Let statements fail after two seconds."""
    if connection.vendor == "postgresql":
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(BRIEF_POSTGRESQL)
            yield
        return
    # No transaction here: it would take SQLite's only write lock and wait for the drain. Reads never wait.
    with connection.cursor() as cursor:
        default_timeout = cursor.execute(BUSY_TIMEOUT).fetchone()[0]
        cursor.execute(f"{BUSY_TIMEOUT} = 2000")
        try:
            yield
        finally:
            cursor.execute(f"{BUSY_TIMEOUT} = {default_timeout}")
