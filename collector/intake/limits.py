"""The rate limit: how many hits one client may make of one pixel, or one proxy of one placement.

django-ratelimit counts, in the cache that all processes share. A call of it costs more than all else that a hit costs,
so each process first counts by itself: a client's first hits of a window, half of what it may make, are free of the
call. A client that was found to be over its limit is not asked about again before its window ends. With several
processes a client may so make half its limit more in each than the rate says; a flood is stopped all the same.
"""

import hashlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from django_ratelimit.core import get_usage

logger = logging.getLogger(__name__)

MAX_CLIENTS = 100_000  # whose hits a process counts at once; past that all begin anew
Client = tuple[str, ...]  # (address, token), or (proxy, token, placement)


@dataclass(frozen=True, slots=True)
class Rate:
    """So many hits in so many seconds; 0 hits stand for no limit."""

    hits: int
    seconds: int


class Limiter:
    """One rate, for clients of one kind. `clock` gives monotonic seconds."""

    def __init__(self, name: str, rate: Rate, clock: Callable[[], float] = time.monotonic) -> None:
        self._name = name
        self._rate = rate
        self._clock = clock
        self._free = rate.hits // 2
        self._seen: dict[Client, int] = {}
        self._over: dict[Client, float] = {}
        self._window_ends_at = 0.0

    def is_excess(self, client: Client, key: bytes) -> bool:
        """Count one hit of a client and return whether it is one too many.

        `key` keeps what the shared cache gets from being anybody's address. Asks the cache only about clients that
        have used up half their limit; where that is away nobody is limited.
        """
        if not self._rate.hits:
            return False
        now = self._clock()
        if now >= self._window_ends_at or len(self._seen) > MAX_CLIENTS:
            self._seen.clear()
            self._over = {client: until for client, until in list(self._over.items()) if until > now}
            self._window_ends_at = now + self._rate.seconds
        seen = self._seen[client] = self._seen.get(client, 0) + 1
        if seen <= self._free:
            return False
        if self._over.get(client, 0.0) > now:
            return True
        return self._asked(client, key, now)

    def _asked(self, client: Client, key: bytes, now: float) -> bool:
        value = hashlib.blake2b("\0".join(client).encode(), key=key, digest_size=16).hexdigest()
        try:
            usage = get_usage(
                None,
                group=self._name,
                key=lambda group, request: value,
                rate=(self._rate.hits - self._free, self._rate.seconds),
                increment=True,
            )
        except Exception as error:  # whatever the cache's client raises; it must not cost a hit
            logger.warning("The cache of the rate limit can't be reached (%s); nobody is limited.", error)
            return False
        if usage is None or not usage["should_limit"]:
            return False
        self._over[client] = now + max(usage["time_left"], 1)
        return True
