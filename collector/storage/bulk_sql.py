"""Many rows in one statement.

PostgreSQL gets each column as one JSON array and zips them: psycopg would adapt an array element by element, which
costs the drain more than all else it does with a row.
"""

from collections.abc import Sequence
from typing import Any

import msgspec


def columns_from_json(count: int) -> str:
    """Return SQL for a set of rows, in the order they are given, from `count` parameters of `json_columns`."""
    return f"ROWS FROM ({', '.join(['json_array_elements_text(%s)'] * count)})"


def json_columns(rows: Sequence[Sequence[Any]]) -> list[str]:
    """Return the columns of rows as JSON arrays, one parameter each."""
    return [msgspec.json.encode(column).decode() for column in zip(*rows, strict=True)]
