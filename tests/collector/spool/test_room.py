import os
from types import SimpleNamespace

import pytest

from collector.spool import room
from collector.spool.room import is_short, problems, warnings

MIB = 1024**2


@pytest.fixture
def directory(tmp_path, monkeypatch):
    """Return a spool of 100 MiB on a disk of 100 GiB. `use` sets how full they are, in MiB; `room` is its room now."""
    sizes = {"spooled": 0, "free": 50_000}
    disk = SimpleNamespace(f_frsize=MIB, f_blocks=100 * 1024, f_bavail=0)
    monkeypatch.setattr(room, "spooled_bytes", lambda directory: sizes["spooled"] * MIB)
    monkeypatch.setattr(os, "statvfs", lambda path: SimpleNamespace(**vars(disk) | {"f_bavail": sizes["free"]}))
    return SimpleNamespace(path=tmp_path, use=sizes.update, room=lambda: room.room(tmp_path, 100 * MIB))


SPOOL_STEPS = [(50, False), (89, False), (91, True), (85, True), (89, True), (81, True), (79, False), (89, False)]
DISK_STEPS = [(300, False), (70, False), (60, True), (70, True), (120, True), (130, False), (70, False)]


def test_a_spool_that_is_nearly_full_is_a_problem_until_it_has_clearly_shrunk(directory):
    reported = []
    for spooled, _ in SPOOL_STEPS:
        directory.use(spooled=spooled)
        reported.append((spooled, bool(problems(directory.path, directory.room()))))
    assert reported == SPOOL_STEPS


def test_a_disk_that_is_nearly_full_is_a_problem_until_it_clearly_has_room(directory):
    reported = []
    for free, _ in DISK_STEPS:
        directory.use(free=free)
        reported.append((free, problems(directory.path, directory.room())))
    assert [(free, bool(lines)) for free, lines in reported] == DISK_STEPS
    assert reported[2][1] == ["the disk of the spool is full: 60 MiB are free"]


def test_little_room_is_a_problem_only_while_hits_wait(directory):
    steps = [(200, 0, False), (200, 61, True), (200, 40, True), (200, 29, False), (200, 50, False), (300, 500, False)]
    reported = []
    for free, seconds, _ in steps:
        directory.use(free=free)
        reported.append((free, seconds, is_short(directory.path, directory.room(), seconds)))
    assert reported == steps


def test_a_problem_is_reported_even_if_it_can_not_be_noted(directory):
    directory.use(spooled=95)
    assert problems(directory.path / "missing", directory.room())


def test_warnings_come_before_problems(directory):
    directory.use(spooled=75, free=200)
    assert problems(directory.path, directory.room()) == []
    assert warnings(directory.room()) == [
        "the spool is filling: more hits come in than are stored",
        "the disk of the spool is nearly full: 200 MiB are free",
    ]
