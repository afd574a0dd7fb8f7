"""Many rows in one statement, and many values in few.

PostgreSQL gets each column as one JSON array and joins the columns to rows. An ordinary array would be slower: psycopg
adapts it element by element, and that costs the drain more than everything else it does with a row.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

import msgspec
from django.db import InternalError, connection

Item = TypeVar("Item")
# The parameters of one statement. SQLite allows 32,766, and before 3.32 999 (sqlite.org, Limits In SQLite, 9).
MAX_PARAMETERS = 900
_KEY_ON_WORKER = re.compile(r"_pkey_\d+\b")  # of a shard


def columns_from_json(count: int) -> str:
    """Return SQL for the rows of `json_columns`, in their order. `count` is the number of columns."""
    return f"ROWS FROM ({', '.join(['json_array_elements_text(%s)'] * count)})"


def json_columns(rows: Sequence[Sequence[Any]]) -> list[str]:
    """Return each column of the rows as one JSON array, to be one parameter of a statement."""
    return [msgspec.json.encode(column).decode() for column in zip(*rows, strict=True)]


def write_rows(for_postgresql: str, for_sqlite: str, rows: Sequence[Sequence[Any]]) -> None:
    """Run a statement that writes rows. No statement without any.

    PostgreSQL runs it once, with `json_columns`; bytes are in base64 there. SQLite runs it for each row.
    """
    if not rows:
        return
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(for_postgresql, json_columns(rows))
        else:
            cursor.executemany(for_sqlite, rows)


def fetch_for_rows(
    for_postgresql: str, for_sqlite: str, rows: Sequence[Sequence[Any]], *for_postgresql_too: Any
) -> list[Any]:
    """Return what a statement returns for rows. One statement, none without any.

    PostgreSQL gets `json_columns` and what else is given, SQLite one JSON array of all rows.
    """
    if not rows:
        return []
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(for_postgresql, [*json_columns(rows), *for_postgresql_too])
        else:
            cursor.execute(for_sqlite, [msgspec.json.encode(rows).decode()])
        fetched: list[Any] = cursor.fetchall()
    return fetched


def is_duplicate_on_worker(error: InternalError) -> bool:
    """Whether a worker of a Citus cluster refused a row because its key is there already.

    Citus copies rows to its workers, and passes on what they say without its code (`ReportCopyError` in its
    `commands/multi_copy.c`). The name of the violated key is the same in every language.
    """
    return _KEY_ON_WORKER.search(str(error)) is not None


def chunks(items: Iterable[Item], size: int = MAX_PARAMETERS) -> Iterator[list[Item]]:
    """Yield the items in lists of at most `size`. By default each is short enough for the `IN` of one statement."""
    remaining = iter(items)
    while chunk := list(islice(remaining, size)):
        yield chunk
