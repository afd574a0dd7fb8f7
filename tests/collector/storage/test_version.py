"""A drain that is older than the database waits, and loses nothing."""

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection
from django.db.migrations.recorder import MigrationRecorder

from collector.models import Hit
from collector.spool.reader import segments
from collector.storage import drain as drain_module
from collector.storage.drain import Drain
from collector.storage.enrich import counting_pixels
from collector.storage.set_aside import SET_ASIDE_FILE
from collector.storage.version import NewerDatabaseError
from tests.hits import drain, hit, run_one_round, spool

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def newer_database():
    recorder = MigrationRecorder(connection)
    recorder.record_applied("collector", "9999_later")
    yield
    recorder.record_unapplied("collector", "9999_later")


def test_an_older_drain_stores_nothing_in_a_newer_database_until_it_is_upgraded(
    tmp_path, pixel, newer_database, caplog, settings
):
    settings.SPOOL_DIR = tmp_path
    spool(tmp_path, [hit(pixel)])

    run_one_round(tmp_path)
    with pytest.raises(CommandError, match="They stay in the spool"):
        call_command("drain", "--once")

    assert "A newer version of Footfall has migrated the database (9999_later)" in caplog.text
    assert not Hit.objects.exists()
    MigrationRecorder(connection).record_unapplied("collector", "9999_later")
    run_one_round(tmp_path)
    assert Hit.objects.count() == 1


def test_a_drain_looks_before_each_batch_and_keeps_lines_that_only_a_newer_version_can_read(
    tmp_path, pixel, newer_database
):
    spool(tmp_path, [hit(pixel, verdict=99)])

    with pytest.raises(NewerDatabaseError):
        Drain(tmp_path).drain_once()

    assert not (tmp_path / SET_ASIDE_FILE).exists()


def test_lines_that_a_newer_database_refuses_are_not_set_aside(tmp_path, pixel, monkeypatch):
    spool(tmp_path, [hit(pixel), hit(pixel)])

    def migrate(hits):  # after the drain has looked, and before its transaction
        MigrationRecorder(connection).record_applied("collector", "9999_later")
        return counting_pixels(hits)

    def refuse(hits):
        raise IntegrityError("null value in column of a newer version")

    with monkeypatch.context() as patch:
        patch.setattr(drain_module, "counting_pixels", migrate)
        patch.setattr(drain_module, "store", refuse)
        with pytest.raises(NewerDatabaseError):
            Drain(tmp_path).drain_once()
    assert not (tmp_path / SET_ASIDE_FILE).exists()
    assert len(segments(tmp_path)) == 1

    MigrationRecorder(connection).record_unapplied("collector", "9999_later")
    drain(tmp_path)
    assert Hit.objects.count() == 2
