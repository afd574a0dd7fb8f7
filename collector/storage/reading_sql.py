"""The statements of `reading`: what is remembered of readers, and their ends among the hits."""

from collections.abc import Collection, Iterable, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.db import connection

from collector.models import Position
from collector.storage.bulk_sql import columns_from_json, fetch_for_rows, json_columns, write_rows
from collector.storage.moments import moment_text
from collector.storage.shards import OF_SHARD, fetch_by_shard

PixelDay = tuple[int, str, int]  # project, day, pixel
ReaderSince = tuple[int, str, int, int, int]  # project, day, pixel, visitor, moment
EndRow = tuple[int, str, int, int, int, int]  # project, day, pixel, visitor, id, moment

_LOCK_CLASS = 0x0F00  # of our advisory locks
_COLUMNS = "project_id, date, pixel_id, position, visitor, id, at_us"
_INSERT = f"""
    /* reading.insert */
    INSERT INTO collector_dailyreading ({_COLUMNS})
    {{rows}}
"""
_ROWS_POSTGRESQL = f"""
    SELECT project_id::int, date::date, pixel_id::int, position::smallint, visitor::bigint, id::bigint, at_us::bigint
    FROM {columns_from_json(7)} AS row ({_COLUMNS})
"""
_ROWS_SQLITE = "VALUES (%s, %s, %s, %s, %s, %s, %s)"
INSERT_POSTGRESQL, INSERT_SQLITE = _INSERT.format(rows=_ROWS_POSTGRESQL), _INSERT.format(rows=_ROWS_SQLITE)
LOCK_PIXELS = f"""
    /* reading.lock_pixels */
    SELECT CASE WHEN has_ends THEN pg_advisory_xact_lock({_LOCK_CLASS}, id)::text
        ELSE pg_advisory_xact_lock_shared({_LOCK_CLASS}, id)::text END
    FROM (
        SELECT id::int, has_ends::boolean FROM {columns_from_json(2)} AS row (id, has_ends) ORDER BY id::int
    ) AS pixel
"""
_READERS_POSTGRESQL = f"""(
        SELECT project_id::int, date::date, pixel_id::int, visitor::bigint, at_us::bigint
        FROM {columns_from_json(5)} AS row (project_id, date, pixel_id, visitor, at_us)
    ) AS reader"""
_READERS_SQLITE = """(
        SELECT json_extract(value, '$[0]') AS project_id, json_extract(value, '$[1]') AS date,
            json_extract(value, '$[2]') AS pixel_id, json_extract(value, '$[3]') AS visitor,
            json_extract(value, '$[4]') AS at_us
        FROM json_each(%s)
    ) AS reader"""
_OF_READER = """stored.project_id = reader.project_id AND stored.date = reader.date
        AND stored.pixel_id = reader.pixel_id AND stored.visitor = reader.visitor"""
# On Citus, with all rows in one shard, each reader is looked up by index: the statistics of a shard may not know yet
# how many rows a new project has, and a join in another order would take minutes then.
_ANYWHERE = {"each": "", "of_shard": "", "end": ""}
_IN_ONE_SHARD = {
    "each": "LATERAL (SELECT stored.* FROM ",
    "of_shard": f"stored.{OF_SHARD} AND ",
    "end": " OFFSET 0) AS stored",
}
_READER = "stored.project_id, {date}, stored.pixel_id, stored.visitor"
FIND_ENDS = f"""
    /* reading.find_ends */
    SELECT {_READER}, stored.id, stored.at_us
    FROM {{readers}} CROSS JOIN {{each}}collector_dailyreading AS stored
    WHERE {{of_shard}}{_OF_READER} AND stored.position = {int(Position.END)} AND stored.at_us >= reader.at_us
        AND stored.id <> 0{{end}}
"""
# The latest end of a pixel on a day is kept in a row of its own, under no visitor and no hit: most starts are after it,
# and have no ends to look for.
_OF_PIXEL_DAY = f"""stored.project_id = reader.project_id AND stored.date = reader.date
        AND stored.pixel_id = reader.pixel_id AND stored.position = {int(Position.END)} AND stored.visitor = 0
        AND stored.id = 0"""
FIND_LATEST_ENDS = f"""
    /* reading.find_latest_ends */
    SELECT stored.project_id, {{date}}, stored.pixel_id, stored.at_us
    FROM {{readers}} CROSS JOIN {{each}}collector_dailyreading AS stored
    WHERE {{of_shard}}{_OF_PIXEL_DAY}{{end}}
"""
_KEEP_LATEST_END = f"""
    /* reading.keep_latest_end */
    INSERT INTO collector_dailyreading ({_COLUMNS})
    {{rows}}
    ON CONFLICT (project_id, date, pixel_id, position, visitor, id) DO UPDATE SET at_us = excluded.at_us
    WHERE collector_dailyreading.at_us < excluded.at_us
"""
KEEP_LATEST_END_POSTGRESQL = _KEEP_LATEST_END.format(rows=_ROWS_POSTGRESQL)
KEEP_LATEST_END_SQLITE = _KEEP_LATEST_END.format(rows=_ROWS_SQLITE)
FIND_STARTS = f"""
    /* reading.find_starts */
    WITH reader AS MATERIALIZED (SELECT * FROM {{readers}})
    SELECT {_READER}, stored.started_us
    FROM reader CROSS JOIN {{each}}collector_dailyvisitor AS stored
    WHERE {{of_shard}}{_OF_READER} AND stored.started_us IS NOT NULL{{end}}
    UNION ALL
    SELECT {_READER}, stored.at_us
    FROM reader CROSS JOIN {{each}}collector_dailyreading AS stored
    WHERE {{of_shard}}{_OF_READER} AND stored.position = {int(Position.START)}{{end}}
"""
# One project, because Citus locks rows in one shard only. The moments of the first and the last hit let the planner see
# that it needs one or two of the partitions.
LOCK_HITS = f"""
    /* reading.lock_hits */
    SELECT hit.project_id, hit.id, hit.platform, hit.verdict, hit.reading_seconds
    FROM (
        SELECT at::timestamptz, id::bigint FROM {columns_from_json(2)} AS row (at, id)
    ) AS ending JOIN collector_hit AS hit ON hit.at = ending.at AND hit.id = ending.id
    WHERE hit.project_id = %s AND hit.at BETWEEN %s AND %s
    ORDER BY hit.at, hit.id
    FOR UPDATE OF hit
"""
FIND_HITS = """
    /* reading.find_hits */
    SELECT hit.project_id, hit.id, hit.platform, hit.verdict, hit.reading_seconds
    FROM json_each(%s) CROSS JOIN collector_hit AS hit
    WHERE hit.project_id = json_extract(value, '$[0]') AND hit.at = json_extract(value, '$[1]')
        AND hit.id = json_extract(value, '$[2]')
"""
# One project and two moments: see LOCK_HITS. To update hit by hit took longer, mostly to plan it. Citus refuses to cast
# text to a moment here, because that depends on settings; `to_timestamp` does not.
UPDATE_HITS = f"""
    /* reading.update_hits */
    UPDATE collector_hit AS hit SET verdict = judged.verdict, reading_seconds = judged.seconds
    FROM (
        SELECT verdict::smallint, seconds::int, to_timestamp(at_us::float8 / 1000000) AS at, id::bigint
        FROM {columns_from_json(4)} AS row (verdict, seconds, at_us, id)
    ) AS judged
    WHERE hit.project_id = %s AND hit.at = judged.at AND hit.id = judged.id AND hit.at BETWEEN %s AND %s
"""
UPDATE_HIT = """
    /* reading.update_hit */
    UPDATE collector_hit SET verdict = %s, reading_seconds = %s WHERE project_id = %s AND at = %s AND id = %s
"""


def insert(rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows of `_COLUMNS`."""
    write_rows(INSERT_POSTGRESQL, INSERT_SQLITE, rows)


def keep_latest_ends(ends: Iterable[tuple[int, str, int, int]]) -> None:
    """Store the moment of the latest end of each pixel and day, where it is later than the stored one.

    `ends` have their project, day, pixel and moment. One statement, none without ends.
    """
    latest: dict[PixelDay, int] = {}
    for project_id, day, pixel_id, at_us in ends:
        pixel_day = (project_id, day, pixel_id)
        latest[pixel_day] = max(latest.get(pixel_day, 0), at_us)
    rows = [(*pixel_day, int(Position.END), 0, 0, at_us) for pixel_day, at_us in sorted(latest.items())]
    write_rows(KEEP_LATEST_END_POSTGRESQL, KEEP_LATEST_END_SQLITE, rows)


def find_latest_ends(pixel_days: Iterable[PixelDay]) -> dict[PixelDay, int]:
    """Return the moment of the latest end of each pixel and day that has any."""
    rows = _of_readers(FIND_LATEST_ENDS, [(*pixel_day, 0, 0) for pixel_day in pixel_days])
    return {(project_id, day, pixel_id): at_us for project_id, day, pixel_id, at_us in rows}


def lock_pixels(with_visits: Collection[int], with_ends: Collection[int]) -> None:
    """Let no other drain store ends of these pixels until this transaction ends, nor visits of those with ends.

    These are advisory locks, in the order of their ids: nobody who edits a pixel waits for them. PostgreSQL only.
    """
    rows = [(pixel_id, pixel_id in with_ends) for pixel_id in sorted({*with_visits, *with_ends})]
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(LOCK_PIXELS, json_columns(rows))


def find_ends(readers: Sequence[ReaderSince]) -> list[EndRow]:
    """Return the remembered ends of these readers since the moment of each."""
    return _of_readers(FIND_ENDS, readers)


def find_starts(readers: Iterable[tuple[int, str, int, int]]) -> list[tuple[int, str, int, int, int]]:
    """Return the remembered starts of these readers, each with its moment."""
    return _of_readers(FIND_STARTS, [(*reader, 0) for reader in readers])


def lock_hits(keys: Sequence[tuple[int, str, int]]) -> list[tuple[int, int, str, int, int | None]]:
    """Return project, id, platform, verdict and reading seconds of hits, which stay locked.

    On PostgreSQL one query for each project, else one; none without keys.
    """
    if connection.vendor != "postgresql":
        return fetch_for_rows("", FIND_HITS, keys)
    rows: list[Any] = []
    with connection.cursor() as cursor:
        for project_id, of_project in groupby(sorted(keys), key=itemgetter(0)):
            hits = [(at, hit_id) for _, at, hit_id in of_project]
            moments = [at for at, _ in hits]
            cursor.execute(LOCK_HITS, [*json_columns(hits), project_id, min(moments), max(moments)])
            rows += cursor.fetchall()
    return rows


def update_hits(rows: Sequence[tuple[int, int | None, int, int, int]]) -> None:
    """Set verdict and reading seconds of hits, which project, moment in microseconds and id name.

    On PostgreSQL one statement for each project.
    """
    if not rows:
        return
    with connection.cursor() as cursor:
        if connection.vendor != "postgresql":
            cursor.executemany(UPDATE_HIT, [(*row[:3], moment_text(row[3]), row[4]) for row in rows])
            return
        for project_id, of_project in groupby(sorted(rows, key=itemgetter(2)), key=itemgetter(2)):
            hits = [(verdict, seconds, at_us, hit_id) for verdict, seconds, _, at_us, hit_id in of_project]
            moments = [moment_text(at_us) for _, _, at_us, _ in hits]
            cursor.execute(UPDATE_HITS, [*json_columns(hits), project_id, min(moments), max(moments)])


def _of_readers(statement: str, readers: Sequence[ReaderSince]) -> list[Any]:
    return fetch_by_shard(
        statement.format(readers=_READERS_POSTGRESQL, date="stored.date::text", **_ANYWHERE),
        statement.format(readers=_READERS_POSTGRESQL, date="stored.date::text", **_IN_ONE_SHARD),
        statement.format(readers=_READERS_SQLITE, date="stored.date || ''", **_ANYWHERE),
        readers,
    )
