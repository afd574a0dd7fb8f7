import os

import pytest

from collector.spool.locks import exclusive, is_finished
from collector.spool.reader import segments
from collector.spool.writer import SpoolWriter
from tests.collector.spool.lines import LINE, lines


def test_a_segment_is_finished_when_its_writer_closes_it(directory, writer):
    writer.append(LINE)
    [segment] = segments(directory)
    assert not is_finished(segment)

    writer.close()
    assert is_finished(segment)


def test_a_segment_is_finished_when_its_process_is_killed(directory):
    pid = os.fork()
    if pid == 0:
        SpoolWriter(directory).append(LINE)
        os.kill(os.getpid(), 9)
    os.waitpid(pid, 0)

    [segment] = segments(directory)
    assert is_finished(segment)
    assert len(lines(segment)) == 1


def test_a_forked_child_does_not_keep_its_parents_segment_open(directory, writer):
    writer.append(LINE)
    [parents] = segments(directory)
    child_is_ready, report_ready = os.pipe()
    child_may_end, let_child_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(let_child_end)
        writer.append(LINE)
        os.write(report_ready, b"x")
        os.read(child_may_end, 1)
        os._exit(0)
    os.read(child_is_ready, 1)
    writer.close()

    assert is_finished(parents)
    os.close(let_child_end)
    os.waitpid(pid, 0)
    for descriptor in (child_is_ready, report_ready, child_may_end):
        os.close(descriptor)


def test_a_spool_has_only_one_drain(directory):
    with exclusive(directory), pytest.raises(BlockingIOError), exclusive(directory):
        pass
    with exclusive(directory):
        pass
