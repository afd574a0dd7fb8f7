"""How many requests each user or token may keep busy at the same time, in this process.

By ASGI, each request in progress has a thread and a database connection. So the limits are those of this process: one
member who opens a hundred tabs, or a script with their session or token, leaves room for all others.
"""

import threading
from collections import Counter

WAIT_SECONDS = 15.0
BUSY_SECONDS = 5  # after which a client may try again


class Places:
    """Who is being served: `at_once` requests of each user, while `waiting` more wait for them."""

    def __init__(self, at_once: int, waiting: int = 0) -> None:
        self.at_once = at_once
        self._waiting = waiting
        self._users: Counter[int] = Counter()  # by user, those who are served
        self._queues: Counter[int] = Counter()  # by user, those who wait
        self._change = threading.Condition()

    def take(self, user: int, wait_seconds: float = WAIT_SECONDS) -> bool:
        """Wait for a place and take it. Return False if too many wait already, or none becomes free in time."""
        with self._change:
            if self._users[user] >= self.at_once:
                if self._queues[user] >= self._waiting:
                    return False
                self._queues[user] += 1
                is_free = self._change.wait_for(lambda: self._users[user] < self.at_once, wait_seconds)
                self._queues[user] -= 1
                if not self._queues[user]:
                    del self._queues[user]
                if not is_free:
                    return False
            self._users[user] += 1
            return True

    def leave(self, user: int) -> None:
        """Give a place back."""
        with self._change:
            self._users[user] -= 1
            if not self._users[user]:
                del self._users[user]
            self._change.notify_all()
