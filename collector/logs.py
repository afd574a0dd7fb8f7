"""What the log leaves out: the keys of share links, because a key is enough to open one, and needless tracebacks."""

import logging
import re

SHARE_KEY = re.compile(r"(?<=/share/)[^/\s?#\"'<>]+")


class KeylessFormatter(logging.Formatter):
    """Formats a record and its traceback without the keys in share link addresses."""

    def format(self, record: logging.LogRecord) -> str:
        return SHARE_KEY.sub("…", super().format(record))


def drop_traceback(record: logging.LogRecord) -> bool:
    """Log filter: keep the record, but not its traceback. For errors that any stranger can cause."""
    record.exc_info = record.exc_text = None
    return True
