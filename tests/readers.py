"""Many readers. Each request has its own number, so that a test can compare what was answered with what was stored."""

import http.client
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from tests.endpoints import CHROME
from tests.server import Server

CLIENTS = 8


class Readers:
    """Clients that request one pixel of a server. `answers` has the status of each answered number.

    The server must trust one proxy: each number then comes from its own address, and none is over the rate limit.
    """

    def __init__(self, server: Server, token: str, requests: int) -> None:
        self.answers: dict[int, int] = {}
        self._server = server
        self._token = token
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
        return Counter(int(hit["placement"]) for hit in self._server.hits(project))

    def _read(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._server.port, timeout=30)
        while True:
            with self._lock:
                number = next(self._numbers, None)
            if number is None:
                break
            address = f"198.18.{number // 250 % 250}.{number % 250}"
            try:
                connection.request(
                    "GET", f"/p/{self._token}/{number}.gif", headers={"User-Agent": CHROME, "X-Forwarded-For": address}
                )
                response = connection.getresponse()
                if response.read():
                    self.answers[number] = response.status
            except (OSError, http.client.HTTPException):
                connection.close()
                time.sleep(0.05)
        connection.close()
