"""Many rows in one statement.

PostgreSQL gets each column as one JSON array and joins the columns to rows. An ordinary array would be slower: psycopg
adapts it element by element, and that costs the drain more than everything else it does with a row.
"""

from collections.abc import Sequence
from typing import Any

import msgspec


def columns_from_json(count: int) -> str:
    """Return SQL for the rows of `json_columns`, in their order. `count` is the number of columns."""
    return f"ROWS FROM ({', '.join(['json_array_elements_text(%s)'] * count)})"


def json_columns(rows: Sequence[Sequence[Any]]) -> list[str]:
    """Return each column of the rows as one JSON array, to be one parameter of a statement."""
    return [msgspec.json.encode(column).decode() for column in zip(*rows, strict=True)]
