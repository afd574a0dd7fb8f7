import errno
import os
from datetime import UTC, datetime, timedelta

import pytest

from collector.models import SpoolOffset
from collector.operations.checks import reach, spool
from collector.operations.checks.finding import Level, Situation
from collector.spool.locks import exclusive
from collector.spool.writer import SpoolWriter
from tests.hits import hit
from tests.hits import spool as write_spool

pytestmark = pytest.mark.django_db

OK, WARNING, PROBLEM = Level
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def directory(settings, tmp_path):
    settings.SPOOL_DIR = tmp_path / "spool"
    settings.SPOOL_DIR.mkdir()
    return settings.SPOOL_DIR


def test_a_spool_without_a_drain_is_a_problem(directory, monkeypatch):
    assert spool.drain(Situation(NOW)).level == PROBLEM
    (directory / "drain.lock").touch()
    assert spool.drain(Situation(NOW)).text == "No drain runs: hits wait in the spool."
    with exclusive(directory):
        assert spool.drain(Situation(NOW)).level == WARNING  # this process is not nice
        monkeypatch.setattr("os.getpriority", lambda which, pid: 10 if pid == os.getpid() else 0)
        assert spool.drain(Situation(NOW)).text == "The drain runs at low priority."
    assert spool.drain(Situation(NOW)).level == PROBLEM


@pytest.mark.parametrize(
    ("minutes_ago", "stored_minutes_ago", "level"),
    [(None, None, OK), (0.5, None, OK), (5, None, WARNING), (20, None, PROBLEM), (20, 1, WARNING)],
)
def test_hits_that_wait_too_long_are_noticed(directory, pixel, minutes_ago, stored_minutes_ago, level):
    if minutes_ago is not None:
        write_spool(directory, [hit(pixel, (NOW - timedelta(minutes=minutes_ago)).isoformat())] * 2)
    if stored_minutes_ago is not None:
        [segment] = directory.glob("*.jsonl")
        SpoolOffset.objects.create(
            segment=segment.name,
            offset_bytes=segment.stat().st_size // 2,
            updated_at=NOW - timedelta(minutes=stored_minutes_ago),
        )

    assert spool.behind(Situation(NOW)).level == level


def test_a_full_spool_is_a_problem_and_little_room_a_warning(directory, pixel, settings, monkeypatch):
    assert spool.room(Situation(NOW)).level == OK
    monkeypatch.setattr("collector.spool.room.LOW_DISK_BYTES", 1 << 60)
    assert spool.room(Situation(NOW)).level == WARNING
    write_spool(directory, [hit(pixel)] * 100)
    settings.SPOOL_MAX_BYTES = sum(path.stat().st_size for path in directory.glob("*.jsonl")) + 100

    finding = spool.room(Situation(NOW))

    assert finding.level == PROBLEM
    assert finding.text.startswith("The spool is full: SPOOL_MAX_BYTES is reached")


def test_hits_that_are_being_lost_are_a_problem(directory):
    writer = SpoolWriter(directory)
    writer.append(b"{}\n")
    writer.count_loss(OSError(errno.ENOSPC, "No space left on device"))

    finding = spool.room(Situation(NOW))

    assert (finding.level, finding.text) == (PROBLEM, "Hits are being lost: No space left on device.")
    writer.close()


@pytest.mark.parametrize(("hours_ago", "level"), [(None, OK), (1, PROBLEM), (48, WARNING)])
def test_lost_hits_are_noticed(hours_ago, level):
    if hours_ago:
        SpoolOffset.objects.create(segment="a", offset_bytes=0, lost=7, updated_at=NOW - timedelta(hours=hours_ago))

    finding = spool.lost(Situation(NOW))

    assert finding.level == level
    assert ("7 hits lost" in finding.text) == (level != OK)


@pytest.mark.parametrize(("days_ago", "level"), [(2, WARNING), (31, OK)])
def test_lines_that_could_not_be_used_are_noticed_for_30_days(days_ago, level):
    SpoolOffset.objects.create(segment="a", offset_bytes=9, set_aside=3, updated_at=NOW - timedelta(days=days_ago))

    assert spool.set_aside(Situation(NOW)).level == level


@pytest.mark.parametrize(("private", "level"), [(0, None), (100, PROBLEM)])
def test_readers_that_look_like_one_are_noticed(private, level):
    SpoolOffset.objects.create(segment="a", offset_bytes=9, hits=100, private=private, updated_at=NOW)

    finding = reach.readers(Situation(NOW + timedelta(hours=1)))

    assert (finding and finding.level) == level


@pytest.mark.parametrize(("minutes_ahead", "level"), [(0, None), (90, PROBLEM)])
def test_a_hit_from_the_future_tells_that_the_clock_was_ahead(directory, pixel, minutes_ahead, level):
    write_spool(directory, [hit(pixel, "2026-11-22T10:00")])
    write_spool(directory, [hit(pixel, (NOW + timedelta(minutes=minutes_ahead)).isoformat())])
    for segment in directory.glob("*.jsonl"):
        with segment.open("ab") as file:
            file.write(b'{"torn')

    finding = spool.newest_hit(Situation(NOW))

    assert (finding and finding.level) == level
    assert finding is None or "by 1 hour" in finding.text
