"""What a long operation says while it works."""

import time
from collections.abc import Callable

SILENT_SECONDS = 5.0


class Progress:
    """Writes a line for each step, and during a long step how much is done, every `SILENT_SECONDS`."""

    def __init__(self, write: Callable[[str], object], clock: Callable[[], float] = time.monotonic) -> None:
        self._write = write
        self._clock = clock
        self._bytes = 0
        self._due_at = 0.0

    def step(self, sentence: str) -> None:
        """Begin a step."""
        self._write(sentence)
        self._bytes = 0
        self._due_at = self._clock() + SILENT_SECONDS

    def advance(self, count: int) -> None:
        """Add bytes to what is done of the step."""
        self.reach(self._bytes + count)

    def reach(self, count: int) -> None:
        """Note how many bytes of the step are done."""
        self._bytes = count
        if self._clock() >= self._due_at:
            self._write(f"  {count / 1e6:,.0f} MB so far")
            self._due_at = self._clock() + SILENT_SECONDS
