"""The data directory is readable only by its owner, however it was before."""

import os
import stat
from pathlib import Path
from urllib.request import urlopen

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from telemetry_site import data_dir
from telemetry_site.data_dir import prepared_data_dir
from tests.server import new_pixel, running

pytestmark = pytest.mark.one_database

OTHERS = stat.S_IRWXG | stat.S_IRWXO


@pytest.fixture(autouse=True)
def usual_umask():
    before = os.umask(0o022)
    yield
    os.umask(before)


def open_to_others(directory: Path) -> list[str]:
    """Return the paths that other users could open, the directory itself included."""
    paths = [directory, *directory.rglob("*")]
    return [f"{path} {path.lstat().st_mode:o}" for path in paths if path.lstat().st_mode & OTHERS]


def old_directory(path: Path) -> Path:
    """Make a data directory as an earlier version or an operator may have left it, open to everybody."""
    path.mkdir(mode=0o755)
    (path / "spool").mkdir()
    files = ("db.sqlite3", "db.sqlite3-wal", "db.sqlite3-shm", "db.sqlite3-journal", "secret_key", "backup.sql")
    for name in (*files, "spool/drain.lock", "spool/set-aside.log", "spool/20261129T000000-ab.jsonl"):
        (path / name).write_text("")
        (path / name).chmod(0o644)
    assert len(open_to_others(path)) == 11
    return path


@pytest.mark.parametrize("mode", [0o755, 0o750, 0o777, 0o701])
def test_an_existing_directory_is_closed_with_all_that_is_in_it(tmp_path, mode):
    path = old_directory(tmp_path / "data")
    path.chmod(mode)

    prepared_data_dir(str(path))

    assert open_to_others(path) == []
    assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert stat.S_IMODE((path / "db.sqlite3").stat().st_mode) == 0o600


def test_a_closed_directory_with_open_files_is_closed_too(tmp_path):
    path = old_directory(tmp_path / "data")
    path.chmod(0o700)
    prepared_data_dir(str(path))
    assert open_to_others(path) == []


def test_a_new_directory_is_closed_and_its_parents_are_as_usual(tmp_path):
    path = prepared_data_dir(str(tmp_path / "srv" / "data"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o755


def test_what_a_link_names_is_left_alone(tmp_path):
    path = old_directory(tmp_path / "data")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("")
    elsewhere.chmod(0o644)
    (path / "link").symlink_to(elsewhere)
    prepared_data_dir(str(path))
    assert stat.S_IMODE(elsewhere.stat().st_mode) == 0o644


def refusal(path: Path) -> str:
    before = stat.S_IMODE(path.stat().st_mode)
    with pytest.raises(ImproperlyConfigured) as raised:
        prepared_data_dir(str(path))
    assert stat.S_IMODE(path.stat().st_mode) == before
    return str(raised.value)


def test_a_directory_that_is_shared_is_refused_with_the_command(tmp_path, monkeypatch):
    temporary, home, source = (tmp_path / name for name in ("tmp", "a home", "source"))
    for directory in (temporary, home, source):
        directory.mkdir(mode=0o755)
    temporary.chmod(0o1777)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setattr(data_dir, "BASE_DIR", source)

    assert f"such as {temporary}/footfall, or run: chmod 700 {temporary}" in refusal(temporary)
    assert f"chmod 700 '{home}'" in refusal(home)  # quoted for the shell
    assert "chmod 700" in refusal(source)
    home.chmod(0o700)
    prepared_data_dir(str(home))  # its owner ran the command


def test_a_directory_with_files_of_others_is_refused(tmp_path):
    path = tmp_path / "data"
    path.mkdir(mode=0o755)
    theirs = path / "theirs"
    theirs.write_text("")
    if os.geteuid() != 0:
        pytest.skip("only root can give files away")
    os.chown(theirs, 65_534, 65_534)
    assert "chmod 700" in refusal(path)


def test_a_directory_of_another_user_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "data"
    path.mkdir(mode=0o777)
    path.chmod(0o777)
    owner = path.stat().st_uid
    monkeypatch.setattr("os.geteuid", lambda: owner + 1)
    assert f"Use a directory that belongs to this user, such as {path}/footfall." in refusal(path)


def test_nothing_that_a_real_server_writes_is_open_to_others(tmp_path):
    path = old_directory(tmp_path / "data")
    for name in ("secret_key", "db.sqlite3-wal", "db.sqlite3-shm", "db.sqlite3-journal"):
        (path / name).unlink()
    with running(path, "--workers", "1", from_nothing=True) as server:
        token = new_pixel(server)["token"]
        urlopen(f"{server.url}/p/{token}/medium.gif").read()
        server.manage("seed_demo", "--hits", "100", "--days", "7", "--installations", "20", "--skip-checks")
        files = {entry.name for entry in path.rglob("*")}
        assert {"secret_key", "drain.lock"} <= files
        if connection.vendor == "sqlite":
            assert {"db.sqlite3", "db.sqlite3-wal", "db.sqlite3-shm"} <= files
        assert any(name.endswith(".jsonl") for name in files)
        opened = open_to_others(path)
    # Static files are no secret: Django gives them a mode of their own. Nobody else gets as far as here.
    assert [name for name in opened if "/static/" not in name] == []
