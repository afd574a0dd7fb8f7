"""System checks: what this machine needs before it can store hits."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from django.core.checks import Error, Tags, register
from django.db import connections

OLDEST_SQLITE = (3, 35)  # the first version with RETURNING, which tells new visitors from known ones


@register(Tags.database)
def sqlite_is_new_enough(databases: Sequence[str] | None = None, **kwargs: Any) -> list[Error]:
    """Report a version of SQLite that has no RETURNING."""
    on_sqlite = any(connections[alias].vendor == "sqlite" for alias in databases or ())
    if not on_sqlite or sqlite3.sqlite_version_info >= OLDEST_SQLITE:
        return []
    return [
        Error(
            f"SQLite {sqlite3.sqlite_version} is too old. Footfall needs 3.35 or newer.",
            hint="Use a Python that includes a newer SQLite, or set DATABASE_URL to a PostgreSQL database.",
            id="collector.E001",
        )
    ]
