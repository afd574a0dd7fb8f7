"""Store enriched hits, their counts and the visitors of the day, in the caller's transaction.

All drains lock shared rows in the same order (pixels, then visitors, then counts, each sorted by key). So they may wait
for each other, but never deadlock.
"""

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from django.db import connection

from collector.models import Position
from collector.models.counts import WHOLE_PROJECT
from collector.storage.bulk_sql import columns_from_json, fetch_for_rows
from collector.storage.countable import is_judged
from collector.storage.counts import Counts
from collector.storage.enrich import EnrichedHit
from collector.storage.moments import moment_text
from collector.storage.own_visitors import mark_own
from collector.storage.reading import judge, remember

VisitorGroup = tuple[int, str, int]  # project, day, pixel or scope
SeenVisitor = tuple[int, str, int, int]  # the same, and the visitor
Sighting = tuple[int, str, int, int, int | None]  # the same, and the moment of the visit; None for whole projects

_START = int(Position.START)
COPY_ROWS = 500  # in one write
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_REMEMBERED_FIELDS = 4096
_COLUMNS = (
    "project_id", "at", "id", "visitor", "pixel_id", "user_agent_id", "page_id", "position", "traffic", "verdict",
    "evidence", "new_to_pixel", "new_to_project", "placement", "platform", "country", "language", "event", "version",
    "reading_seconds",
)  # fmt: skip
COPY_HITS = f"COPY collector_hit ({', '.join(_COLUMNS)}) FROM STDIN /* store.copy_hits */"
INSERT_HITS = f"""
    /* store.insert_hits */
    INSERT INTO collector_hit ({", ".join(_COLUMNS)}) VALUES ({", ".join(["%s"] * len(_COLUMNS))})
"""
LOCK_PIXELS = """
    /* store.lock_pixels */
    SELECT pixel.id FROM collector_pixel pixel JOIN collector_project project ON project.id = pixel.project_id
    WHERE pixel.id = ANY(%s) ORDER BY pixel.id FOR KEY SHARE
"""
FIND_PIXELS = """
    /* store.find_pixels */
    SELECT id FROM collector_pixel WHERE id IN (SELECT value FROM json_each(%s))
"""
CLAIM_POSTGRESQL = f"""
    /* store.claim_visitors */
    INSERT INTO collector_dailyvisitor (project_id, date, pixel_id, visitor, started_us)
    SELECT project_id::int, date::date, pixel_id::int, visitor::bigint, started_us::bigint
    FROM {columns_from_json(5)} AS row (project_id, date, pixel_id, visitor, started_us)
    ON CONFLICT DO NOTHING
    RETURNING project_id, date::text, pixel_id, visitor
"""
CLAIM_SQLITE = """
    /* store.claim_visitors */
    INSERT INTO collector_dailyvisitor (project_id, date, pixel_id, visitor, started_us)
    SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'),
           json_extract(value, '$[3]'), json_extract(value, '$[4]')
    FROM json_each(%s) WHERE true
    ON CONFLICT DO NOTHING
    RETURNING project_id, date || '', pixel_id, visitor
"""


def store(hits: Sequence[EnrichedHit]) -> Sequence[EnrichedHit]:
    """Store hits, add them to the counts, and return them. Hits of deleted pixels are left out.

    Some ten statements, however many hits. The caller has opened a transaction.
    """
    hits = _of_present_pixels(hits) if hits else hits
    if hits:
        mark_own(hits)
        _store_all(hits)
    return hits


def _store_all(hits: Sequence[EnrichedHit]) -> None:
    starts = [hit for hit in hits if hit.position == _START]
    others = [hit for hit in hits if hit.position != _START] if len(starts) < len(hits) else []
    visits = [hit for hit in starts if hit.visitor is not None and hit.is_visit]
    ends = [hit for hit in others if is_judged(hit.position, hit.verdict, hit.traffic, hit.visitor)]
    _flag_new_visitors(visits)
    remember((visit for visit in visits if not visit.new_to_pixel), ends)
    if connection.vendor == "postgresql":
        # Ends wait for their turn (`judge`): drains only wait for each other once they have stored everything else.
        before: Sequence[EnrichedHit] = starts if ends else hits
        after: Sequence[EnrichedHit] = others if ends else ()
    else:
        before, after = (), hits  # one drain writes at a time; in the order of time, the index is quickest
    _insert(before)
    replacements = judge(visits, ends)
    _insert(after)
    counts = Counts()
    for hit in hits:
        counts.add(hit)
    for former, new in replacements:
        counts.replace(former, new)
    counts.store()


def _of_present_pixels(hits: Sequence[EnrichedHit]) -> Sequence[EnrichedHit]:
    """Lock the pixels and their projects, so that none is deleted or counted again while its hits are stored.

    A foreign key would do the same with a check for each row.
    """
    pixel_ids = {hit.pixel_id for hit in hits}
    present = lock_pixels(pixel_ids)
    return hits if len(present) == len(pixel_ids) else [hit for hit in hits if hit.pixel_id in present]


def lock_pixels(pixel_ids: set[int]) -> set[int]:
    """Keep pixels and their projects from being deleted until the transaction ends; return those that exist."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(LOCK_PIXELS, [sorted(pixel_ids)])
        else:
            cursor.execute(FIND_PIXELS, [json.dumps(sorted(pixel_ids))])
        return {row[0] for row in cursor.fetchall()}


def _flag_new_visitors(visits: Sequence[EnrichedHit]) -> None:
    """Mark each visitor's first visit of the day, for its pixel and for its project. All `visits` have a visitor."""
    first: dict[VisitorGroup, dict[int, EnrichedHit]] = {}
    for hit in visits:
        visitor = hit.visitor or 0
        for pixel_id in (hit.pixel_id, WHOLE_PROJECT):
            group = (hit.project_id, hit.date, pixel_id)
            seen = first.get(group)
            if seen is None:
                seen = first[group] = {}
            if visitor not in seen:
                seen[visitor] = hit
    sightings: list[Sighting] = []
    for group in sorted(first):
        hits = first[group]
        if group[2] == WHOLE_PROJECT:
            sightings += [(*group, visitor, None) for visitor in sorted(hits)]
        else:
            sightings += [(*group, visitor, hits[visitor].at_us) for visitor in sorted(hits)]
    for project_id, day, pixel_id, visitor in _claim(sightings):
        hit = first[project_id, day, pixel_id][visitor]
        if pixel_id == WHOLE_PROJECT:
            hit.new_to_project = True
        else:
            hit.new_to_pixel = True


def _claim(sightings: list[Sighting]) -> list[SeenVisitor]:
    """Insert sightings, which are sorted by key, and return those that were not there before."""
    return fetch_for_rows(CLAIM_POSTGRESQL, CLAIM_SQLITE, sightings)


def _insert(hits: Sequence[EnrichedHit]) -> None:
    if not hits:
        return
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with connection.wrap_database_errors, cursor.copy(COPY_HITS) as copy:
                for start in range(0, len(hits), COPY_ROWS):
                    copy.write("".join([_copy_line(hit) for hit in hits[start : start + COPY_ROWS]]))
        else:
            rows: Any = map(_row, hits)  # made one by one: never all in memory
            cursor.executemany(INSERT_HITS, rows)


def _row(hit: EnrichedHit) -> tuple[Any, ...]:
    """Return the `_COLUMNS` of a hit, as SQLite reads them."""
    return (
        hit.project_id,
        moment_text(hit.at_us),
        hit.id,
        hit.visitor,
        hit.pixel_id,
        hit.user_agent_id,
        hit.page_id,
        hit.position,
        hit.traffic,
        hit.verdict,
        hit.evidence,
        hit.new_to_pixel,
        hit.new_to_project,
        hit.placement,
        hit.platform,
        hit.country,
        hit.language,
        "",
        "",
        hit.reading_seconds,
    )


def _copy_line(hit: EnrichedHit) -> str:
    """Return a hit as a line of COPY's text format (PostgreSQL's manual, COPY, File Formats)."""
    visitor = "\\N" if hit.visitor is None else hit.visitor
    agent = "\\N" if hit.user_agent_id is None else hit.user_agent_id
    page = "\\N" if hit.page_id is None else hit.page_id
    seconds = "\\N" if hit.reading_seconds is None else hit.reading_seconds
    return (
        f"{hit.project_id}\t{moment_text(hit.at_us)}\t{hit.id}\t{visitor}\t{hit.pixel_id}\t{agent}\t{page}\t"
        f"{hit.position}\t{hit.traffic}\t{hit.verdict}\t{hit.evidence}\t{hit.new_to_pixel}\t{hit.new_to_project}\t"
        f"{_field(hit.placement)}\t{_field(hit.platform)}\t{_field(hit.country)}\t{_field(hit.language)}\t\t\t{seconds}\n"
    )


@lru_cache(_REMEMBERED_FIELDS)
def _field(text: str) -> str:
    """Return a text as a field of COPY's text format."""
    return text.translate(_ESCAPES)
