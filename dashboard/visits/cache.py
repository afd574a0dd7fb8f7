"""A cache of sums and rankings in memory, so that closed days are not added up again for each view.

cachetools' `LRUCache(maxsize, getsizeof=…)` is not used: it has no lock, weighs a value without its key, and lets one
value fill the whole cache. A wrapper for all three would be as long as this class.
"""

from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock
from typing import Any, NamedTuple


class CacheEntry(NamedTuple):
    value: Any
    weight: int


class ResultCache:
    """Results by key for all threads of a process. The least recently used go first.

    All results together weigh at most `max_weight`, and a single one at most half of that. One unit is about 200 bytes.
    """

    def __init__(self, max_weight: int) -> None:
        self._max_weight = max_weight
        self._weight = 0
        self._entries: OrderedDict[Hashable, CacheEntry] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable) -> Any:
        """Return the result, None if there is none."""
        with self._lock:
            if key not in self._entries:
                return None
            self._entries.move_to_end(key)
            return self._entries[key].value

    def put(self, key: Hashable, value: Any, weight: int) -> None:
        """Keep a result. `weight` is that of key and value together. What weighs too much is not kept."""
        if weight * 2 > self._max_weight:
            return
        with self._lock:
            self._remove(key)
            self._entries[key] = CacheEntry(value, weight)
            self._weight += weight
            while self._weight > self._max_weight:
                self._remove(next(iter(self._entries)))

    def forget(self) -> None:
        """Drop all results."""
        with self._lock:
            self._entries.clear()
            self._weight = 0

    def _remove(self, key: Hashable) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._weight -= entry.weight


REMEMBERED = ResultCache(250_000)
