import os
import threading
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from collector.models import DailySalt, Kind, Pixel, WindowSalt
from collector.storage import standby
from collector.storage.salts import dates_to_load
from collector.storage.standby import expire_regularly, expire_standby, read_standby, update_standby
from collector.storage.window_salts import windows_to_load
from tests.hits import run_one_round
from tests.programs import declared

pytestmark = pytest.mark.django_db(transaction=True)
NOW = timezone.now()


@pytest.fixture
def directory(tmp_path):
    return tmp_path / "spool"


def days_in_file(directory) -> set[str]:
    """Return the dates whose salts are in the file, expired ones too."""
    return set(standby._stored(directory / standby.NAME).salts)


def test_the_file_holds_live_pixels_and_the_committed_salts_and_only_its_owner_may_read_it(directory, project, pixel):
    project.excluded_networks = "192.0.2.0/24"
    project.sites = "Wiki: wiki.corp, wiki.example.org"
    project.save()
    Pixel.objects.create(project=project, title="Retired", retired_at=NOW)

    update_standby(directory, NOW)

    stored = read_standby(directory, NOW)
    assert stored.pixels == {pixel.token: (project.pk, "Europe/Berlin", "192.0.2.0/24", False, False, ("wiki.corp",))}
    assert stored.salts == {str(row.date): bytes(row.salt) for row in DailySalt.objects.all()}
    assert list(stored.salts) == dates_to_load(NOW)
    assert (directory / standby.NAME).stat().st_mode & 0o777 == 0o600


def test_the_file_tells_programs_and_those_that_are_declared_and_holds_no_declaration(directory, project):
    programs = [declared(project), Pixel.objects.create(project=project, title="Undeclared", kind=Kind.APP)]
    update_standby(directory, NOW)

    stored = read_standby(directory, NOW).pixels
    flags = [(stored[program.token].is_program, stored[program.token].is_declared) for program in programs]
    assert flags == [(True, True), (True, False)]
    assert "Paperclip" not in (directory / standby.NAME).read_text()


def test_the_salts_for_ids_of_other_sdks_are_in_it_where_a_program_may_need_them(directory, pixel, project):
    update_standby(directory, NOW)
    assert read_standby(directory, NOW).window_salts == {}
    declared(project)
    update_standby(directory, NOW)

    assert list(read_standby(directory, NOW).window_salts) == windows_to_load(NOW)
    assert WindowSalt.objects.count() == len(windows_to_load(NOW))
    expire_standby(directory, NOW + timedelta(days=60))
    assert standby._stored(directory / standby.NAME).window_salts == {}


def test_a_file_of_an_older_version_can_be_read(directory):
    directory.mkdir()
    (directory / standby.NAME).write_text('{"pixels": {"abcdefghijkmnpqrstuv": [1, "UTC", ""]}, "salts": {}}')
    assert read_standby(directory, NOW).pixels == {"abcdefghijkmnpqrstuv": (1, "UTC", "", False, False, ())}


def test_the_file_is_written_only_if_something_has_changed(directory, pixel, django_assert_num_queries):
    update_standby(directory, NOW)
    first = (directory / standby.NAME).stat()
    with django_assert_num_queries(2):
        update_standby(directory, NOW)
    assert (directory / standby.NAME).stat().st_ino == first.st_ino

    Pixel.objects.update(retired_at=NOW)
    update_standby(directory, NOW)
    assert (directory / standby.NAME).stat().st_ino != first.st_ino
    assert [path.name for path in directory.iterdir()] == [standby.NAME]


def test_expired_salts_leave_the_file_without_a_query(directory, pixel, django_assert_num_queries):
    update_standby(directory, NOW)
    [first, *_] = dates_to_load(NOW)

    with django_assert_num_queries(0):
        expire_standby(directory, NOW + timedelta(days=1))
        assert first in days_in_file(directory)
        expire_standby(directory, NOW + timedelta(days=4))

    assert first not in days_in_file(directory)
    assert read_standby(directory, NOW + timedelta(days=4)).pixels
    expire_standby(directory, NOW + timedelta(days=30))
    assert days_in_file(directory) == set()


def test_no_expired_salt_is_read_even_before_it_is_removed(directory, pixel):
    update_standby(directory, NOW)

    assert read_standby(directory, NOW + timedelta(days=30)).salts == {}
    assert days_in_file(directory)


def test_the_drain_removes_expired_salts_while_the_database_is_frozen(directory, pixel, monkeypatch):
    update_standby(directory, NOW)
    monkeypatch.setattr(standby.timezone, "now", lambda: NOW + timedelta(days=30))
    stop = threading.Event()
    stop.set()

    expire_regularly(directory, stop)

    assert days_in_file(directory) == set()


def test_purge_removes_expired_salts_from_the_file(directory, pixel, settings, monkeypatch):
    settings.SPOOL_DIR = directory
    update_standby(directory, NOW)
    monkeypatch.setattr(standby.timezone, "now", lambda: NOW + timedelta(days=30))

    call_command("purge")

    assert days_in_file(directory) == set()


def test_the_drain_keeps_the_file_up_to_date(directory, pixel):
    run_one_round(directory)

    assert pixel.token in read_standby(directory, NOW).pixels


def test_a_full_disk_keeps_the_former_file_unless_it_holds_an_expired_salt(directory, pixel, monkeypatch, caplog):
    update_standby(directory, NOW)

    def fail(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    Pixel.objects.update(retired_at=NOW)
    update_standby(directory, NOW)
    assert pixel.token in read_standby(directory, NOW).pixels

    expire_standby(directory, NOW + timedelta(days=4))
    assert list(directory.iterdir()) == []
    assert "No space left on device" in caplog.text


@pytest.mark.parametrize("content", [b"", b"{", b'{"salts": 7}', b"\xff" * 100])
def test_a_broken_file_is_like_none_and_is_replaced(directory, pixel, content):
    directory.mkdir()
    (directory / standby.NAME).write_bytes(content)
    assert read_standby(directory, NOW) == standby.Standby()

    update_standby(directory, NOW)
    assert pixel.token in read_standby(directory, NOW).pixels


def test_the_draft_of_a_process_that_was_killed_does_not_stay(directory, pixel):
    update_standby(directory, NOW)
    draft = directory / f"{standby.NAME}.4711"
    draft.write_bytes(b"{}")
    os.utime(draft, (NOW.timestamp(), NOW.timestamp()))
    expire_standby(directory, NOW)
    assert draft.exists()

    expire_standby(directory, NOW + timedelta(minutes=2))
    assert not draft.exists()
