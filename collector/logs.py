"""What the log may hold: no key of a share link, which is all that its readers need."""

import logging
import re

SHARE_KEY = re.compile(r"(?<=/share/)[^/\s?#\"'<>]+")


class KeylessFormatter(logging.Formatter):
    """Writes a record, its traceback too, without the keys in addresses of share links."""

    def format(self, record: logging.LogRecord) -> str:
        return SHARE_KEY.sub("…", super().format(record))
