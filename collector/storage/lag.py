"""How far the drain is behind the web processes of this machine."""

from dataclasses import dataclass
from math import inf
from pathlib import Path

from collector.models import SpoolOffset
from collector.spool.line import SpooledHit
from collector.spool.reader import read_lines, segments

MOST_SECONDS = 600.0  # being behind is no reason to turn readers away, for their hits are kept; standing still is one


@dataclass(frozen=True, slots=True)
class Lag:
    """What waits in a spool, for how many seconds the oldest of it does, and when a drain last stored any of it."""

    bytes: int = 0
    seconds: float = 0.0
    idle_seconds: float = inf

    @property
    def stands_still(self) -> bool:
        return min(self.seconds, self.idle_seconds) > MOST_SECONDS


def lag(directory: Path, now_us: int) -> Lag:
    """Return how far the drain of a spool directory is behind. One query where there are segments."""
    found = segments(directory)
    if not found:
        return Lag()
    rows = SpoolOffset.objects.filter(segment__in=[segment.name for segment in found])
    offsets: dict[str, int] = {}
    waiting, oldest_us, stored_us = 0, now_us, -inf
    for name, offset, updated_at in rows.values_list("segment", "offset_bytes", "updated_at"):
        offsets[name] = offset
        stored_us = max(stored_us, updated_at.timestamp() * 1_000_000) if offset else stored_us
    for segment in found:
        offset = offsets.get(segment.name, 0)
        try:
            waiting += max(0, segment.stat().st_size - offset)
            oldest_us = min(oldest_us, _first_us(segment, offset, now_us))
        except FileNotFoundError:
            continue  # drained and deleted
    return Lag(waiting, (now_us - oldest_us) / 1_000_000, (now_us - stored_us) / 1_000_000)


def _first_us(segment: Path, offset: int, default: int) -> int:
    """Return the moment of the first hit from `offset` on, `default` where there is none that can be read."""
    for line in read_lines(segment, offset, limit_bytes=1):
        try:
            return SpooledHit.from_line(line.content).at_us
        except ValueError:
            break
    return default
