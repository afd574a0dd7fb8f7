import errno
import os

import pytest

from collector.spool.locks import is_finished
from collector.spool.losses import loss_files, losses
from collector.spool.writer import SpoolWriter
from tests.clock import Clock
from tests.collector.spool.lines import LINE


def test_losses_are_counted_in_their_own_file_and_logged_from_time_to_time(directory, caplog):
    clock = Clock()
    writer = SpoolWriter(directory, clock=clock)
    writer.append(LINE)
    [path] = loss_files(directory)
    assert losses(path) == 0

    for _ in range(1000):
        writer.count_loss(OSError(errno.ENOSPC, "No space left on device"))
    clock.now += 10
    writer.count_loss(OSError(errno.ENOSPC, "No space left on device"))
    writer.close()

    assert losses(path) == 1001
    assert [record.getMessage()[:20] for record in caplog.records] == ["Lost hits: 1. The sp", "Lost hits: 1000. The"]


def test_losses_before_the_first_segment_are_counted_with_it(directory):
    writer = SpoolWriter(directory)
    directory.write_text("a file where the spool should be")
    with pytest.raises(OSError, match="Not a directory"):
        writer.append(LINE)
    writer.count_loss(OSError(errno.EEXIST, "File exists"))
    directory.unlink()
    writer.append(LINE)
    writer.close()

    assert [losses(path) for path in loss_files(directory)] == [1]


def test_each_process_has_its_own_loss_file_and_keeps_it_until_it_ends(directory, writer):
    writer.append(LINE)
    writer.count_loss(OSError(errno.ENOSPC, "full"))
    writer.close()
    pid = os.fork()
    if pid == 0:
        writer.append(LINE)
        writer.count_loss(OSError(errno.ENOSPC, "full"))
        os._exit(0)
    os.waitpid(pid, 0)

    assert sorted((losses(path), is_finished(path)) for path in loss_files(directory)) == [(1, False), (1, True)]
