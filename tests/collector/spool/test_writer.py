import errno
import os

import pytest

from collector.spool.locks import is_finished
from collector.spool.reader import segments
from collector.spool.writer import SpoolFullError, SpoolWriter
from tests.clock import Clock
from tests.collector.spool.lines import LINE, lines


def test_a_forked_child_writes_its_own_segment(directory, writer):
    writer.append(LINE)
    pid = os.fork()
    if pid == 0:
        writer.append(LINE)
        os._exit(0)
    os.waitpid(pid, 0)
    writer.append(LINE)

    assert sorted(len(lines(segment)) for segment in segments(directory)) == [1, 2]


def test_a_segment_ends_by_size_or_by_age(directory):
    by_size = SpoolWriter(directory, segment_bytes=80)
    for _ in range(5):
        by_size.append(LINE)
    by_size.close()
    assert [segment.stat().st_size for segment in segments(directory)].count(80) == 2

    by_age = SpoolWriter(directory, segment_seconds=0)
    for _ in range(2):
        by_age.append(LINE)
    by_age.close()
    assert len(segments(directory)) == 5


def test_a_line_that_does_not_fit_leaves_nothing_behind(directory, writer, monkeypatch):
    writer.append(LINE)
    real_write = os.write

    def full_disk(descriptor, data):
        if len(data) < len(LINE):
            raise OSError(errno.ENOSPC, "No space left on device")
        return real_write(descriptor, data[:10])

    monkeypatch.setattr(os, "write", full_disk)
    with pytest.raises(OSError, match="No space left"):
        writer.append(LINE)
    monkeypatch.setattr(os, "write", real_write)
    writer.append(LINE)

    [segment] = segments(directory)
    assert segment.read_bytes() == LINE * 2


def test_a_full_spool_refuses_lines_until_the_drain_makes_room(directory):
    clock = Clock()
    writer = SpoolWriter(directory, max_bytes=100, clock=clock)
    for _ in range(2):
        writer.append(LINE)
    for _ in range(3):
        with pytest.raises(SpoolFullError, match="SPOOL_MAX_BYTES is reached"):
            writer.append(LINE)
    [segment] = segments(directory)
    assert is_finished(segment)  # otherwise no drain could make room
    segment.unlink()

    clock.now += 1
    writer.append(LINE)
    writer.close()
    assert [segment.stat().st_size for segment in segments(directory)] == [40]


def test_the_maximum_size_applies_to_all_processes_together(directory):
    first, second = SpoolWriter(directory, max_bytes=100), SpoolWriter(directory, max_bytes=100)
    first.append(LINE)
    first.append(LINE)

    with pytest.raises(SpoolFullError):
        second.append(LINE)
    first.close()


def test_with_durability_one_fsync_serves_all_waiting_lines(directory, monkeypatch):
    synced = []
    real_fsync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(real_fsync(descriptor)))
    writer = SpoolWriter(directory, is_durable=True)
    writer.append(LINE)
    synced.clear()  # drops the sync of the new segment's directory
    for _ in range(9):
        writer.append(LINE)
    assert writer.lines_to_sync == 10

    for count in range(1, 11):
        writer.sync(count)

    assert not writer.lines_to_sync
    assert len(synced) == 1
    writer.append(LINE)
    writer.close()
    assert len(synced) == 2


@pytest.fixture
def broken_disk(monkeypatch):
    """Return a function that makes only the next `fsync` fail: Linux also reports a failed write once."""
    real_fsync = os.fsync

    def fails_once(descriptor):
        monkeypatch.setattr(os, "fsync", real_fsync)
        raise OSError(errno.EIO, "Input/output error")

    return lambda: monkeypatch.setattr(os, "fsync", fails_once)


def test_no_line_of_a_segment_that_could_not_be_synced_is_acknowledged(directory, broken_disk):
    writer = SpoolWriter(directory, is_durable=True)
    writer.append(LINE)
    writer.append(LINE)
    broken_disk()
    for count in (1, 2, 2):
        with pytest.raises(OSError, match=r"Input/output error|could not be synced"):
            writer.sync(count)

    writer.append(LINE)
    assert writer.lines_to_sync == 3
    writer.sync(3)
    assert not writer.lines_to_sync
    assert len(segments(directory)) == 2
    writer.close()


def test_waiting_threads_fail_too_if_only_a_rotation_saw_the_failed_sync(directory, monkeypatch, broken_disk):
    writer = SpoolWriter(directory, is_durable=True, segment_bytes=1)
    writer.append(LINE)
    real_fsync = os.fsync

    def rotates_meanwhile(descriptor):
        broken_disk()
        with pytest.raises(OSError, match="Input/output error"):
            writer.append(LINE)
        real_fsync(descriptor)  # succeeds: the system has already reported the failure

    monkeypatch.setattr(os, "fsync", rotates_meanwhile)
    for _ in range(2):
        with pytest.raises(OSError, match="could not be synced"):
            writer.sync(1)
    writer.close()


def test_lines_of_a_full_segment_that_could_not_be_synced_are_not_acknowledged(directory, broken_disk):
    writer = SpoolWriter(directory, is_durable=True, segment_bytes=1)
    writer.append(LINE)
    broken_disk()
    with pytest.raises(OSError, match="Input/output error"):
        writer.append(LINE)

    with pytest.raises(OSError, match="could not be synced"):
        writer.sync(1)
    writer.append(LINE)
    writer.sync(2)
    writer.close()


def test_only_its_owner_may_read_the_spool(directory, writer):
    writer.append(LINE)

    assert directory.stat().st_mode & 0o777 == 0o700
    assert segments(directory)[0].stat().st_mode & 0o777 == 0o600
