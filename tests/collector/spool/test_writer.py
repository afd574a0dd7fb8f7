import errno
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.models import Verdict
from collector.spool.line import MAX_LINE_BYTES, SpooledHit
from collector.spool.locks import exclusive, is_finished
from collector.spool.losses import loss_files, losses
from collector.spool.reader import read_lines, segments
from collector.spool.writer import SpoolFullError, SpoolWriter

LINE = b'{"token":"abcdefghijkmnpqrstuv","at":1}\n'


@pytest.fixture
def directory(tmp_path):
    return tmp_path / "spool"


@pytest.fixture
def writer(directory):
    writer = SpoolWriter(directory)
    yield writer
    writer.close()


def lines(segment, offset=0, limit_bytes=1 << 20):
    return list(read_lines(segment, offset, limit_bytes=limit_bytes))


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)


@given(
    st.builds(
        SpooledHit,
        token=st.text("abc", min_size=1, max_size=40),
        at_us=st.integers(1, 2**52 - 1),
        placement=texts,
        is_end=st.booleans(),
        verdict=st.sampled_from(Verdict),
        agent=texts,
        page=texts,
        language=texts,
        country=st.text("AB", max_size=2),
        visitor=st.none() | st.integers(-(2**63), 2**63 - 1),
    )
)
def test_a_hit_reads_back_from_its_line_as_it_was(hit):
    line = hit.to_line()

    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert SpooledHit.from_line(line[:-1]) == hit


@given(st.binary(max_size=200) | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(str).map(str.encode))
def test_any_other_line_is_refused_with_a_reason(content):
    with pytest.raises(ValueError, match=r"\w+"):
        SpooledHit.from_line(content)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "Input data was truncated"),
        (b"garbage", "JSON is malformed"),
        (b"\xff", "JSON is malformed"),
        (b"[]", "Expected `object`, got `array`"),
        (b'{"token":"a"}', "missing required field `at`"),
        (b'{"token":"a","at":true}', r"Expected `int`, got `bool` - at `\$.at`"),
        (b'{"token":"a","at":0}', r"Expected `int` >= 1 - at `\$.at`"),
        (b'{"token":"a","at":1e300}', r"Expected `int`, got `float` - at `\$.at`"),
        (b'{"token":"a","at":9999999999999999999}', r"Expected `int` <= 4503599627370495 - at `\$.at`"),
        (b'{"at":1}', "missing required field `token`"),
        (b'{"token":"","at":1}', r"of length >= 1 - at `\$.token`"),
        (b'{"token":["a"],"at":1}', r"got `array` - at `\$.token`"),
        (b'{"token":"a","at":1,"visitor":9223372036854775808}', r"Expected `int` <= 9223372036854775807"),
        (b'{"token":"a","at":1,"visitor":"x"}', r"got `str` - at `\$.visitor`"),
        (b'{"token":"a","at":1,"verdict":99}', r"Expected `int` <= 7 - at `\$.verdict`"),
        (b'{"token":"a","at":1,"agent":"\\ud800"}', "Input data was truncated"),
        (b'{"token":"a","at":1,"agent":"\\udc00x"}', "invalid utf-16 surrogate pair"),
        (b'{"token":"a","at":1,"agent":"\xff"}', "utf-8"),
        (b'{"token":"a","at":1,"country":"DEU"}', r"of length <= 2 - at `\$.country`"),
        (b"[" * 100_000, "longer than any line we write"),
        (b'{"x":' + b"[" * 10_000, "nested too deep"),
    ],
)
def test_a_line_that_can_not_be_used_says_why(content, reason):
    with pytest.raises(ValueError, match=reason):
        SpooledHit.from_line(content)


def test_a_nul_in_a_text_is_replaced_for_no_database_need_store_it():
    assert SpooledHit.from_line(b'{"token":"a","at":1,"agent":"x\\u0000y"}').agent == "x\ufffdy"


def test_lines_come_in_order_with_their_places(directory, writer):
    for _ in range(3):
        writer.append(LINE)
    [segment] = segments(directory)

    assert [(line.offset, line.end) for line in lines(segment)] == [(0, 40), (40, 80), (80, 120)]
    assert [line.offset for line in lines(segment, offset=80)] == [80]
    assert len(lines(segment, limit_bytes=1)) == 1


def test_a_segment_is_finished_when_its_writer_has_gone_on(directory, writer):
    writer.append(LINE)
    [segment] = segments(directory)
    assert not is_finished(segment)

    writer.close()
    assert is_finished(segment)


def test_a_segment_is_finished_when_its_process_was_killed(directory):
    pid = os.fork()
    if pid == 0:
        SpoolWriter(directory).append(LINE)
        os.kill(os.getpid(), 9)
    os.waitpid(pid, 0)

    [segment] = segments(directory)
    assert is_finished(segment)
    assert len(lines(segment)) == 1


def test_a_forked_child_writes_a_segment_of_its_own(directory, writer):
    writer.append(LINE)
    pid = os.fork()
    if pid == 0:
        writer.append(LINE)
        os._exit(0)
    os.waitpid(pid, 0)
    writer.append(LINE)

    assert sorted(len(lines(segment)) for segment in segments(directory)) == [1, 2]


def test_a_forked_child_does_not_keep_its_parents_segment_from_ending(directory, writer):
    writer.append(LINE)
    [parents] = segments(directory)
    told, tell = os.pipe()
    may_end, end = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(end)
        writer.append(LINE)
        os.write(tell, b"x")
        os.read(may_end, 1)
        os._exit(0)
    os.read(told, 1)
    writer.close()

    assert is_finished(parents)
    os.close(end)
    os.waitpid(pid, 0)
    for descriptor in (told, tell, may_end):
        os.close(descriptor)


def test_segments_change_by_size_and_by_age(directory):
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


def test_a_last_line_without_its_end_waits_for_its_writer_and_is_torn_without_one(directory, writer):
    writer.append(LINE)
    writer.append(LINE[:-5])
    [segment] = segments(directory)
    assert len(lines(segment)) == 1

    writer.close()
    assert [line.is_torn for line in lines(segment)] == [False, True]


def test_a_line_longer_than_any_of_ours_comes_cut_and_the_next_one_whole(directory, writer):
    writer.append(b"x" * (3 << 20) + b"\n")
    writer.append(LINE)
    writer.close()
    [segment] = segments(directory)

    long, whole = lines(segment, limit_bytes=1 << 30)
    assert len(long.content) == MAX_LINE_BYTES + 1
    assert whole.content == LINE[:-1]


def test_a_line_that_did_not_fit_leaves_nothing_behind(directory, writer, monkeypatch):
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


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_full_spool_takes_nothing_until_the_drain_made_room(directory):
    clock = Clock()
    writer = SpoolWriter(directory, max_bytes=100, clock=clock)
    for _ in range(2):
        writer.append(LINE)
    for _ in range(3):
        with pytest.raises(SpoolFullError, match="SPOOL_MAX_BYTES is reached"):
            writer.append(LINE)
    [segment] = segments(directory)
    assert is_finished(segment)  # or no drain could ever make room
    segment.unlink()

    clock.now += 1
    writer.append(LINE)
    writer.close()
    assert [segment.stat().st_size for segment in segments(directory)] == [40]


def test_the_cap_is_of_all_processes_together(directory):
    first, second = SpoolWriter(directory, max_bytes=100), SpoolWriter(directory, max_bytes=100)
    first.append(LINE)
    first.append(LINE)

    with pytest.raises(SpoolFullError):
        second.append(LINE)
    first.close()


def test_losses_are_counted_in_a_file_of_their_own_and_said_now_and_then(directory, caplog):
    clock = Clock()
    writer = SpoolWriter(directory, clock=clock)
    writer.append(LINE)
    [path] = loss_files(directory)
    assert losses(path) == 0

    for _ in range(1000):
        writer.note_loss(OSError(errno.ENOSPC, "No space left on device"))
    clock.now += 10
    writer.note_loss(OSError(errno.ENOSPC, "No space left on device"))
    writer.close()

    assert losses(path) == 1001
    assert [record.getMessage()[:20] for record in caplog.records] == ["1 hits are lost: the", "1000 hits are lost: "]


def test_losses_from_before_any_segment_are_counted_in_the_first(directory):
    writer = SpoolWriter(directory)
    directory.write_text("a file where the spool should be")
    with pytest.raises(OSError, match="Not a directory"):
        writer.append(LINE)
    writer.note_loss(OSError(errno.EEXIST, "File exists"))
    directory.unlink()
    writer.append(LINE)
    writer.close()

    assert [losses(path) for path in loss_files(directory)] == [1]


def test_a_loss_file_is_its_processs_own_and_lasts_as_long_as_that(directory, writer):
    writer.append(LINE)
    writer.note_loss(OSError(errno.ENOSPC, "full"))
    writer.close()
    pid = os.fork()
    if pid == 0:
        writer.append(LINE)
        writer.note_loss(OSError(errno.ENOSPC, "full"))
        os._exit(0)
    os.waitpid(pid, 0)

    assert sorted((losses(path), is_finished(path)) for path in loss_files(directory)) == [(1, False), (1, True)]


def test_a_durable_line_is_on_the_disk_before_it_is_acknowledged_and_one_fsync_serves_all_who_wait(
    directory, monkeypatch
):
    synced = []
    real_fsync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(real_fsync(descriptor)))
    writer = SpoolWriter(directory, is_durable=True)
    writer.append(LINE)
    synced.clear()  # those of the new segment's directory
    for _ in range(9):
        writer.append(LINE)
    assert writer.unsynced == 10

    for lines in range(1, 11):
        writer.sync(lines)

    assert not writer.unsynced
    assert len(synced) == 1
    writer.append(LINE)
    writer.close()
    assert len(synced) == 2


@pytest.fixture
def broken_disk(monkeypatch):
    """A function that makes the next `fsync` fail, and that one alone: as Linux tells of a failed write, once."""
    real_fsync = os.fsync

    def fails_once(descriptor):
        monkeypatch.setattr(os, "fsync", real_fsync)
        raise OSError(errno.EIO, "Input/output error")

    return lambda: monkeypatch.setattr(os, "fsync", fails_once)


def test_no_line_of_a_segment_that_the_disk_did_not_take_is_acknowledged(directory, broken_disk):
    writer = SpoolWriter(directory, is_durable=True)
    writer.append(LINE)
    writer.append(LINE)
    broken_disk()
    for lines in (1, 2, 2):
        with pytest.raises(OSError, match=r"Input/output error|could not be synced"):
            writer.sync(lines)

    writer.append(LINE)
    assert writer.unsynced == 3
    writer.sync(3)
    assert not writer.unsynced
    assert len(segments(directory)) == 2
    writer.close()


def test_a_failure_that_a_rotation_was_told_of_is_no_success_to_who_waits(directory, monkeypatch, broken_disk):
    writer = SpoolWriter(directory, is_durable=True, segment_bytes=1)
    writer.append(LINE)
    real_fsync = os.fsync

    def rotates_meanwhile(descriptor):
        broken_disk()
        with pytest.raises(OSError, match="Input/output error"):
            writer.append(LINE)
        real_fsync(descriptor)  # a success: the system has told of the failure

    monkeypatch.setattr(os, "fsync", rotates_meanwhile)
    for _ in range(2):
        with pytest.raises(OSError, match="could not be synced"):
            writer.sync(1)
    writer.close()


def test_a_segment_that_can_not_be_synced_as_it_is_full_takes_nobody_s_acknowledgement_along(directory, broken_disk):
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


def test_nobody_else_may_read_the_spool(directory, writer):
    writer.append(LINE)

    assert directory.stat().st_mode & 0o777 == 0o700
    assert segments(directory)[0].stat().st_mode & 0o777 == 0o600


def test_a_spool_has_one_drain(directory):
    with exclusive(directory), pytest.raises(BlockingIOError), exclusive(directory):
        pass
    with exclusive(directory):
        pass
