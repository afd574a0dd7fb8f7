"""Statements that look up many rows by key, in tables that may be distributed over the workers of a Citus cluster.

Citus sends the rows that a statement brings along to all shards, and each shard reads all of them. So there, each shard
gets a statement with the rows of its own projects, which it names.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from functools import cache
from typing import Any

from django.db import connection

from collector.storage.bulk_sql import fetch_for_rows, json_columns

OF_SHARD = "project_id = ANY(%s)"  # in a statement for Citus: the projects of its rows
HAS_CITUS = "/* shards.has_citus */ SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus')"
_SHARD_OF_PROJECT: dict[int, int] = {}  # remembered
IS_DISTRIBUTED = """
    /* shards.is_distributed */
    SELECT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = 'collector_hit'::regclass AND partmethod = 'h')
"""
FIND_SHARDS = """
    /* shards.find */
    SELECT id, get_shard_id_for_distribution_column('collector_hit', id) FROM unnest(%s::int[]) AS project (id)
"""


def fetch_by_shard(for_postgresql: str, for_citus: str, for_sqlite: str, rows: Sequence[Sequence[Any]]) -> list[Any]:
    """Return what a statement returns for rows, which begin with their project. As `bulk_sql.fetch_for_rows`.

    On Citus one statement for each shard of these projects. Each `OF_SHARD` in it comes after all columns.
    """
    if not rows or not is_distributed():
        return fetch_for_rows(for_postgresql, for_sqlite, rows)
    fetched: list[Any] = []
    with connection.cursor() as cursor:
        for project_ids, of_shard in _by_shard(rows):
            cursor.execute(for_citus, json_columns(of_shard) + [project_ids] * for_citus.count(OF_SHARD))
            fetched += cursor.fetchall()
    return fetched


def is_distributed() -> bool:
    """Whether hits are distributed by project. No query if it is remembered, nor on SQLite."""
    return connection.vendor == "postgresql" and _is_distributed()


def forget() -> None:
    """Ask the database again next time: tables may have been distributed meanwhile, or shards split."""
    _is_distributed.cache_clear()
    _SHARD_OF_PROJECT.clear()


@cache
def _is_distributed() -> bool:
    with connection.cursor() as cursor:
        for sql in (HAS_CITUS, IS_DISTRIBUTED):
            cursor.execute(sql)
            if cursor.fetchone() != (True,):
                return False
    return True


def _by_shard(rows: Sequence[Sequence[Any]]) -> Iterator[tuple[list[int], list[Sequence[Any]]]]:
    """Yield the projects and rows of each shard. One query if a project is not remembered."""
    _remember_shards({row[0] for row in rows})
    by_shard: dict[int, list[Sequence[Any]]] = defaultdict(list)
    for row in rows:
        by_shard[_SHARD_OF_PROJECT[row[0]]].append(row)
    for shard in sorted(by_shard):
        yield sorted({row[0] for row in by_shard[shard]}), by_shard[shard]


def _remember_shards(project_ids: Collection[int]) -> None:
    if new := [project_id for project_id in project_ids if project_id not in _SHARD_OF_PROJECT]:
        with connection.cursor() as cursor:
            cursor.execute(FIND_SHARDS, [new])
            _SHARD_OF_PROJECT.update(cursor.fetchall())
