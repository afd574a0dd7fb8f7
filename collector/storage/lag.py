"""How far the drain is behind the web processes on this machine."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from math import inf
from pathlib import Path

from collector.models import SpoolOffset
from collector.spool.locks import began_on
from collector.spool.reader import read_lines, segments
from collector.spool.report_line import from_line
from collector.storage.bulk_sql import chunks

MAX_SECONDS = 600.0  # a drain that is behind but works loses no hits; one that stands still so long needs help


@dataclass(frozen=True, slots=True)
class Lag:
    """The bytes that wait in a spool, the age of the oldest waiting hit, and the time since a drain last stored any."""

    bytes: int = 0
    seconds: float = 0.0
    idle_seconds: float = inf

    @property
    def stands_still(self) -> bool:
        """Whether hits have waited for more than `MAX_SECONDS` and none was stored in that time."""
        return min(self.seconds, self.idle_seconds) > MAX_SECONDS


def lag(directory: Path, now_us: int) -> Lag:
    """Return how far the drain of a spool directory is behind. One query for each 900 segments."""
    waiting_segments = segments(directory)
    if not waiting_segments:
        return Lag()
    offsets: dict[str, int] = {}
    waiting_bytes, oldest_us, stored_us = 0, now_us, -inf
    for names in chunks(segment.name for segment in waiting_segments):
        rows = SpoolOffset.objects.filter(segment__in=names)
        for name, offset, updated_at in rows.values_list("segment", "offset_bytes", "updated_at"):
            offsets[name] = offset
            stored_us = max(stored_us, updated_at.timestamp() * 1_000_000) if offset else stored_us
    for segment in waiting_segments:
        offset = offsets.get(segment.name, 0)
        try:
            waiting_bytes += max(0, segment.stat().st_size - offset)
            oldest_us = min(oldest_us, _first_us(segment, offset, now_us))
        except FileNotFoundError:
            continue  # was drained and deleted meanwhile
    return Lag(waiting_bytes, (now_us - oldest_us) / 1_000_000, (now_us - stored_us) / 1_000_000)


def oldest_waiting_day(directory: Path) -> date | None:
    """Return the UTC day on which the oldest segment began that waits for the drain. One query for 900 segments."""
    for paths in chunks(segments(directory)):
        offsets = dict(
            SpoolOffset.objects.filter(segment__in=[path.name for path in paths]).values_list("segment", "offset_bytes")
        )
        for path in paths:
            with suppress(FileNotFoundError):
                if path.stat().st_size > offsets.get(path.name, 0) and (day := began_on(path)):
                    return day
    return None


def _first_us(segment: Path, offset: int, default: int) -> int:
    """Return the moment of the first hit from `offset` on, or `default` if none can be read."""
    for line in read_lines(segment, offset, limit_bytes=1):
        try:
            return from_line(line.content).at_us
        except ValueError:
            break
    return default
