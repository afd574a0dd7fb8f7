"""A backup of hits in partitions by month: they come back as they were, and go on."""

import threading
from datetime import UTC, datetime

import pytest
from django.core.management import call_command
from django.db import connection

from collector.models import Hit
from collector.operations import snapshots
from collector.operations.backup import back_up
from collector.operations.progress import Progress
from collector.storage.hit_months import drop_months, expired_months, make_months, partitions
from tests.collector.operations.installation import fresh_installation, stored_numbers
from tests.collector.storage.hit_tables import tables_of_hits
from tests.hits import drain, hit, spool

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgresql]
BEFORE_MONTHS = "0024_collectors"
JANUARY = datetime(2031, 1, 20, tzinfo=UTC)
AGES_AGO, IN_JANUARY, IN_APRIL = "2020-01-01T00:00", "2031-01-31T23:59", "2031-04-01T00:00"


@pytest.fixture
def hits_of_months(months, spool_dir, pixel):
    """Three stored hits: in the first partition, in that of a month, and in the default one."""
    make_months(JANUARY)
    moments = (AGES_AGO, IN_JANUARY, IN_APRIL)
    spool(spool_dir, [hit(pixel, at, placement=str(number)) for number, at in enumerate(moments)])
    drain(spool_dir)


def test_months_come_back_and_more_are_made_ahead(tmp_path, settings, hits_of_months, pixel):
    before = partitions(), tables_of_hits()
    back_up(tmp_path / "b.tar", Progress(len))

    with fresh_installation(tmp_path / "fresh", settings):
        call_command("restore", tmp_path / "b.tar")
        assert [part[:3] for part in partitions().ranges] == [part[:3] for part in before[0].ranges]
        assert tables_of_hits() == before[1]
        assert make_months(datetime(2031, 2, 1, tzinfo=UTC)) == 1
        spool(settings.SPOOL_DIR, [hit(pixel, IN_APRIL, placement="3")])
        drain(settings.SPOOL_DIR)
        assert tables_of_hits()["collector_hit_2031_04"] == 2
        assert "collector_hit_default" not in tables_of_hits()
        assert stored_numbers() == dict.fromkeys(range(4), 1)


def test_a_backup_from_before_the_months_gets_them(tmp_path, settings, hits_of_months):
    call_command("migrate", "collector", BEFORE_MONTHS, verbosity=0)
    try:
        back_up(tmp_path / "b.tar", Progress(len))
    finally:
        call_command("migrate", verbosity=0)

    with fresh_installation(tmp_path / "fresh", settings):
        call_command("restore", tmp_path / "b.tar")
        assert partitions().default
        assert stored_numbers() == dict.fromkeys(range(3), 1)


def test_no_month_is_dropped_from_under_a_backup(tmp_path, settings, hits_of_months, monkeypatch):
    monkeypatch.setattr("collector.storage.hit_months.LOCK_TIMEOUT", "50ms")
    dropped = []

    def drop():
        dropped.append(drop_months(expired_months(datetime(2031, 3, 1, tzinfo=UTC))))
        connection.close()

    def contents_of(*arguments):
        thread = threading.Thread(target=drop)
        thread.start()
        thread.join()
        return original(*arguments)

    original = snapshots.contents_of
    monkeypatch.setattr(snapshots, "contents_of", contents_of)
    back_up(tmp_path / "b.tar", Progress(len))
    assert dropped == [0]
    assert Hit.objects.count() == 3

    with fresh_installation(tmp_path / "fresh", settings):
        call_command("restore", tmp_path / "b.tar")
        assert stored_numbers() == dict.fromkeys(range(3), 1)
