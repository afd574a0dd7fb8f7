"""The open connections of one web process: how many there may be, and how long a client may keep us waiting.

A client costs us memory and a file while it does nothing. So each client may hold only some connections, each step of a
request has a time limit, and if there are too many connections, those that have waited longest for their client are
closed before anybody is refused. One sweep a second checks them all: a timer for each request would cost more than the
request.
"""

import logging
import os
import resource
from asyncio import AbstractEventLoop
from collections import Counter
from operator import attrgetter
from socket import AF_INET6, inet_pton
from typing import Any, Protocol

logger = logging.getLogger(__name__)

SWEEP_SECONDS = 1.0
REPORT_SECONDS = 60.0
MAX_FILES = 65_536
RESERVED_FILES = 64  # for the spool, the database, temporary files and logs
SHED_SHARE = 16  # at the limit, one connection in this many is closed at once, because each search reads them all
_FILE_LIMIT_REMEDY = (
    "Raise the limit of open files: LimitNOFILE= in a systemd unit, --ulimit nofile= for Docker, ulimit -n in a shell."
)


class Connection(Protocol):
    """What this module needs of a connection. `waits_since`: loop time since which it waits for its client."""

    waits_since: float

    def is_waiting(self) -> bool:
        """Whether the connection waits for its client and could be closed."""

    def enforce_time_limits(self, now: float) -> None:
        """End the connection if its client has kept us waiting for too long."""

    def drop(self) -> None:
        """End the connection at once."""


class Connections:
    """The open connections of this process, at most `capacity` in all and `per_client` of one client (0: no limit)."""

    def __init__(self, loop: AbstractEventLoop, capacity: int, per_client: int) -> None:
        self.loop = loop
        self._capacity = capacity
        self._per_client = per_client
        self._open: dict[Connection, bytes | str | None] = {}
        self._by_client: Counter[bytes | str] = Counter()
        self._nothing_to_shed = False
        self._events: Counter[str] = Counter()
        self._reported_at: dict[str, float] = {}

    def start(self) -> None:
        """Sweep once a second until the loop ends."""
        self.loop.call_later(SWEEP_SECONDS, self.start)
        self.sweep(self.loop.time())

    def admit(self, connection: Connection, peer: Any) -> bool:
        """Take in a new connection; return False if it must be refused. `peer` is the transport's `peername`."""
        client = client_of(peer) if self._per_client else None
        if client is not None and self._by_client[client] >= self._per_client:
            self._events["refused"] += 1
            return False
        if len(self._open) >= self._capacity:
            shed = self._shed()
            self._events["shed" if shed else "full"] += shed or 1
            if not shed:
                return False
        self._open[connection] = client
        if client is not None:
            self._by_client[client] += 1
        return True

    def forget(self, connection: Connection) -> None:
        """Give up the place of a connection that ended."""
        client = self._open.pop(connection, None)
        if client is None:
            return
        self._by_client[client] -= 1
        if not self._by_client[client]:
            del self._by_client[client]

    def _shed(self) -> int:
        """Drop the connections that have waited longest for their clients; return how many."""
        if self._nothing_to_shed:  # since the last sweep
            return 0
        waiting = sorted((each for each in self._open if each.is_waiting()), key=attrgetter("waits_since"))
        dropped = waiting[: max(1, self._capacity // SHED_SHARE)]
        for connection in dropped:
            connection.drop()
            self.forget(connection)
        self._nothing_to_shed = not dropped
        return len(dropped)

    def sweep(self, now: float) -> None:
        """Check the time limits of all connections, and whether files can be opened. Log what happened."""
        self._nothing_to_shed = False
        for connection in list(self._open):
            connection.enforce_time_limits(now)
        if not _can_open_a_file():
            self._events["files"] += 1
            self._shed()
        for event, count in list(self._events.items()):
            self._report(event, count, now)

    def _report(self, event: str, count: int, now: float) -> None:
        """Log what happened since the last report, at most once a minute. No line names a client."""
        if now - self._reported_at.get(event, -REPORT_SECONDS) < REPORT_SECONDS:
            return
        self._reported_at[event] = now
        del self._events[event]
        if event == "refused":
            logger.warning(
                "Refused %d connections: one client may hold %d open in each web process. If many readers reach you "
                "through one address, such as a proxy's, set TRUSTED_PROXIES or a higher CONNECTIONS_PER_CLIENT.",
                count,
                self._per_client,
            )
        elif event == "files":
            logger.error("This process can't open any more files, so nobody can connect. %s", _FILE_LIMIT_REMEDY)
        else:
            is_limited_by_files = self._capacity == _capacity_by_files()
            logger.warning(
                "%s %d connections, because %d are open, the most that this web process takes. %s",
                "Closed the longest waiting" if event == "shed" else "Refused",
                count,
                self._capacity,
                _FILE_LIMIT_REMEDY if is_limited_by_files else "Run more web processes (up --workers).",
            )


def capacity(most: int) -> int:
    """Return how many connections this process may hold: `most`, or what its limit of open files leaves for them."""
    return min(most, _capacity_by_files())


def _capacity_by_files() -> int:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = MAX_FILES if soft == resource.RLIM_INFINITY else soft
    return max(files - RESERVED_FILES, files // 2)


def raise_file_limit() -> None:
    """Raise this process's limit of open files as far as it may. Child processes inherit it.

    The usual 1,024 is only for programs that use select(2) (systemd.exec(5), LimitNOFILE); ours use epoll or kqueue.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_FILES if hard == resource.RLIM_INFINITY else min(hard, MAX_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        except (OSError, ValueError) as error:  # macOS has another limit beside this one
            logger.warning("Can't raise the limit of open files from %d to %d (%s).", soft, wanted, error)


def client_of(peer: Any) -> bytes | str | None:
    """Return whose connection this is by its `peername`: an IPv4 address or an IPv6 /64 network.

    None: it can't be told, because the peer is on this machine, and so a proxy rather than a client.
    """
    if not isinstance(peer, tuple) or not peer:
        return None  # a Unix socket
    address = str(peer[0])
    if ":" not in address:
        return None if address.startswith("127.") else address
    try:
        packed = inet_pton(AF_INET6, address.partition("%")[0])
    except OSError:
        return None
    if address.startswith("::ffff:"):
        return client_of((address.removeprefix("::ffff:"),)) if "." in address else packed
    return None if address == "::1" else packed[:8]


def _can_open_a_file() -> bool:
    try:
        os.close(os.open(os.devnull, os.O_RDONLY))
    except OSError:  # EMFILE or ENFILE; libuv then closes new connections without a word
        return False
    return True
