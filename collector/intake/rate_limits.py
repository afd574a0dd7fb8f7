"""The rate limit of hits, and how requests of any kind are counted.

django-ratelimit counts, in the cache that all processes share. The cache never gets an address, only a keyed hash of
one. While the cache is down nobody is limited.
"""

import hashlib
import logging
import time
from collections.abc import Callable
from typing import NamedTuple

from django_ratelimit.core import get_usage

logger = logging.getLogger(__name__)

MAX_CLIENTS = 100_000  # in the memory of one process; with more, it starts counting again from 0

ClientKey = tuple[str, ...]  # (address, token), or (proxy, token, placement)


class Rate(NamedTuple):
    """At most this many requests in this many seconds; 0 requests means no limit."""

    requests: int
    seconds: int


class Usage(NamedTuple):
    """How much of a rate is used up."""

    is_over: bool
    seconds_left: int  # until the window ends


class Limiter:
    """Limits the hits of one kind of client. `clock` returns monotonic seconds.

    A call of django-ratelimit costs more than everything else about a hit. Each process therefore counts by itself
    first: in each window, it makes no call until a client has used half of its limit. Once a client is over its limit,
    the process asks about it again only when the window has ended. Each additional process may let a client exceed the
    rate by half of its limit. A flood is still stopped.
    """

    def __init__(self, name: str, rate: Rate, clock: Callable[[], float] = time.monotonic) -> None:
        self._name = name
        self._rate = rate
        self._clock = clock
        self._uncounted = rate.requests // 2
        self._shared_rate = Rate(rate.requests - self._uncounted, rate.seconds)
        self._hits: dict[ClientKey, int] = {}  # in this window
        self._over_until: dict[ClientKey, float] = {}
        self._window_ends_at = 0.0

    def is_excess(self, client: ClientKey, key: bytes) -> bool:
        """Count one hit of a client and return whether it is over the limit.

        `key` keys the hash that the cache gets in place of the client. Asks the cache only about clients that have used
        up half of their limit. If the cache is down, no hit is over the limit.
        """
        if not self._rate.requests:
            return False
        now = self._clock()
        if now >= self._window_ends_at or len(self._hits) > MAX_CLIENTS:
            self._hits.clear()
            self._over_until = {client: until for client, until in list(self._over_until.items()) if until > now}
            self._window_ends_at = now + self._rate.seconds
        hits = self._hits[client] = self._hits.get(client, 0) + 1
        if hits <= self._uncounted:
            return False
        if self._over_until.get(client, 0.0) > now:
            return True
        usage = count_request(self._name, lambda: keyed_hash(client, key), self._shared_rate)
        if usage is None or not usage.is_over:
            return False
        self._over_until[client] = now + max(usage.seconds_left, 1)
        return True


def keyed_hash(parts: tuple[str, ...], key: bytes) -> str:
    """Return a hash of `parts` that nobody can compute or try out without the key."""
    return hashlib.blake2b("\0".join(parts).encode(), key=key, digest_size=16).hexdigest()


def count_request(group: str, key: Callable[[], str], rate: Rate) -> Usage | None:
    """Count one request under `key()`. Return None if that is not possible."""
    try:
        value = key()
        usage = get_usage(None, group=group, key=lambda group, request: value, rate=rate, increment=True)
    except Exception as error:  # whatever the cache's client raises, or the database that holds the day's salt
        logger.warning("The rate limit can't count a request (%s).", error)
        return None
    if usage is None:  # switched off by django-ratelimit's own settings
        return None
    return Usage(usage["should_limit"], usage["time_left"])
