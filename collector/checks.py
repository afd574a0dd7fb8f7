"""System checks: what this machine and the settings need before Footfall can store hits and show them."""

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

from django.conf import settings
from django.core.checks import Error, Tags, register
from django.db import connections
from django.urls import URLPattern, URLResolver, get_resolver

from collector.intake.door_targets import FIRST_PARTS
from collector.intake.prefix import prefix

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


@register(Tags.urls)
def public_path_is_free(**kwargs: Any) -> list[Error]:
    """Report a path in PUBLIC_URL that begins like a path of ours: nobody could tell whether a proxy removed it."""
    first = prefix().lower()[1:].partition("/")[0]
    ours = {"p", "e", "static", *FIRST_PARTS, *_beginnings(get_resolver().url_patterns)}
    if first not in ours:
        return []
    return [
        Error(
            f"PUBLIC_URL is {settings.PUBLIC_URL}, but Footfall has pages below /{first} itself.",
            hint="Use another path, such as /footfall, in PUBLIC_URL and in the reverse proxy.",
            id="collector.E002",
        )
    ]


def _beginnings(patterns: Sequence[URLPattern | URLResolver]) -> Iterator[str]:
    """Yield the first part of each path, without slashes."""
    for pattern in patterns:
        first = str(pattern.pattern).partition("/")[0]
        if first:
            yield first
        elif isinstance(pattern, URLResolver):
            yield from _beginnings(pattern.url_patterns)
