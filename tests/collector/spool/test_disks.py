"""The writer on a real disk that is full or read-only for a while."""

import subprocess
from contextlib import suppress

import pytest

from collector.spool.locks import is_finished
from collector.spool.reader import segments
from collector.spool.writer import SpoolWriter
from tests import disks
from tests.clock import Clock
from tests.collector.spool.lines import LINE, lines


@pytest.fixture
def small_disk(tmp_path):
    with disks.small_disk(tmp_path / "disk", 256) as path:
        yield path


def lines_until_full(writer: SpoolWriter) -> int:
    """Append lines until the disk is full; return how many."""
    for written in range(100_000):
        try:
            writer.append(LINE)
        except OSError:
            return written
    raise AssertionError("the disk is not small")


def test_on_a_full_disk_hits_are_spooled_again_as_soon_as_the_drain_has_made_room(small_disk):
    clock = Clock()
    writer = SpoolWriter(small_disk / "spool", clock=clock)
    written = lines_until_full(writer)
    [segment] = [segment for segment in segments(small_disk / "spool") if is_finished(segment)]
    assert segment.read_bytes() == LINE * written
    with pytest.raises(OSError, match="No space left"):
        writer.append(LINE)
    segment.unlink()  # as the drain does with a finished segment

    clock.now += 0.25
    for _ in range(written // 2):
        writer.append(LINE)
    writer.close()
    assert sum(segment.stat().st_size for segment in segments(small_disk / "spool")) == written // 2 * len(LINE)


def test_a_disk_that_others_filled_takes_hits_again_when_they_make_room(small_disk):
    clock = Clock()
    writer = SpoolWriter(small_disk / "spool", clock=clock)
    writer.append(LINE)
    with suppress(OSError):
        (small_disk / "other").write_bytes(bytes(1 << 20))
    lost = 0
    for _ in range(1000):  # the rest of the segment's last block is still free
        try:
            writer.append(LINE)
        except OSError:
            lost += 1
    assert lost
    (small_disk / "other").unlink()
    clock.now += 0.25

    for _ in range(1000):
        writer.append(LINE)
    writer.close()
    stored = [line for segment in segments(small_disk / "spool") for line in lines(segment)]
    assert len(stored) == 2001 - lost
    assert not any(line.is_torn for line in stored)


def test_a_disk_that_was_read_only_for_a_while_takes_hits_again(small_disk):
    clock = Clock()
    writer = SpoolWriter(small_disk / "spool", clock=clock)
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    with pytest.raises(OSError, match="Read-only file system"):
        writer.append(LINE)
    subprocess.run(["mount", "-o", "remount,rw", small_disk], check=True)

    writer.append(LINE)
    writer.close()
    assert [segment.read_bytes() for segment in segments(small_disk / "spool")] == [LINE]
