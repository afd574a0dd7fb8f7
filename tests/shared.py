"""What is slow to make and the same for all processes of pytest-xdist: the first one that needs it makes it."""

import atexit
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from django.db import connection

RUN = os.environ.get("PYTEST_XDIST_TESTRUNUID")
OWN = ExitStack()  # what a process that runs all tests alone made
atexit.register(OWN.close)
MODEL = "database"  # the file with the name of the database on PostgreSQL that belongs to a directory


def once(name: str, make: Callable[[Path], None]) -> Path:
    """Return a directory that all processes of a test run share. The first one lets `make` fill it; the others wait."""
    directory = _directory()
    made = directory / name
    with (directory / f"{name}.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            unfinished = directory / f"{name}.unfinished"
            _remove(unfinished)  # where another process failed: its tests say why
            unfinished.mkdir()
            make(unfinished)
            unfinished.rename(made)
    return made


@cache
def _directory() -> Path:
    if RUN:
        directory = directory_of(RUN)
        directory.mkdir(mode=0o700, exist_ok=True)
    else:
        directory = Path(tempfile.mkdtemp(prefix="footfall-tests-"))
        OWN.callback(_remove, directory)
    return directory


def directory_of(run: str) -> Path:
    return Path(tempfile.gettempdir()) / f"footfall-tests-{run}"


def close(run: str | None) -> None:
    """Remove what the processes of a test run shared, or what this one made, if it ran all tests."""
    OWN.close()
    if run:
        _remove(directory_of(run))


def _remove(directory: Path) -> None:
    for file in directory.rglob(MODEL):
        drop_database(file.read_text())
    shutil.rmtree(directory, ignore_errors=True)


def server_url() -> str:
    """Return the URL of the PostgreSQL server on which the tests run; empty for SQLite."""
    url = os.environ.get("DATABASE_URL", "")
    return url if url.startswith("postgres") else ""


def new_model(directory: Path, template: str = "template1") -> str:
    """Make a database that belongs to a shared directory, as a template of others, and return its name."""
    name = f"test_model_{os.getpid()}_{time.monotonic_ns()}"
    (directory / MODEL).write_text(name)
    create_database(name, template)
    return name


def create_database(name: str, template: str) -> None:
    with psycopg.connect(server_url(), autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'.encode())


def drop_database(name: str) -> None:
    """Drop a database, on a new connection: the test may have killed the server."""
    with psycopg.connect(server_url(), autocommit=True) as server:
        server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())


def url_of(name: str) -> str:
    """Return the URL of another database on that server."""
    return urlunsplit(urlsplit(server_url())._replace(path=f"/{name}"))


def migrate(directory: Path) -> None:
    """Migrate a database of the tests, and keep it in a directory, or as its model."""
    name = connection.settings_dict["NAME"]
    made = connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    connection.creation.destroy_test_db(name, verbosity=0, keepdb=True)
    if server_url():
        new_model(directory, made)
        drop_database(made)
    else:
        shutil.move(made, directory / "db.sqlite3")


@contextmanager
def copied(model: Path, name: str | Path) -> Iterator[None]:
    """Make a copy of the migrated database, with the name that Django gives the one of the tests."""
    if not server_url():
        shutil.copy(model / "db.sqlite3", name)
        yield
        return
    drop_database(str(name))  # of a run that was killed
    create_database(str(name), (model / MODEL).read_text())
    yield
    connection.close()
    drop_database(str(name))
