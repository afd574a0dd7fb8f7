"""Many rows in one statement, and many values in few.

PostgreSQL gets each column as one JSON array and joins the columns to rows. An ordinary array would be slower: psycopg
adapts it element by element, and that costs the drain more than everything else it does with a row.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

import msgspec

Item = TypeVar("Item")
# The parameters of one statement. SQLite allows 32,766, and before 3.32 999 (sqlite.org, Limits In SQLite, 9).
MAX_PARAMETERS = 900


def columns_from_json(count: int) -> str:
    """Return SQL for the rows of `json_columns`, in their order. `count` is the number of columns."""
    return f"ROWS FROM ({', '.join(['json_array_elements_text(%s)'] * count)})"


def json_columns(rows: Sequence[Sequence[Any]]) -> list[str]:
    """Return each column of the rows as one JSON array, to be one parameter of a statement."""
    return [msgspec.json.encode(column).decode() for column in zip(*rows, strict=True)]


def chunks(items: Iterable[Item], size: int = MAX_PARAMETERS) -> Iterator[list[Item]]:
    """Yield the items in lists of at most `size`. By default each is short enough for the `IN` of one statement."""
    remaining = iter(items)
    while chunk := list(islice(remaining, size)):
        yield chunk
