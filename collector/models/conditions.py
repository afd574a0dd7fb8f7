"""Conditions that the ORM has no words for."""

import json
from collections.abc import Iterable
from typing import Any

from django.db.models import BooleanField, F, Func, TextField, Value


class IsOneOf(Func):
    """Whether a column holds one of many whole numbers: one parameter, where `IN` would have one for each number."""

    output_field = BooleanField()

    def __init__(self, column: str, numbers: Iterable[int]) -> None:
        super().__init__(F(column), Value(json.dumps(list(numbers)), output_field=TextField()))

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        return self.as_sql(
            compiler, connection, template="%(expressions)s))", arg_joiner=" IN (SELECT value FROM json_each(", **extra
        )

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        return self.as_sql(
            compiler,
            connection,
            template="%(expressions)s::json) AS number)",
            arg_joiner=" IN (SELECT number::bigint FROM json_array_elements_text(",
            **extra,
        )
