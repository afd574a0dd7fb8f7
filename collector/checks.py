"""System checks: what this machine must have before hits can be taken in."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from django.core.checks import Error, Tags, register
from django.db import connections

OLDEST_SQLITE = (3, 35)  # the first with RETURNING, by which new visitors are told from old ones


@register(Tags.database)
def sqlite_is_new_enough(databases: Sequence[str] | None = None, **kwargs: Any) -> list[Error]:
    """Refuse an SQLite that can't tell new visitors from old ones."""
    on_sqlite = any(connections[alias].vendor == "sqlite" for alias in databases or ())
    if not on_sqlite or sqlite3.sqlite_version_info >= OLDEST_SQLITE:
        return []
    return [
        Error(
            f"SQLite {sqlite3.sqlite_version} is too old: 3.35 is needed.",
            hint="Run on a Python that brings a newer one, or name a PostgreSQL in DATABASE_URL.",
            id="collector.E001",
        )
    ]
