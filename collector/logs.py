"""Keeps the keys of share links out of the log, because a key is enough to open a link."""

import logging
import re

SHARE_KEY = re.compile(r"(?<=/share/)[^/\s?#\"'<>]+")


class KeylessFormatter(logging.Formatter):
    """Formats a record and its traceback without the keys in share link addresses."""

    def format(self, record: logging.LogRecord) -> str:
        return SHARE_KEY.sub("…", super().format(record))
