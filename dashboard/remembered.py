"""What was added up lately, kept in memory so that a page adds up no closed day twice."""

from collections import OrderedDict
from collections.abc import Hashable, Mapping
from threading import Lock
from typing import Any

Summed = Mapping[Any, tuple[int, int]]  # hits and visitors by key
TOO_MANY: Summed = {}


class Remembered:
    """What was added up lately, by key; the oldest goes first. For all threads of a process.

    Holds `sums` sums at most, some 200 bytes each, and no answer that takes more than a tenth of that.
    """

    def __init__(self, sums: int) -> None:
        self._most = sums
        self._held = 0
        self._found: OrderedDict[Hashable, Summed] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable) -> Summed | None:
        with self._lock:
            if key in self._found:
                self._found.move_to_end(key)
            return self._found.get(key)

    def put(self, key: Hashable, summed: Summed) -> None:
        size = len(summed) + 1
        if size * 10 > self._most:
            return
        with self._lock:
            replaced = self._found.pop(key, None)
            self._held += size - (0 if replaced is None else len(replaced) + 1)
            self._found[key] = summed
            while self._held > self._most:
                self._held -= len(self._found.popitem(last=False)[1]) + 1

    def forget(self) -> None:
        with self._lock:
            self._found.clear()
            self._held = 0


REMEMBERED = Remembered(250_000)
