import os
import resource
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from django.core.cache.backends.base import BaseCache

from collector.operations.checks import machine
from collector.operations.checks.finding import Level, Situation
from tests.collector.intake.test_clients import mmdb_for_every_address

OK, WARNING, PROBLEM = Level
GB = 1000**3
BUILT = 1  # second since the epoch, as `mmdb_for_every_address` says


@pytest.fixture
def data_dir(settings, tmp_path):
    settings.DATA_DIR = tmp_path / "data"
    (settings.DATA_DIR / "spool").mkdir(parents=True, mode=0o700)
    settings.DATA_DIR.chmod(0o700)
    (settings.DATA_DIR / "spool").chmod(0o700)
    return settings.DATA_DIR


@pytest.mark.parametrize(
    ("free", "total", "files", "level"),
    [
        (50 * GB, 100 * GB, 1_000_000, OK),
        (50 * GB, 100 * GB, 0, OK),  # as on btrfs
        (4 * GB, 100 * GB, 1_000_000, WARNING),
        (0.2 * GB, 100 * GB, 1_000_000, PROBLEM),
        (50 * GB, 100 * GB, 99, WARNING),
    ],
)
def test_a_disk_must_have_room_for_bytes_and_files(monkeypatch, free, total, files, level):
    disk = SimpleNamespace(f_frsize=1, f_bavail=int(free), f_blocks=total, f_files=files and 10_000_000, f_favail=files)
    monkeypatch.setattr("os.statvfs", lambda path: disk)

    finding = machine.disk(Situation())

    assert finding.level == level
    assert ("99 more files" in finding.text) == (files == 99)


@pytest.mark.parametrize("name", [".", "secret_key", "spool/a.jsonl"])
def test_data_that_others_can_open_is_a_problem(data_dir, name):
    for file in ("secret_key", "spool/a.jsonl"):
        (data_dir / file).touch(mode=0o600)
    (data_dir / "link").symlink_to("/etc/hosts")
    assert machine.rights(Situation()).level == OK
    (data_dir / name).chmod(0o640 if name != "." else 0o755)

    finding = machine.rights(Situation())

    assert (finding.level, "Other users can open" in finding.text) == (PROBLEM, True)


def test_files_of_another_user_are_a_problem(data_dir, monkeypatch):
    user = os.geteuid()
    monkeypatch.setattr("os.geteuid", lambda: user + 1)

    assert "belongs to another user" in machine.rights(Situation()).text


@pytest.mark.parametrize(
    ("text", "mode", "level"),
    [
        ("SECRET_KEY=abc", 0o644, WARNING),
        ("SECRET_KEY=abc", 0o640, OK),
        ("# SECRET_KEY=\nPUBLIC_URL=https://a.example", 0o644, OK),
    ],
)
def test_settings_with_secrets_are_not_for_everybody(data_dir, monkeypatch, tmp_path, text, mode, level):
    file = tmp_path / "env"
    file.write_text(text)
    file.chmod(mode)
    monkeypatch.setenv("ENV_FILE", str(file))

    assert machine.rights(Situation()).level == level


@pytest.mark.parametrize(("limit", "level"), [(1024, WARNING), (65_536, OK), (resource.RLIM_INFINITY, OK)])
def test_web_processes_need_files_for_their_connections(monkeypatch, settings, limit, level):
    settings.PUBLIC_URL = ""
    monkeypatch.setattr("resource.getrlimit", lambda kind: (1024, limit))

    assert machine.open_files(Situation()).level == level


def test_other_versions_than_tested_are_named(settings, tmp_path):
    assert "Python 3." in machine.versions(Situation()).text
    settings.BASE_DIR = tmp_path
    assert machine.versions(Situation()).level == OK
    (tmp_path / "constraints.txt").write_text("# Made by: pip freeze\nDjango==1.0\nnobody-has-this==2\n")

    finding = machine.versions(Situation())

    assert finding.level == WARNING
    assert "(tested: 1.0)" in finding.text
    assert "nobody" not in finding.text


def test_a_machine_without_time_zones_is_noticed(monkeypatch):
    assert machine.time_zones(Situation()).level == OK
    monkeypatch.setattr("zoneinfo.available_timezones", lambda: {"UTC"})
    assert machine.time_zones(Situation()).text == "Time zones are missing (known: 1)."


@pytest.mark.parametrize(
    ("content", "days", "level", "text"),
    [
        (None, 0, PROBLEM, "No such file"),
        (b"not a database", 0, PROBLEM, "can't be read"),
        (mmdb_for_every_address({"country_code": "DE"}), 30, OK, "is 30 days old"),
        (mmdb_for_every_address({"country_code": "DE"}), 300, WARNING, "is 300 days old"),
    ],
)
def test_the_database_of_countries_must_be_readable_and_fresh(settings, tmp_path, content, days, level, text):
    path = tmp_path / "country.mmdb"
    if content:
        path.write_bytes(content)
    settings.GEOIP_DB = str(path)

    finding = machine.countries(Situation(datetime.fromtimestamp(BUILT, UTC) + timedelta(days=days)))

    assert finding.level == level
    assert text in finding.text


def test_a_geofeed_that_is_missing_is_noticed(settings, tmp_path):
    assert machine.countries(Situation()).level == OK
    settings.GEOIP_FEEDS = [str(tmp_path / "feed.csv")]
    assert machine.countries(Situation()).level == PROBLEM


class DeadCache(BaseCache):
    """A cache whose server is away."""

    def __init__(self, location, params):
        super().__init__(params)

    def set(self, *args, **options):
        raise ConnectionError("redis://:password@10.0.0.7:6379")


@pytest.mark.parametrize(
    ("backend", "level", "text"),
    [
        ("django.core.cache.backends.locmem.LocMemCache", OK, "memory of each process"),
        ("tests.collector.operations.test_machine.DeadCache", PROBLEM, "does not answer (ConnectionError)"),
        ("django.core.cache.backends.dummy.DummyCache", PROBLEM, "keeps nothing"),
        ("django.core.cache.backends.filebased.FileBasedCache", OK, "CACHE_URL answers"),
    ],
)
def test_the_shared_cache_must_answer(settings, tmp_path, backend, level, text):
    settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": str(tmp_path)}}

    finding = machine.shared_cache(Situation())

    assert finding.level == level
    assert text in finding.text
    assert "password" not in finding.text + finding.remedy
