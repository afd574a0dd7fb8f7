"""A backup while hits come in: each acknowledged one is in it once. And what it must not hold, or leave behind."""

import os
import subprocess
import sys
import tarfile
import threading
from contextlib import contextmanager
from itertools import count
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from collector.models import Collector, DailySalt, DailyVisitor, Hit, KeyRequest, Project, TryCount
from collector.operations.backup import back_up
from collector.operations.last_backup import last_backup
from collector.operations.progress import Progress
from collector.spool.writer import SpoolWriter
from collector.storage.collectors import note_collector
from collector.storage.salt_keys import salt_keys
from collector.storage.salts import load_halves, load_salts
from tests.collector.operations.installation import fresh_installation, stored_numbers
from tests.disks import small_disk
from tests.hits import drain, hit, spool
from tests.server import ROOT, environment, eventually

pytestmark = pytest.mark.django_db(transaction=True)


def quiet(path):
    return back_up(path, Progress(lambda line: None))


def in_a_thread(work):
    """Run it with a connection of its own: that of this thread may be in the transaction of the snapshot."""

    def run():
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()


class Traffic:
    """Hits that come in at each step of a backup: in a segment that goes on, and in one that ends each time."""

    def __init__(self, directory, pixel):
        self.directory, self.pixel = directory, pixel
        self.numbers = count()
        self.writer = SpoolWriter(directory)

    def hit(self):
        return hit(self.pixel, placement=str(next(self.numbers)))

    def come(self):
        self.writer.append(self.hit().to_line())
        spool(self.directory, [self.hit(), self.hit()])

    def drain(self):
        in_a_thread(lambda: drain(self.directory))


@pytest.mark.parametrize("drained_before", [False, True])
@pytest.mark.parametrize("step", [1, 2, 3])
def test_hits_that_are_drained_during_any_step_are_in_the_backup_once(
    tmp_path, settings, spool_dir, pixel, step, drained_before
):
    if step > 1 and os.environ.get("CITUS_URL"):
        pytest.skip("there, drains wait until the backup is written")
    traffic = Traffic(spool_dir, pixel)
    traffic.come()
    if drained_before:
        traffic.drain()
        traffic.come()
    acknowledged = set(range(next(traffic.numbers)))
    steps = count(1)

    def say(line):
        if next(steps) == step:
            traffic.come()
            traffic.drain()
            traffic.come()

    back_up(tmp_path / "b.tar", Progress(say))
    traffic.writer.close()
    assert next(steps) == 4

    with fresh_installation(tmp_path / "fresh", settings):
        call_command("restore", tmp_path / "b.tar")
        drain(settings.SPOOL_DIR)
        stored = stored_numbers()
        assert list(settings.SPOOL_DIR.glob("*.jsonl")) == []
    assert acknowledged <= stored.keys()
    assert set(stored.values()) == {1}


@contextmanager
def writing(directory, pixel, acknowledged):
    """Append hits in small segments from two threads, as web processes do, and note the number of each."""
    stop = threading.Event()
    numbers = count()

    def write():
        writer = SpoolWriter(directory, segment_bytes=2000)
        while not stop.wait(0.002):
            number = next(numbers)
            writer.append(hit(pixel, placement=str(number)).to_line())
            acknowledged.append(number)
        writer.close()

    writers = [threading.Thread(target=write) for _ in range(2)]
    for writer in writers:
        writer.start()
    try:
        yield
    finally:
        stop.set()
        for writer in writers:
            writer.join()


def started_drain(directory):
    """Start the drain of a data directory as a process of its own, with the database of the test."""
    name = connection.settings_dict["NAME"]
    url = urlunsplit(urlsplit(os.environ.get("DATABASE_URL", ""))._replace(path=f"/{name}"))
    url = f"sqlite:///{name}" if connection.vendor == "sqlite" else url
    command = [sys.executable, "manage.py", "drain"]
    return subprocess.Popen(command, cwd=ROOT, env=environment(directory, DATABASE_URL=url), start_new_session=True)


def test_a_backup_beside_a_drain_that_is_killed_has_every_acknowledged_hit_once(tmp_path, settings, spool_dir, pixel):
    acknowledged: list[int] = []
    drains = [started_drain(tmp_path)]

    def kill_once(line):
        if len(drains) == 1:
            drains[0].kill()
            drains.append(started_drain(tmp_path))

    try:
        with writing(spool_dir, pixel, acknowledged):
            eventually(Hit.objects.exists, 30)
            before = set(acknowledged)
            back_up(tmp_path / "b.tar", Progress(kill_once))
    finally:
        for process in drains:
            process.kill()
            process.wait()

    with fresh_installation(tmp_path / "fresh", settings):
        call_command("restore", tmp_path / "b.tar")
        drain(settings.SPOOL_DIR)
        stored = stored_numbers()
    assert before <= stored.keys() <= set(acknowledged)
    assert set(stored.values()) == {1}


def test_a_backup_keeps_what_people_made_and_no_salt_nor_what_a_salt_protects(
    tmp_path, settings, spool_dir, program, on_sqlite
):
    [half], [salt] = load_halves(["2026-11-22"]).values(), load_salts(["2026-11-22"]).values()
    secrets = {half, salt, *salt_keys().stored().values()}
    spool(spool_dir, [hit(program, placement="1")])
    drain(spool_dir)
    note_collector(spool_dir, timezone.now())
    KeyRequest.objects.create(name="date:2026-11-22", public_key=b"p" * 32, asked_at=timezone.now())
    manifest = quiet(tmp_path / "b.tar")
    key = settings.SECRET_KEY

    with fresh_installation(tmp_path / "fresh", settings):
        call_command("restore", tmp_path / "b.tar")
        assert Project.objects.get().slug == "blog"
        assert (settings.DATA_DIR / "secret_key").read_text() == key
        for model in (DailySalt, DailyVisitor, KeyRequest, TryCount, Collector):
            assert not model.objects.exists()
        if on_sqlite:
            connection.close()
            content = (settings.DATA_DIR / "db.sqlite3").read_bytes()
            assert not [secret for secret in secrets if secret in content]
    counts = {"projects": 1, "pixels": 1, "hits": 1, "reports": 0, "waiting bytes": 0}
    assert manifest.counts.items() >= counts.items()


@pytest.fixture
def open_umask():
    """Create files for everybody: our settings would close each of them anyway."""
    former = os.umask(0)
    yield
    os.umask(former)


def test_a_backup_is_readable_only_by_its_owner_and_replaces_the_one_before(tmp_path, spool_dir, project, open_umask):
    path = tmp_path / "b.tar"
    for _ in range(2):
        manifest = quiet(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert last_backup().at == manifest.at
    assert [entry.name for entry in tmp_path.iterdir() if "draft" in entry.name] == []


def test_a_backup_removes_what_a_killed_one_left(tmp_path, spool_dir, project):
    left = tmp_path / ".b.tar.draft"
    left.mkdir()
    (left / "database.sqlite3").write_bytes(b"half")
    quiet(tmp_path / "b.tar")
    assert not left.exists()


def test_a_backup_does_not_hold_a_key_that_is_a_setting(tmp_path, settings, spool_dir, project):
    settings.SECRET_KEY = "set-in-the-environment" * 3
    assert "secret_key" not in archive_members(tmp_path)


def archive_members(directory):
    quiet(directory / "b.tar")
    with tarfile.TarFile(directory / "b.tar") as tar:
        return tar.getnames()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (".", "is no file. Write the backup to a file"),
        ("-", "is no file. Write the backup to a file"),
        ("missing/b.tar", "There is no directory .*missing. Create it"),
        ("precious.txt", "precious.txt exists and is not a backup. It was not replaced. Use another name."),
    ],
)
def test_a_wrong_file_is_refused_with_what_to_do(tmp_path, spool_dir, project, name, message):
    (tmp_path / "precious.txt").write_text("precious")
    with pytest.raises(CommandError, match=message):
        call_command("backup", tmp_path / name if name != "-" else name)
    assert (tmp_path / "precious.txt").read_text() == "precious"


@pytest.mark.parametrize("is_read_only", [False, True])
def test_a_disk_that_does_not_take_the_backup_is_left_as_it_was(tmp_path, spool_dir, project, is_read_only):
    reason = "Read-only file system" if is_read_only else "No space left|is full"
    with small_disk(tmp_path / "disk", 40, is_read_only=is_read_only) as disk:
        with pytest.raises(CommandError, match=reason) as refused:
            call_command("backup", disk / "b.tar")
        assert list(disk.iterdir()) == []
    assert "disk" in str(refused.value)


@pytest.mark.postgresql
@pytest.mark.parametrize(
    ("script", "message"),
    [
        (None, "pg_dump is missing. Install PostgreSQL's client programs, version"),
        ("echo 'pg_dump (PostgreSQL) 9.6.24'", "pg_dump is of version 9, older than the server's"),
    ],
)
def test_without_a_suitable_pg_dump_it_says_what_to_install(tmp_path, spool_dir, project, monkeypatch, script, message):
    (tmp_path / "bin").mkdir()
    if script:
        program = tmp_path / "bin" / "pg_dump"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    with pytest.raises(CommandError, match=message):
        call_command("backup", tmp_path / "b.tar")
    assert not (tmp_path / "b.tar").exists()
