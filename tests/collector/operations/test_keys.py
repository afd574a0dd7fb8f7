import os
from datetime import UTC, datetime

import pytest

from collector.operations.checks import data, keys
from collector.operations.checks.finding import Level, Situation
from collector.storage.salt_keys import salt_keys
from collector.storage.salts import dates_to_load, load_salts

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
MOUNT = "36 35 98:0 / / rw,noatime - {kind} /dev/root rw\n"


@pytest.fixture
def mounts(tmp_path, settings, monkeypatch):
    """Return the file in which mounts are listed. The keys are in a directory of their own."""
    settings.SALT_KEYS_DIR = tmp_path / "salt_keys"
    monkeypatch.setattr(data, "MOUNTS", tmp_path / "mountinfo")
    data.MOUNTS.write_text(MOUNT.format(kind="ext4"))
    return data.MOUNTS


@pytest.mark.parametrize(
    ("kind", "level", "text"),
    [
        ("ext4", Level.OK, "4 keys of salts, overwritten in place as they expire."),
        ("tmpfs", Level.OK, "4 keys of salts, in memory only."),
        ("btrfs", Level.WARNING, "The keys of salts are on btrfs"),
        ("zfs", Level.WARNING, "The keys of salts are on zfs"),
    ],
)
def test_a_file_system_that_does_not_overwrite_in_place_is_reported(mounts, kind, level, text):
    mounts.write_text(MOUNT.format(kind=kind))
    load_salts(dates_to_load(NOW))
    finding = keys.salts(Situation(NOW))
    assert (finding.level, finding.text[: len(text)]) == (level, text)


def test_keys_that_only_other_collectors_have_are_reported(mounts, tmp_path, settings):
    load_salts(dates_to_load(NOW))
    settings.SALT_KEYS_DIR = tmp_path / "other"
    load_salts(dates_to_load(NOW))
    finding = keys.salts(Situation(NOW))

    assert finding.level == Level.WARNING
    assert finding.text.startswith("4 keys of other collectors are missing here (date:2026-11-30, ")


def test_a_file_that_cant_be_used_is_a_problem(mounts, tmp_path, settings):
    settings.SALT_KEYS_DIR = mounts  # which is a file
    load_salts(["2026-11-30"])
    finding = keys.salts(Situation(NOW))

    assert finding.level == Level.PROBLEM
    assert "(Not a directory)" in finding.text
    assert salt_keys().error


def test_a_file_that_only_another_user_may_write_is_a_problem(mounts, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may always
    assert keys.salts(Situation(NOW)).level == Level.PROBLEM
