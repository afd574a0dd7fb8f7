"""The rate limit of hits, and how requests of any kind are counted.

django-ratelimit counts, in the cache that all processes share. The cache never gets an address, only a keyed hash of
one. While the cache is down nobody is limited, and it is asked only from time to time: it may hang.
"""

import hashlib
import logging
import math
import secrets
import time
from collections.abc import Callable
from typing import NamedTuple

from django_ratelimit.core import get_usage

from collector.intake.clients import networks
from collector.storage.salts import SALT_BYTES

logger = logging.getLogger(__name__)

MAX_CLIENTS = 100_000  # in the memory of one process; with more, it starts counting again from 0

CLIENTS_OF_A_NETWORK = 10  # times the limit of one client: for all clients of a network together
PAUSE_SECONDS = 2.0  # after the cache has failed: each request would wait for its timeout, in the event loop
LOG_SECONDS = 10.0
# While there is no salt. Random, so that nobody who reads the cache can try out all addresses.
NO_SALT = secrets.token_bytes(SALT_BYTES)

ClientKey = tuple[str | int, ...]  # what a limit is for, such as (proxy, token, placement)


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

    def is_over(self, client: ClientKey, now: float) -> bool:
        """Whether a client is known to be over the limit in this window. Counts nothing."""
        return self._over_until.get(client, 0.0) > now if self._over_until else False

    def seconds_left(self, client: ClientKey) -> int:
        """Return for how many seconds a client is still over the limit, at least 1."""
        return max(1, math.ceil(self._over_until.get(client, 0.0) - self._clock()))

    def is_excess(self, client: ClientKey, key: bytes, now: float | None = None) -> bool:
        """Count one hit of a client and return whether it is over the limit. `now`: if the clock was read already.

        `key` keys the hash that the cache gets in place of the client. Asks the cache only about clients that have used
        up half of their limit. If the cache is down, no hit is over the limit.
        """
        if not self._rate.requests:
            return False
        if now is None:
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


class ReaderLimiter:
    """Limits the hits of readers: of each client by `rate`, and of a network by ten times as much.

    Behind one address there may be one client or a company that reads its newsletter at nine. What tells readers from
    one client that floods us is what their browsers send: agent, languages and client hints. So a client is a network
    and a set of these `signs`. Readers with the same ones can't be told apart, so the limit of a client must leave room
    for some of them; and starts and ends have a limit each, because a reader sends both.

    A client can make up a new agent for each hit. It then looks like many readers, and the limit of its network stops
    it. That limit is ten times as high: with the default, a company of 1,200 who all read in the same minute. For IPv6,
    a client is in a /64 and a network is a /48, because a customer may choose freely among so many addresses.

    What one client sends over its limit doesn't count for its network: otherwise it would use up the limit of its
    neighbours. While a network is over its limit, its clients are not counted: otherwise a client that makes up agents
    could fill the memory of clients, and `Limiter` would start again from 0. The networks have a memory of their own.
    """

    def __init__(self, rate: Rate, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._clients = Limiter("readers", rate, clock)
        self._networks = Limiter("networks", Rate(rate.requests * CLIENTS_OF_A_NETWORK, rate.seconds), clock)

    def is_excess(self, address: str, signs: int, token: str, position: str, key: bytes) -> bool:
        """Count one hit of an address and return whether its client or its network is over the limit."""
        local, site = networks(address) if ":" in address else (address, address)
        network = (site, token)
        now = self._clock()
        if self._networks.is_over(network, now):
            return True
        client = (local, signs, token, position)
        return self._clients.is_excess(client, key, now) or self._networks.is_excess(network, key, now)


class SenderLimiter:
    """Limits the requests with reports of one program: of each network by `rate`, and of a site by ten times as much.

    A network is an IPv4 address or a /64. A site is a /48: its customer may choose freely among 65,536 networks.
    """

    def __init__(self, rate: Rate, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._networks = Limiter("reports", rate, clock)
        self._sites = Limiter("report_sites", Rate(rate.requests * CLIENTS_OF_A_NETWORK, rate.seconds), clock)

    def seconds_to_wait(self, address: str, token: str, key: bytes) -> int:
        """Count one request of an address; return for how many seconds it has to wait, 0 if it may go on."""
        local, site = networks(address)
        network, neighbours = (local, token), (site, token)
        if self._sites.is_over(neighbours, self._clock()):
            return self._sites.seconds_left(neighbours)
        if self._networks.is_excess(network, key):
            return self._networks.seconds_left(network)
        if site != local and self._sites.is_excess(neighbours, key):
            return self._sites.seconds_left(neighbours)
        return 0


class Outage:
    """While the cache is away: when to ask it again, and when to log that. `clock` returns monotonic seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._retry_at = 0.0
        self._log_due_at = 0.0

    def is_on(self) -> bool:
        """Whether the cache has failed just now."""
        return self._clock() < self._retry_at

    def note(self, error: Exception, pause_seconds: float) -> None:
        """Note that a request could not be counted. Logged from time to time, not for each request."""
        now = self._clock()
        self._retry_at = now + pause_seconds
        if now >= self._log_due_at:
            self._log_due_at = now + LOG_SECONDS
            logger.warning("The rate limit can't count a request (%s). Nobody is limited meanwhile.", error)


OUTAGE = Outage()


def keyed_hash(parts: ClientKey, key: bytes) -> str:
    """Return a hash of `parts` that nobody can compute or try out without the key."""
    return hashlib.blake2b("\0".join(map(str, parts)).encode(), key=key, digest_size=16).hexdigest()


def count_request(group: str, key: Callable[[], str], rate: Rate) -> Usage | None:
    """Count one request under `key()`. Return None if that is not possible."""
    if OUTAGE.is_on():
        return None
    try:
        value = key()
    except Exception as error:  # whatever the database that holds the day's salt raises
        OUTAGE.note(error, pause_seconds=0.0)
        return None
    try:
        usage = get_usage(None, group=group, key=lambda group, request: value, rate=rate, increment=True)
    except Exception as error:  # whatever the cache's client raises
        OUTAGE.note(error, PAUSE_SECONDS)
        return None
    if usage is None:  # switched off by django-ratelimit's own settings
        return None
    return Usage(usage["should_limit"], usage["time_left"])
