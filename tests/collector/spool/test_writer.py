import errno
import os
import shutil

import pytest

from collector.spool.locks import is_finished
from collector.spool.losses import loss_files, losses
from collector.spool.reader import segments
from collector.spool.writer import SpoolFullError, SpoolWriter
from tests.clock import Clock
from tests.collector.spool.lines import LINE, lines

NO_SPACE = OSError(errno.ENOSPC, "No space left on device")


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

    assert [segment.read_bytes() for segment in segments(directory)] == [LINE, LINE]


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


@pytest.mark.parametrize(
    "error", [NO_SPACE, OSError(errno.EROFS, "Read-only file system"), OSError(errno.EIO, "Input/output error")]
)
def test_after_an_error_the_segment_is_finished_and_the_next_line_starts_another(directory, writer, monkeypatch, error):
    writer.append(LINE)

    def fail(*args):
        raise error

    monkeypatch.setattr(os, "write", fail)
    with pytest.raises(OSError, match=error.strerror):
        writer.append(LINE)
    [segment] = segments(directory)
    assert is_finished(segment)  # otherwise no drain could make room
    monkeypatch.undo()

    writer.append(LINE)
    assert [segment.read_bytes() for segment in segments(directory)] == [LINE, LINE]


def test_half_a_line_that_can_not_be_removed_damages_no_other_line(directory, writer, monkeypatch):
    writer.append(LINE)
    real_write = os.write

    def half(descriptor, data):
        if len(data) < len(LINE):
            raise NO_SPACE
        return real_write(descriptor, data[:10])

    def fail(*args):
        raise NO_SPACE

    monkeypatch.setattr(os, "write", half)
    monkeypatch.setattr(os, "ftruncate", fail)
    with pytest.raises(OSError, match="No space left"):
        writer.append(LINE)
    monkeypatch.undo()
    writer.append(LINE)

    whole, torn = sorted((lines(segment) for segment in segments(directory)), key=len)
    assert [(line.content, line.is_torn) for line in torn] == [(LINE[:-1], False), (LINE[:10], True)]
    assert [line.content for line in whole] == [LINE[:-1]]


def test_while_nothing_can_be_written_a_segment_is_tried_a_few_times_a_second_and_none_is_left(directory, monkeypatch):
    clock = Clock()
    writer = SpoolWriter(directory, clock=clock)
    tries = []

    def fail(*args):
        tries.append(args)
        raise NO_SPACE

    monkeypatch.setattr(os, "write", fail)
    for _ in range(1000):
        with pytest.raises(OSError, match="No space left"):
            writer.append(LINE)
        clock.now += 0.001
    assert len(tries) <= 6
    assert segments(directory) == []
    assert list(directory.glob("*.new")) == []
    monkeypatch.undo()

    clock.now += 0.25
    writer.append(LINE)
    writer.append(LINE)
    writer.close()
    assert [segment.read_bytes() for segment in segments(directory)] == [LINE * 2]


def test_a_process_with_too_many_open_files_goes_on_with_its_full_segment(directory, monkeypatch):
    writer = SpoolWriter(directory, segment_bytes=60)
    writer.append(LINE)
    writer.append(LINE)
    real_open = os.open

    def fail(*args):
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(os, "open", fail)
    writer.append(LINE)
    monkeypatch.setattr(os, "open", real_open)
    assert [segment.read_bytes() for segment in segments(directory)] == [LINE * 3]
    assert not is_finished(segments(directory)[0])
    writer.close()


def test_a_spool_that_somebody_deletes_is_created_again(directory, caplog):
    clock = Clock()
    writer = SpoolWriter(directory, clock=clock)
    writer.append(LINE)
    shutil.rmtree(directory)
    clock.now += 1

    writer.append(LINE)
    writer.count_loss(NO_SPACE)
    writer.close()

    assert [segment.read_bytes() for segment in segments(directory)] == [LINE]
    assert [losses(path) for path in loss_files(directory)] == [1]
    assert "Somebody deleted" in caplog.text


def test_after_an_error_no_line_is_acknowledged_that_is_not_on_the_disk(directory, monkeypatch, broken_disk):
    writer = SpoolWriter(directory, is_durable=True)
    writer.append(LINE)
    real_write = os.write

    def fail(*args):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "write", fail)
    broken_disk()
    with pytest.raises(OSError, match="Input/output error"):
        writer.append(LINE)
    monkeypatch.setattr(os, "write", real_write)

    with pytest.raises(OSError, match="could not be synced"):
        writer.sync(1)
    writer.append(LINE)
    writer.sync(2)
    writer.close()


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
