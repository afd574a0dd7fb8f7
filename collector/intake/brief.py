"""Statements that give up early: for requests that somebody waits for, while a migration may hold the tables' locks."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

BRIEF_POSTGRESQL = "/* brief.statements */ SET LOCAL statement_timeout = 2000"
BRIEF_SQLITE = "PRAGMA busy_timeout = 2000"


@contextmanager
def brief_statements() -> Iterator[None]:
    """Let statements fail after two seconds, on a connection that is used for nothing else.

    A server that is frozen does not notice. Wait in a thread, never in a request.
    """
    if connection.vendor == "postgresql":
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(BRIEF_POSTGRESQL)
            yield
        return
    # No transaction here: it would take SQLite's only write lock and wait for the drain. Reads never wait.
    with connection.cursor() as cursor:
        cursor.execute(BRIEF_SQLITE)
    yield
