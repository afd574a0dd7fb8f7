import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from collector.models import Page
from collector.storage.retention import delete_expired

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif("connection.vendor != 'sqlite'", reason="a log of SQLite"),
]
URL = "https://blog.example/only-here-and-to-be-deleted"


def content(suffix: str = "") -> bytes:
    return Path(f"{connection.settings_dict['NAME']}{suffix}").read_bytes()


def test_after_the_hourly_deletion_neither_the_database_nor_its_log_has_what_was_deleted():
    Page.objects.create(url=URL, digest=b"d" * 16, host="blog.example")
    assert URL.encode() in content("-wal")
    delete_expired(timezone.now())  # no hit names it

    assert not Page.objects.exists()
    assert content("-wal") == b""
    assert URL.encode() not in content()
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout")
        assert cursor.fetchone() == (20_000,)


def test_nobody_who_reads_for_long_delays_the_drain():
    Page.objects.create(url=URL, digest=b"d" * 16, host="blog.example")
    with closing(sqlite3.connect(connection.settings_dict["NAME"])) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM collector_page").fetchall()
        delete_expired(timezone.now())
        assert content("-wal")
    delete_expired(timezone.now())
    assert content("-wal") == b""
