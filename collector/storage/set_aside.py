"""Spool lines that can't be used, in a file beside the spool, each with the reason. Bounded in size and age.

A line holds what a hit holds: the pixel's token, the moment, the user agent, the page, country, language and the
visitor's hash; never an address. A line of a program holds its report. A torn line holds the beginning of that.
Of a line that tells that a visitor is a member, only what it is: two that stand together may be of the same member. The
same goes for a line of another SDK: its marks could tell for weeks which lines are of the same installation.
"""

import json
import logging
from datetime import datetime, timedelta
from pathlib import Path

from collector.metrics.names import Count
from collector.metrics.tally import TALLY
from collector.spool import door_line, own_line
from collector.spool.line import Line

logger = logging.getLogger(__name__)

SET_ASIDE_FILE = "set-aside.log"
MAX_BYTES = 64 * 1024 * 1024
LIFETIME = timedelta(days=30)
_ONLY_KINDS = (own_line.BEGINNING, door_line.BEGINNING)


def set_aside(path: Path, line: Line, reason: str, now: datetime) -> None:
    """Write a line that can't be used to the file. After a crash it may be there twice."""
    logger.warning("Set aside a line of %s at byte %d: %s", line.segment, line.offset, reason)
    TALLY.add(Count.SET_ASIDE)
    content = next((beginning for beginning in _ONLY_KINDS if line.content.startswith(beginning)), line.content)
    record = {
        "at": now.isoformat(timespec="seconds"),
        "segment": line.segment,
        "offset": line.offset,
        "reason": reason,
        "line": content.decode("utf-8", "backslashreplace"),
    }
    try:
        if not path.exists() or path.stat().st_size < MAX_BYTES:
            with path.open("a", encoding="ascii") as file:
                file.write(json.dumps(record) + "\n")
    except OSError as error:
        logger.error("Can't write %s (%s); the line is lost, and counted as set aside", path, error.strerror)


def delete_expired_lines(path: Path, now: datetime) -> None:
    """Delete the lines that were set aside more than `LIFETIME` ago. They are in the order of time."""
    oldest_kept = (now - LIFETIME).isoformat(timespec="seconds")
    remaining = path.with_suffix(".new")
    try:
        with path.open(encoding="ascii") as file:
            if not _is_older(file.readline(), oldest_kept):
                return
            file.seek(0)
            with remaining.open("w", encoding="ascii") as kept:
                kept.writelines(record for record in file if not _is_older(record, oldest_kept))
        if remaining.stat().st_size:
            remaining.replace(path)
        else:
            remaining.unlink()
            path.unlink()
    except FileNotFoundError:
        return
    except OSError as error:
        logger.error("Can't delete old lines of %s (%s)", path, error.strerror)


def _is_older(record: str, oldest_kept: str) -> bool:
    """Whether a record was written before a moment. One without a moment is of a former version, and old."""
    try:
        return str(json.loads(record).get("at", "")) < oldest_kept
    except (ValueError, AttributeError):
        return True
