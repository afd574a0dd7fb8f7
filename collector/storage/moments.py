"""Moments in SQL: microseconds since the epoch become what both databases read, and come back as numbers."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from django.db.models import BigIntegerField, Func


def moment_text(at_us: int) -> str:
    """Return a moment in UTC as both databases read it. Without a fraction if that is zero, as Django writes it."""
    seconds, fraction = divmod(at_us, 1_000_000)
    return f"{_second_text(seconds)}.{fraction:06}" if fraction else _second_text(seconds)


@lru_cache(maxsize=4096)
def _second_text(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}"


class EpochSecond(Func):
    """A moment in whole seconds since the epoch. A number comes out of a database ten times as fast as a datetime."""

    output_field = BigIntegerField()
    template = "FLOOR(EXTRACT(EPOCH FROM %(expressions)s))::bigint"

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        # Without the fraction: SQLite rounds to milliseconds, which would move 11:59:59.9999 into the next hour.
        template = "CAST(strftime('%%%%s', substr(%(expressions)s, 1, 19)) AS int)"
        return self.as_sql(compiler, connection, template=template, **extra)


class EpochMicrosecond(Func):
    """A moment in microseconds since the epoch."""

    output_field = BigIntegerField()
    template = "(EXTRACT(EPOCH FROM %(expressions)s) * 1000000)::bigint"

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        # The fraction has six digits, or there is none.
        template = (
            "(CAST(strftime('%%%%s', substr(%(expressions)s, 1, 19)) AS int) * 1000000"
            " + CAST(substr(%(expressions)s, 21, 6) AS int))"
        )
        return self.as_sql(compiler, connection, template=template, **extra)
