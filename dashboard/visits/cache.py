"""What was added up lately, kept in memory so that a page adds up no closed day twice."""

from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock
from typing import Any


class ResultCache:
    """What was found lately, by key; the oldest goes first. For all threads of a process.

    Holds a `weight` of so much at most, and nothing that weighs more than half of that. A unit is some 200 bytes.
    """

    def __init__(self, weight: int) -> None:
        self._most = weight
        self._held = 0
        self._found: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable) -> Any:
        """Return what is remembered, None where that is nothing."""
        with self._lock:
            if key not in self._found:
                return None
            self._found.move_to_end(key)
            return self._found[key][0]

    def put(self, key: Hashable, value: Any, weight: int) -> None:
        """Remember a value. What key and value weigh together is for the caller to say."""
        if weight * 2 > self._most:
            return
        with self._lock:
            self._held += weight - self._found.pop(key, (None, 0))[1]
            self._found[key] = value, weight
            while self._held > self._most:
                self._held -= self._found.popitem(last=False)[1][1]

    def forget(self) -> None:
        with self._lock:
            self._found.clear()
            self._held = 0


REMEMBERED = ResultCache(250_000)
