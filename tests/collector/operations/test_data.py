import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings as real_settings
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder

from collector.models import Upkeep
from collector.operations import last_backup
from collector.operations.checks import data
from collector.operations.checks.finding import Level, Situation

pytestmark = pytest.mark.django_db

OK, WARNING, PROBLEM = Level
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_a_database_that_is_away_is_a_problem(monkeypatch):
    assert data.database(Situation()).level == OK

    def refuse():
        raise OperationalError('connection to server at "db", port 5432 failed\nIs the server running?')

    monkeypatch.setattr(connection, "ensure_connection", refuse)

    finding = data.database(Situation())

    assert finding.level == PROBLEM
    assert finding.text == 'The database can\'t be used: connection to server at "db", port 5432 failed.'


@pytest.mark.skipif(connection.vendor != "sqlite", reason="a file of SQLite")
@pytest.mark.parametrize(("kind", "level"), [("ext4", OK), ("nfs4", PROBLEM), ("cifs", PROBLEM)])
def test_sqlite_on_a_network_file_system_is_a_problem(monkeypatch, tmp_path, kind, level):
    mounts = tmp_path / "mountinfo"
    directory = Path(connection.settings_dict["NAME"]).parent
    monkeypatch.setitem(real_settings.DATABASES["default"], "NAME", str(directory / "db.sqlite3"))
    mounts.write_text(
        f"35 21 0:44 / {directory.resolve()} rw,relatime shared:1 - {kind} server:/share rw\n"
        "21 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
        "36 21 0:45 / /elsewhere rw - nfs4 server:/other rw\n"
    )
    monkeypatch.setattr(data, "MOUNTS", mounts)

    assert data.database(Situation()).level == level


def test_migrations_that_are_missing_or_newer_are_a_problem():
    assert data.migrations(Situation()).level == OK
    recorder = MigrationRecorder(connection)
    recorder.record_applied("collector", "9999_of_next_year")
    assert "newer version" in data.migrations(Situation()).text
    recorder.record_unapplied("collector", "9999_of_next_year")
    last = recorder.migration_qs.filter(app="collector").order_by("name").last()
    recorder.record_unapplied("collector", last.name)
    assert data.migrations(Situation()).text == "1 migration not applied."


@pytest.mark.postgresql
def test_clocks_that_differ_are_a_problem(monkeypatch):
    assert data.clock(Situation()).level == OK

    class Ahead(datetime):
        @classmethod
        def now(cls, zone=None):
            return datetime.now(zone) + timedelta(seconds=200)

    monkeypatch.setattr(data, "datetime", Ahead)
    assert "3 minutes apart" in data.clock(Situation()).text


@pytest.mark.parametrize(
    ("upkeep", "level", "text"),
    [
        (None, OK, "Nothing had to be deleted"),
        ({"trusted_at": NOW - timedelta(minutes=40)}, OK, "40 minutes ago"),
        ({"trusted_at": NOW - timedelta(hours=5)}, WARNING, "5 hours ago"),
        ({"trusted_at": NOW, "refused_at": NOW - timedelta(days=1)}, PROBLEM, "kept since 2026-11-21 12:00 UTC"),
    ],
)
def test_deletion_that_stopped_is_noticed(upkeep, level, text):
    if upkeep:
        Upkeep.objects.create(**upkeep)

    finding = data.deletion(Situation(NOW))

    assert finding.level == level
    assert text in finding.text


@pytest.mark.parametrize(
    ("content", "level", "text"),
    [
        (None, WARNING, "No backup was made"),
        ("{", WARNING, "No backup was made"),
        (json.dumps({"at": (NOW - timedelta(hours=9)).isoformat(), "path": "/b.tar"}), OK, "9 hours ago"),
        (json.dumps({"at": (NOW - timedelta(days=3)).isoformat(), "path": "/b.tar"}), WARNING, "3 days ago"),
    ],
)
def test_a_missing_or_old_backup_is_noticed(settings, tmp_path, content, level, text):
    settings.DATA_DIR = tmp_path
    if content:
        (tmp_path / last_backup.NAME).write_text(content)

    finding = data.backup(Situation(NOW))

    assert finding.level == level
    assert text in finding.text


def test_static_files_of_another_version_are_noticed(settings, tmp_path):
    settings.STATIC_ROOT = tmp_path / "static"
    assert "static files missing" in data.static_files(Situation()).text
    shutil.copytree(settings.BASE_DIR / "static", settings.STATIC_ROOT)
    assert data.static_files(Situation()).level == OK
    (settings.STATIC_ROOT / "css" / "site.css").write_text("body {}")
    assert "1 static file missing or of another version" in data.static_files(Situation()).text
    settings.DEBUG = True
    assert data.static_files(Situation()) is None


def test_wrong_settings_are_noticed(settings):
    assert data.settings_of_site(Situation()).level == OK
    settings.FORCE_SCRIPT_NAME = "/static"
    assert "Footfall has pages below /static itself" in data.settings_of_site(Situation()).text
    settings.DEBUG = True
    assert "DEBUG is on" in data.settings_of_site(Situation()).text


@pytest.mark.postgresql
def test_months_of_hits_that_are_not_made_ahead_are_told():
    assert data.months(Situation()).level == OK
    finding = data.months(Situation(datetime(2031, 12, 31, tzinfo=UTC)))
    assert finding.level == WARNING
    assert finding.text.startswith("Raw hits from 2031-12 on have no partition of their own.")
