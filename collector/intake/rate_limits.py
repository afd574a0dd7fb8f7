"""Every rate limit: of hits, of shared pages, of the API, and of tries at a share link's password.

django-ratelimit counts, in the cache that all processes share. The cache never gets an address, only a keyed hash of
one. While the cache is down nobody is limited, but nobody may try a password either.
"""

import hashlib
import logging
import time
from collections.abc import Callable
from functools import lru_cache
from math import ceil
from typing import NamedTuple

from django.http import HttpRequest
from django.utils.translation import ngettext
from django_ratelimit.core import get_usage

from collector.intake.clients import network_of
from collector.intake.clock import now_us
from collector.models import ShareLink
from collector.storage.countable import local_day_and_hour
from collector.storage.salts import load_salts

logger = logging.getLogger(__name__)

MAX_CLIENTS = 100_000  # in the memory of one process; with more, it starts counting again from 0
MINUTES_WITHOUT_CACHE = 1

ClientKey = tuple[str, ...]  # (address, token), or (proxy, token, placement)


class Rate(NamedTuple):
    """At most this many requests in this many seconds; 0 requests means no limit."""

    requests: int
    seconds: int


TRIES = Rate(10, 600)  # of one network at one link's password, right ones included
WRONG_TRIES = Rate(100, 3600)  # of everybody together at one link's password


class Usage(NamedTuple):
    """How much of a rate is used up."""

    is_used_up: bool  # the next request is over it
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
        usage = _count(self._name, lambda: _keyed_hash(client, key), self._shared_rate)
        if usage is None or not usage.is_over:
            return False
        self._over_until[client] = now + max(usage.seconds_left, 1)
        return True


def seconds_to_wait(group: str, key: Callable[[], str], rate: tuple[int, int]) -> int:
    """Count one request under `key()`; return how many seconds its sender must wait, 0 if it may go on.

    `rate` is requests and seconds; 0 requests means no limit. If requests can't be counted, nobody has to wait.
    """
    limit = Rate(*rate)
    if not limit.requests:
        return 0
    usage = _count(group, key, limit)
    return max(usage.seconds_left, 1) if usage and usage.is_over else 0


def wait_message(wait_seconds: int) -> str:
    """Return the message for a client that sends too many requests."""
    return ngettext(
        "Too many requests. Try again in %(count)s second.",
        "Too many requests. Try again in %(count)s seconds.",
        wait_seconds,
    ) % {"count": wait_seconds}


def minutes_to_wait(request: HttpRequest, link: ShareLink) -> int:
    """Count one try of a link's password; return how many minutes the client must wait, 0 if it may try now.

    The try is counted before the password is checked, so that parallel tries can't get around the limit. One query. If
    tries can't be counted, nobody may try.
    """
    key = network_key(network_of(request), str(link.pk))
    wrong_tries = _count("wrong", lambda: str(link.pk), WRONG_TRIES, increment=False)
    tries = _count("tries", lambda: key, TRIES) if wrong_tries else None
    if wrong_tries is None or tries is None:
        logger.warning("Nobody may try a share link's password until requests can be counted again.")
        return MINUTES_WITHOUT_CACHE
    if not tries.is_over and not wrong_tries.is_used_up:
        return 0
    seconds = max(usage.seconds_left for usage in (tries, wrong_tries) if usage.is_used_up)
    return max(1, ceil(seconds / 60))


def count_wrong_try(link: ShareLink) -> None:
    """Count a wrong password. If it can't be counted, the next try is refused anyway."""
    _count("wrong", lambda: str(link.pk), WRONG_TRIES)


def network_key(network: str, purpose: str) -> str:
    """Return a hash that stands for a network, for one purpose and only on this UTC date. One query a day.

    Once the date's salt is deleted, nobody can compute it again.
    """
    return _keyed_hash((network, purpose), _salt_of(local_day_and_hour(now_us(), "UTC")[0]))


@lru_cache(maxsize=1)  # of today
def _salt_of(day: str) -> bytes:
    return load_salts([day])[day]


def _keyed_hash(parts: tuple[str, ...], key: bytes) -> str:
    return hashlib.blake2b("\0".join(parts).encode(), key=key, digest_size=16).hexdigest()


def _count(group: str, key: Callable[[], str], rate: Rate, *, increment: bool = True) -> Usage | None:
    """Count one request under `key()`, or with `increment=False` only look. Return None if that is not possible."""
    try:
        value = key()
        usage = get_usage(None, group=group, key=lambda group, request: value, rate=rate, increment=increment)
    except Exception as error:  # whatever the cache's client raises, or the database that holds the day's salt
        logger.warning("The rate limit can't count a request (%s).", error)
        return None
    if usage is None:  # switched off by django-ratelimit's own settings
        return None
    return Usage(usage["count"] >= usage["limit"], usage["should_limit"], usage["time_left"])
