"""What the log leaves out: keys of share links (a key is enough to open one), needless tracebacks, and floods."""

import logging
import re
import time
from collections import Counter
from collections.abc import Callable

STRANGERS = ("django.request", "django.security")  # loggers that write a line for each bad request of anybody
LINES, SECONDS = 60, 60.0
MAX_LINE = 500  # characters of a line that repeats what a stranger sent, such as a `Host` header of 64 kB
SHARE_KEY = re.compile(r"(?<=/share/)[^/\s?#\"'<>]+")


class KeylessFormatter(logging.Formatter):
    """Formats a record and its traceback without the keys in share link addresses."""

    def format(self, record: logging.LogRecord) -> str:
        return SHARE_KEY.sub("…", super().format(record))


def drop_traceback(record: logging.LogRecord) -> bool:
    """Log filter: keep the record, but not its traceback. For errors that any stranger can cause."""
    record.exc_info = record.exc_text = None
    return True


class FloodFilter(logging.Filter):
    """Keeps strangers from filling a disk with our log: lets through `LINES` lines of each kind in `SECONDS`.

    A kind is a logger and a level, with or without a traceback: many unknown pages hide no error. The next line after a
    flood says how many were left out. Lines are cut at `MAX_LINE`. `clock` returns monotonic seconds. The filter
    belongs on a handler, because a logger's own filter does not see what its children log.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._lines: Counter[tuple[str, int, bool]] = Counter()  # since the window began
        self._left_out: Counter[tuple[str, int, bool]] = Counter()
        self._window_ends_at = 0.0

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to log a record."""
        if not record.name.startswith(STRANGERS):
            return True
        if self._clock() >= self._window_ends_at:
            self._lines.clear()
            self._window_ends_at = self._clock() + SECONDS
        kind = (record.name, record.levelno, record.exc_info is not None)
        self._lines[kind] += 1
        if self._lines[kind] > LINES:
            self._left_out[kind] += 1
            return False
        message = record.getMessage()
        if len(message) > MAX_LINE:
            record.msg, record.args = f"{message[:MAX_LINE]}…", ()
        if count := self._left_out.pop(kind, 0):
            record.msg = f"{record.getMessage()} (Left out before this: {count} lines.)"
            record.args = ()
        return True
