"""The tables of raw hits on PostgreSQL, for tests that change them."""

from importlib import import_module

from django.db import connection

MIGRATION = import_module("collector.migrations.0025_hits_by_month")


def to_months() -> None:
    """Run the migration alone: the executor takes a second to load all others."""
    MIGRATION.to_months(None, connection.schema_editor(atomic=False))


def to_one_table() -> None:
    MIGRATION.to_one_table(None, connection.schema_editor(atomic=False))


def tables_of_hits() -> dict[str, int]:
    """Return how many hits are in which table."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tableoid::regclass::text, count(*) FROM collector_hit GROUP BY 1 ORDER BY 1")
        return dict(cursor.fetchall())
