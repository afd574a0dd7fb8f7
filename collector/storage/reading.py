"""Judge the ends of articles: how long their readers took from the start, and whether that is long enough to read.

An end belongs to the latest start of the same visitor on the same pixel and day. Spool files are drained in any order
and by several drains, so a start may be stored after its end. Therefore each visitor's starts and ends of the day are
remembered (`DailyVisitor`, `DailyReading`), and a start that comes late changes the ends after it. So the result is the
same as that of `judge_stored_ends`, which judges all raw hits of a project.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import NamedTuple

from django.db import connection
from django.db.models import Q, QuerySet

from collector.models import Hit, Pixel, Position, Project, Traffic, Verdict
from collector.storage import reading_sql
from collector.storage.bulk_sql import chunks
from collector.storage.countable import Countable, is_judged, is_visit, local_day_and_hour
from collector.storage.enrich import EnrichedHit
from collector.storage.moments import EpochMicrosecond, moment_text

# A start this much later than an end still belongs to it: of two images that a browser asks for at once, the second may
# be answered first, by another process.
EARLY_US = 1_000_000
CHUNK_ROWS = 5_000
_START, _END = int(Position.START), int(Position.END)
_DIRECT = int(Traffic.DIRECT)
_COUNTED, _TOO_SOON = int(Verdict.COUNTED), int(Verdict.TOO_SOON)
_UNJUDGED = (_COUNTED, None)


Reader = tuple[int, str, int, int]  # project, day, pixel and visitor: plain, because each end makes several


class StoredEnd(NamedTuple):
    """An end in the database: its reader, and what was decided about it."""

    reader: Reader
    id: int
    at_us: int
    platform: str
    verdict: int
    reading_seconds: int | None


_JudgedRow = tuple[str, int, int, int, int, int, int, int | None, int | None]  # local day, and the columns of `_rows`
Judgement = tuple[int, int | None]  # verdict and reading seconds
Replacement = tuple[Countable, Countable]  # of a stored end: what it counted, and what it counts now


def judgement(starts: Sequence[int], end_us: int, min_seconds: int) -> Judgement:
    """Judge an end by the moments of its reader's starts, which are sorted. All moments are in microseconds."""
    index = bisect_right(starts, end_us + EARLY_US)
    if not index:
        return _UNJUDGED
    seconds = max(0, end_us - starts[index - 1]) // 1_000_000
    return (_COUNTED if seconds >= min_seconds else _TOO_SOON), seconds


def remember(repeated: Iterable[EnrichedHit], ends: Iterable[EnrichedHit]) -> None:
    """Remember starts that are not in `DailyVisitor`, and ends. One statement, none without any."""
    rows = [
        (hit.project_id, hit.date, hit.pixel_id, hit.position, hit.visitor, hit.id, hit.at_us)
        for hits in (repeated, ends)
        for hit in hits
    ]
    rows.sort()  # an index takes rows faster in its own order
    reading_sql.insert(rows)


def judge(visits: Sequence[EnrichedHit], ends: Sequence[EnrichedHit]) -> list[Replacement]:
    """Judge the ends of a batch, and judge stored ends again that its visits change; return those that changed.

    `visits` are those with a visitor. All of them are remembered already. From now on until the end of the transaction,
    no other drain judges ends of these pixels with starts that it can't see. Two statements, up to eight with ends.
    """
    if connection.vendor == "postgresql":
        reading_sql.lock_pixels({hit.pixel_id for hit in visits}, {hit.pixel_id for hit in ends})
    own_ids = {end.id for end in ends}
    stored = _stored_ends([row for row in reading_sql.find_ends(_since(_late(visits))) if row[4] not in own_ids])
    readers = {_reader(end) for end in ends} | {end.reader for end in stored}
    if not readers:
        return []
    reading_sql.keep_latest_ends((end.project_id, end.date, end.pixel_id, end.at_us) for end in ends)
    starts = _starts(readers, visits)
    min_seconds = _min_seconds({pixel_id for _, _, pixel_id, _ in readers})
    for end in ends:
        reader = _reader(end)
        end.verdict, end.reading_seconds = judgement(starts.get(reader, ()), end.at_us, min_seconds[end.pixel_id])
    changes: list[tuple[StoredEnd, Judgement]] = []
    for stored_end in stored:
        reader = stored_end.reader
        new = judgement(starts.get(reader, ()), stored_end.at_us, min_seconds[reader[2]])
        if new != (stored_end.verdict, stored_end.reading_seconds):
            changes.append((stored_end, new))
    reading_sql.update_hits([(*new, end.reader[0], end.at_us, end.id) for end, new in changes])
    return [(_countable(end, (end.verdict, end.reading_seconds)), _countable(end, new)) for end, new in changes]


def judge_stored_ends(project: Project, since: datetime | None = None) -> None:
    """Judge the raw hits of a project again, by the minimum that applies now. The caller has opened a transaction.

    Hits before `since` stay as they are. Reads the visits of the pixels that have ends, a day at a time.
    """
    hits = Hit.objects.filter(project=project)
    if since is not None:
        hits = hits.filter(at__gte=since)
    judged = Q(position=_END, visitor__isnull=False, traffic=_DIRECT, verdict__in=(_COUNTED, _TOO_SOON))
    hits.filter(reading_seconds__isnull=False).exclude(judged).update(reading_seconds=None)
    pixels = hits.filter(judged).values_list("pixel_id", flat=True).distinct()
    min_seconds = _min_seconds(pixels)
    if not min_seconds:
        return
    for _, of_day in groupby(_rows(project, hits.filter(pixel_id__in=pixels)), key=lambda row: row[0]):
        starts: dict[tuple[int, int], list[int]] = defaultdict(list)
        ends = []
        for _, at_us, hit_id, pixel_id, position, traffic, verdict, visitor, seconds in of_day:
            if visitor is None or pixel_id not in min_seconds:
                continue  # the pixel was deleted: ends without a start count nowhere, and don't prevent that
            if is_visit(position, verdict, traffic):
                starts[pixel_id, visitor].append(at_us)
            elif is_judged(position, verdict, traffic, visitor):
                ends.append((at_us, hit_id, pixel_id, visitor, (verdict, seconds)))
        updates = []
        for at_us, hit_id, pixel_id, visitor, old in ends:
            new = judgement(starts.get((pixel_id, visitor), ()), at_us, min_seconds[pixel_id])
            if new != old:
                updates.append((*new, project.pk, at_us, hit_id))
        reading_sql.update_hits(updates)


def _rows(project: Project, hits: QuerySet[Hit]) -> Iterator[_JudgedRow]:
    """Yield those of the hits that have a visitor, with their local day, oldest first. One query, streamed."""
    of_visitors = hits.filter(visitor__isnull=False).order_by("at", "id")
    rows = of_visitors.annotate(at_us=EpochMicrosecond("at")).values_list(
        "at_us", "id", "pixel_id", "position", "traffic", "verdict", "visitor", "reading_seconds"
    )
    for row in rows.iterator(CHUNK_ROWS):
        yield (local_day_and_hour(row[0], project.timezone)[0], *row)


def _late(visits: Sequence[EnrichedHit]) -> list[EnrichedHit]:
    """Return the visits that are not after all ends that were stored before. One query."""
    pixel_days = {(visit.project_id, visit.date, visit.pixel_id) for visit in visits}
    latest = reading_sql.find_latest_ends(pixel_days)
    return [
        visit
        for visit in visits
        if visit.at_us - EARLY_US <= latest.get((visit.project_id, visit.date, visit.pixel_id), 0)
    ]


def _since(visits: Iterable[EnrichedHit]) -> list[tuple[int, str, int, int, int]]:
    """Return the reader of each visit, and from which moment on its ends may belong to one of these visits."""
    since: dict[Reader, int] = {}
    for visit in visits:
        reader = _reader(visit)
        since[reader] = min(since.get(reader, visit.at_us), visit.at_us)
    return [(*reader, at_us - EARLY_US) for reader, at_us in since.items()]


def _reader(hit: EnrichedHit) -> Reader:
    return (hit.project_id, hit.date, hit.pixel_id, hit.visitor or 0)


def _stored_ends(rows: Sequence[tuple[int, str, int, int, int, int]]) -> list[StoredEnd]:
    """Return ends with what was decided about them, from the rows of `find_ends`. Their hits stay locked."""
    at_and_reader = {(row[0], row[4]): (row[5], row[:4]) for row in rows}
    ends = []
    for project_id, hit_id, platform, verdict, seconds in reading_sql.lock_hits(
        [(row[0], moment_text(row[5]), row[4]) for row in rows]
    ):
        at_us, reader = at_and_reader[project_id, hit_id]
        ends.append(StoredEnd(reader, hit_id, at_us, platform, verdict, seconds))
    return ends


def _starts(readers: set[Reader], visits: Iterable[EnrichedHit]) -> Mapping[Reader, Sequence[int]]:
    """Return the moments of each reader's starts, sorted. One statement.

    A reader who is new with one of the `visits` of this batch has no other starts than these.
    """
    starts: dict[Reader, list[int]] = defaultdict(list)
    new_readers = set()
    for visit in visits:
        reader = _reader(visit)
        if reader in readers:
            starts[reader].append(visit.at_us)
            if visit.new_to_pixel:
                new_readers.add(reader)
    for project_id, day, pixel_id, visitor, at_us in reading_sql.find_starts(readers - new_readers):
        starts[project_id, day, pixel_id, visitor].append(at_us)
    for moments in starts.values():
        moments.sort()
    return starts


def _min_seconds(pixel_ids: Iterable[int]) -> dict[int, int]:
    """Return the minimum reading time of each pixel. One query for each 900 pixels."""
    pixels = Pixel.objects.select_related("project")
    return {
        pixel.pk: pixel.fewest_reading_seconds()
        for some_ids in chunks(pixel_ids)
        for pixel in pixels.filter(pk__in=some_ids)
    }


def _countable(end: StoredEnd, judgement: Judgement) -> Countable:
    """Return what an end counts, judged so. An end counts in nothing that needs the other facts."""
    (project_id, day, pixel_id, _), (verdict, seconds) = end.reader, judgement
    return Countable(
        project_id=project_id, pixel_id=pixel_id, date=day, hour="", position=_END,
        traffic=_DIRECT, verdict=verdict, platform=end.platform, page="", country="", language="", device="",
        browser="", os="", evidence=0, elsewhere="", has_visitor=True, reading_seconds=seconds,
    )  # fmt: skip
