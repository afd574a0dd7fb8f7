"""What a backup takes from a spool: what has not been stored, at its place, in whole lines."""

import io

import pytest

from collector.operations.held_spool import copy_range, held_files, waiting_range
from collector.spool.reader import segments
from collector.spool.writer import SpoolWriter


def copied(directory, stored=None):
    """Return the content of a spool's only segment as a backup has it. It is deleted meanwhile, as by the drain."""
    with held_files(directory) as files:
        [segment] = segments(directory)
        segment.unlink()
        out = io.BytesIO()
        file = files[segment.name]
        copy_range(file, *waiting_range(segment.name, file, {segment.name: stored} if stored else {}), out)
        return out.getvalue()


@pytest.mark.parametrize(
    ("content", "stored", "expected"),
    [
        (b"one\ntwo\n", 0, b"one\ntwo\n"),
        (b"one\ntwo\n", 4, b"\0\0\0\0two\n"),
        (b"one\ntwo\nhal", 4, b"\0\0\0\0two\n"),
        (b"one\nhal", 4, b"\0\0\0\0"),
        (b"hal", 0, b""),
    ],
)
def test_of_a_segment_that_grows_only_whole_lines_are_copied(tmp_path, content, stored, expected):
    writer = SpoolWriter(tmp_path)
    writer.append(content)
    assert copied(tmp_path, stored) == expected


def test_a_torn_line_of_a_finished_segment_is_copied_because_the_drain_counts_it(tmp_path):
    writer = SpoolWriter(tmp_path)
    writer.append(b"one\nhal")
    writer.close()
    assert copied(tmp_path, 4) == b"\0\0\0\0hal"


def test_what_holds_keys_or_only_locks_is_left_out(tmp_path):
    for name in ("standby.json", "drain.lock", "20261130T000000-00.jsonl", "a.losses", "set-aside.log", "x.jsonl.new"):
        (tmp_path / name).touch()
    with held_files(tmp_path) as files:
        assert set(files) == {"20261130T000000-00.jsonl", "a.losses", "set-aside.log"}
