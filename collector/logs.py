"""How the log is written, as text or JSON, and what it leaves out.

That is: keys of links to shared pages, invitations, new passwords and email addresses (a key is enough to open one),
needless tracebacks, and floods.
"""

import json
import logging
import re
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType

STRANGERS = ("django.request", "django.security")  # loggers that write a line for each bad request of anybody
LINES, SECONDS = 60, 60.0
MAX_LINE = 500  # characters of a line that repeats what a stranger sent, such as a `Host` header of 64 kB
KEY = re.compile(r"((?<=/share/)|(?<=/invitation/)|(?<=/reset/)|(?<=/account/email/))[^/\s?#\"'<>]+", re.IGNORECASE)


class KeylessFormatter(logging.Formatter):
    """Formats a record and its traceback without the keys in addresses."""

    def format(self, record: logging.LogRecord) -> str:
        return without_keys(super().format(record))


class JsonFormatter(logging.Formatter):
    """Formats a record as one line of JSON, with its traceback if it has one. Without keys, as the other."""

    def format(self, record: logging.LogRecord) -> str:
        fields = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": without_keys(record.getMessage()),
        }
        if record.exc_info:
            fields["traceback"] = without_keys(self.formatException(record.exc_info))
        return json.dumps(fields)


def without_keys(text: str) -> str:
    """Return a text without the keys of links."""
    return KEY.sub("…", text)


def has_key(path: str) -> bool:
    """Tell whether the path of an address has the key of a link."""
    return KEY.search(path) is not None


def log_what_nobody_caught() -> None:
    """Log errors that end a process or a thread, instead of writing them to stderr, where all lines must be JSON."""

    def of_process(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
        if issubclass(kind, Exception):
            logging.getLogger("collector").critical("The process ends.", exc_info=(kind, error, traceback))

    def of_thread(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None and issubclass(args.exc_type, Exception):
            exc_info = (args.exc_type, args.exc_value, args.exc_traceback)
            logging.getLogger("collector").critical("A thread ends.", exc_info=exc_info)

    sys.excepthook, threading.excepthook = of_process, of_thread


class FloodFilter(logging.Filter):
    """Keeps strangers from filling a disk with our log: lets through `LINES` lines of each kind in `SECONDS`.

    A kind is a logger and a level, with or without a traceback: many unknown pages hide no error. The next line after a
    flood says how many were left out. Lines are cut at `MAX_LINE`, and those of refused requests have no traceback.
    `clock` returns monotonic seconds. The filter belongs on a handler, because a logger's own filter does not see what
    its children log.
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
        if getattr(record, "status_code", 500) < 500:
            record.exc_info = record.exc_text = None
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
