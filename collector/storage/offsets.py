"""Which segments are stored, and the deletion of the offsets of segments that are gone.

Offsets are kept for a while, for what they say of hits that were lost.

If a segment came back after its row was deleted, its hits would not be stored twice as long as the first ones are kept:
their keys are taken. Its runs, and its reports whose raw reports are deleted, would count again. So a row stays while
its segment may wait on any collector.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

from collector.models import SpoolOffset
from collector.spool.losses import loss_files
from collector.spool.reader import segments
from collector.storage.bulk_sql import chunks
from collector.storage.collectors import FORGOTTEN_AFTER, waiting_since

LIFETIME = timedelta(days=90)  # much longer than a process writes to one segment, so its row is as old as its lines


def are_stored(directory: Path, ends: Mapping[str, int]) -> bool:
    """Whether the segments of a spool are stored up to their `ends`, in bytes. One query for each 900 segments."""
    waiting = [name for name, end in ends.items() if end and (directory / name).exists()]
    offsets = {
        name: offset
        for names in chunks(waiting)
        for name, offset in SpoolOffset.objects.filter(segment__in=names).values_list("segment", "offset_bytes")
    }
    return all(offsets.get(name, 0) >= ends[name] for name in waiting)


def delete_old_offsets(directory: Path, now: datetime) -> None:
    """Delete rows that nobody needs any more. Three queries, more for many rows."""
    waiting_day = waiting_since(directory, now, FORGOTTEN_AFTER)
    since = min(now, datetime.combine(waiting_day, time.min, UTC)) if waiting_day else now
    old = SpoolOffset.objects.filter(updated_at__lt=since - LIFETIME).values_list("segment", flat=True)
    present = {path.name for path in (*segments(directory), *loss_files(directory))}
    for names in chunks(set(old) - present):
        SpoolOffset.objects.filter(segment__in=names).delete()
