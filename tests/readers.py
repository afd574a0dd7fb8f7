"""Many readers. Each request has its own number, so that a test can compare what was answered with what was stored."""

import http.client
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tests.endpoints import CHROME
from tests.server import Server

CLIENTS = 8


class Readers:
    """Clients that request one pixel of a server, or of several in turn. `answers` has the status by number, if any.

    The servers must trust one proxy: each number then comes from its own address, and none is over the rate limit.
    With `addresses`, so many addresses are used in turn.
    """

    def __init__(
        self, server: Server | Sequence[Server], token: str, requests: int, *, addresses: int = 250 * 250
    ) -> None:
        self.answers: dict[int, int] = {}
        self._servers = [server] if isinstance(server, Server) else server
        self._token = token
        self._addresses = addresses
        self._numbers = iter(range(requests))
        self._lock = threading.Lock()

    @property
    def acknowledged(self) -> set[int]:
        return {number for number, status in self.answers.items() if status == 200}

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Read in the background; at the end, wait for the last answer."""
        clients = [threading.Thread(target=self._read) for _ in range(CLIENTS)]
        for client in clients:
            client.start()
        try:
            yield
        finally:
            for client in clients:
                client.join()

    def read_all(self) -> None:
        with self.reading():
            pass

    def stored(self, project: str) -> Counter[int]:
        """Return how often each number is in the database."""
        return Counter(int(hit["placement"]) for hit in self._servers[0].hits(project))

    def _read(self) -> None:
        connections = [http.client.HTTPConnection("127.0.0.1", server.port, timeout=30) for server in self._servers]
        while True:
            with self._lock:
                number = next(self._numbers, None)
            if number is None:
                break
            connection = connections[number % len(connections)]
            headers = {"User-Agent": CHROME, "X-Forwarded-For": address_of(number % self._addresses)}
            try:
                connection.request("GET", f"/p/{self._token}/{number}.gif", headers=headers)
                response = connection.getresponse()
                if response.read():
                    self.answers[number] = response.status
            except (OSError, http.client.HTTPException):
                connection.close()
                time.sleep(0.05)
        for connection in connections:
            connection.close()


def address_of(number: int) -> str:
    """Return an address for a reader, for up to 62,500 of them."""
    return f"198.18.{number // 250 % 250}.{number % 250}"
