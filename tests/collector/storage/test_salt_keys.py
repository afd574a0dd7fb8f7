import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier, BrokenBarrierError

import pytest

from collector.models import DailySalt
from collector.storage import salt_keys as module
from collector.storage.retention import delete_expired
from collector.storage.salt_keys import FILE_BYTES, SLOTS, KeyName, SaltKeys, salt_keys
from collector.storage.salts import load_salts

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
TODAY = KeyName("date:2026-11-30", NOW + timedelta(days=3))
TOMORROW = KeyName("date:2026-12-01", NOW + timedelta(days=4))
MONTH = KeyName("month:2026-11-01", NOW + timedelta(days=2))


@pytest.fixture
def keys(tmp_path) -> SaltKeys:
    return SaltKeys(tmp_path / "keys")


def content(keys: SaltKeys) -> bytes:
    return keys.path.read_bytes()


def test_a_key_is_made_once_and_all_processes_have_it(keys, tmp_path):
    first = keys.keys([TODAY, MONTH])

    assert SaltKeys(tmp_path / "keys").keys([MONTH, TODAY, TOMORROW]) == keys.stored()
    assert first.items() < keys.stored().items()
    assert len({*keys.stored().values()}) == 3
    assert {len(key) for key in first.values()} == {32}


def test_two_processes_that_make_a_key_at_the_same_moment_get_the_same_one(tmp_path, monkeypatch):
    """Without a lock, both read the file before either writes."""
    both_have_read, read = Barrier(2), module._read

    def read_and_wait(file):
        slots = read(file)
        with suppress(BrokenBarrierError):
            both_have_read.wait(0.3)
        return slots

    SaltKeys(tmp_path).keys([TOMORROW])
    monkeypatch.setattr(module, "_read", read_and_wait)
    with ThreadPoolExecutor(2) as threads:
        first, second = threads.map(lambda _: SaltKeys(tmp_path).keys([TODAY]), range(2))
    assert first == second


def test_an_expired_key_is_overwritten_where_it_stood_and_the_others_stay(keys):
    made = keys.keys([TODAY, MONTH])
    before = keys.path.stat()
    keys.expire(MONTH.expires_at - timedelta(seconds=1))
    assert keys.stored() == made
    keys.expire(MONTH.expires_at)

    assert keys.stored() == {TODAY.text: made[TODAY.text]}
    assert made[MONTH.text] not in content(keys)
    after = keys.path.stat()
    assert (after.st_ino, after.st_size) == (before.st_ino, before.st_size) == (before.st_ino, FILE_BYTES)
    assert sorted(path.name for path in keys.path.parent.iterdir()) == ["CACHEDIR.TAG", "keys"]


def test_an_overwritten_key_is_on_the_disk_before_anything_goes_on(keys, monkeypatch):
    keys.keys([MONTH])
    synced = []
    monkeypatch.setattr(os, "fsync", lambda file: synced.append(os.pread(file, FILE_BYTES, 0)))
    keys.expire(MONTH.expires_at)
    assert synced == [bytes(FILE_BYTES)]


def test_a_key_of_another_collector_takes_the_place_of_ours(keys):
    own = keys.keys([TODAY])[TODAY.text]
    keys.put({TODAY: b"t" * 32})

    assert keys.stored() == {TODAY.text: b"t" * 32}
    assert own not in content(keys)


def test_only_its_owner_may_read_it_and_backups_leave_it_out(keys):
    keys.keys([TODAY])
    assert [path.stat().st_mode & 0o777 for path in (keys.path, keys.path.parent)] == [0o600, 0o700]
    command = ["tar", "--create", "--exclude-caches", "--directory", str(keys.path.parent.parent), "keys"]
    content = subprocess.run(command, capture_output=True, check=True).stdout
    assert b"CACHEDIR.TAG" in content
    assert keys.stored()[TODAY.text] not in content


def test_a_full_file_gives_up_the_keys_that_expire_last(keys):
    """Those of a clock that was ahead."""
    ahead = [KeyName(f"date:2030-01-{day:02}", NOW + timedelta(days=1000 + day)) for day in range(1, SLOTS)]
    keys.keys([TODAY, *ahead])
    keys.keys([TOMORROW, MONTH])

    kept = set(keys.stored())
    assert len(kept) == SLOTS
    assert {TODAY.text, TOMORROW.text, MONTH.text} <= kept
    assert not {ahead[-1].text, ahead[-2].text} & kept


@pytest.mark.parametrize("damage", [b"", b"x", b"\xff" * 5000, b"\0" * 100, b"date:2026-11-30\0" * 256])
def test_a_damaged_file_gets_new_keys(keys, damage):
    keys.keys([TODAY])
    keys.path.write_bytes(damage)

    made = keys.keys([TODAY])
    assert keys.stored() == made
    assert keys.error is None


def test_a_slot_that_was_half_written_counts_as_empty(keys):
    keys.keys([TODAY, TOMORROW])
    torn = content(keys)[:40] + bytes(24) + content(keys)[64:]
    keys.path.write_bytes(torn)
    assert set(keys.stored()) == {TOMORROW.text}
    keys.expire(NOW)  # the half of a key does not stay either
    assert content(keys)[:64] == bytes(64)
    assert set(keys.stored()) == {TOMORROW.text}


def test_without_a_file_each_process_has_keys_of_its_own_and_they_are_saved_once_it_can_be_used(tmp_path, caplog):
    (tmp_path / "file").write_text("no directory")
    keys = SaltKeys(tmp_path / "file" / "keys")
    made = keys.keys([TODAY])

    assert keys.keys([TODAY, MONTH])[TODAY.text] == made[TODAY.text]
    assert keys.error
    assert caplog.text.count("a reader who comes to two processes is two visitors") == 1
    keys.expire(MONTH.expires_at)
    assert set(keys.stored()) == {TODAY.text}
    (tmp_path / "file").unlink()
    keys.keys([TODAY])
    assert keys.error is None
    assert SaltKeys(tmp_path / "file" / "keys").stored()[TODAY.text] == made[TODAY.text]


def test_the_hourly_deletion_overwrites_keys_and_a_clock_that_jumps_back_brings_none_back(db, settings, tmp_path):
    settings.SALT_KEYS_DIR = Path(tmp_path)
    former = load_salts(["2026-11-22", "2026-11-30"])
    assert set(salt_keys().stored()) == {"date:2026-11-22", "date:2026-11-30"}
    delete_expired(NOW)

    assert set(salt_keys().stored()) == {"date:2026-11-30"}
    assert DailySalt.objects.count() == 1
    assert load_salts(["2026-11-22"])["2026-11-22"] not in former.values()
