"""Whether the database was migrated by a newer version than this one, as while several collectors are upgraded.

A drain must not store then. It might leave out what the newer version counts; and where it leaves out a column, the
database refuses each of its lines, as if the lines were at fault. So hits wait in the spool until it is upgraded too.
"""

from functools import cache

from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from collector.storage.migration_lock import keep_migrations_away


class NewerDatabaseError(DatabaseError):
    """The database has migrations that this version doesn't know."""


@cache
def _known() -> frozenset[str]:
    return frozenset(name for app, name in MigrationLoader(None).disk_migrations if app == "collector")


def hold_version() -> None:
    """Keep migrations away until the caller's transaction ends. Raise DatabaseError if one runs or has run.

    Two queries on PostgreSQL, else one.
    """
    keep_migrations_away(connection)
    check_version()


def check_version() -> None:
    """Raise NewerDatabaseError if the database has migrations that this version doesn't know. One query."""
    applied = MigrationRecorder(connection).migration_qs.filter(app="collector").values_list("name", flat=True)
    if unknown := set(applied) - _known():
        raise NewerDatabaseError(
            f"A newer version of Footfall has migrated the database ({max(unknown)}). Upgrade this one, too."
        )
