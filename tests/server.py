"""The real server, started as operators start it, for tests that kill it or drive it with a browser."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from tests import citus
from tests.shared import MODEL, create_database, drop_database, new_model, once, server_url, url_of

ROOT = Path(__file__).resolve().parent.parent
PASSWORD = "correct horse battery"
START_SECONDS = 120  # on a busy machine; one that ends is noticed at once


def environment(directory: Path, **settings: str) -> dict[str, str]:
    """Return the environment of a server with its data in `directory`. SQLite, unless `settings` name a database."""
    inherited = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    ours = {"DATA_DIR": str(directory), "ENV_FILE": os.devnull, "DJANGO_SETTINGS_MODULE": "telemetry_site.settings"}
    return inherited | ours | settings


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def eventually(condition: Callable[[], Any], seconds: float) -> Any:
    """Call `condition` until its answer is true, and return the answer. Fail after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"not within {seconds} s; the last answer was {answer!r}"
        time.sleep(0.05)


@contextmanager
def database(directory: Path, *, is_prepared: bool = False) -> Iterator[str]:
    """Yield the URL of a new database: on the server that `DATABASE_URL` names, or SQLite in `directory`.

    It is empty, or what `manage.py prepare` makes. In that case `directory` also gets the static files. On the cluster
    that `CITUS_URL` names, its tables are distributed then.
    """
    if os.environ.get("CITUS_URL"):
        with citus.database(os.environ["CITUS_URL"], f"test_up_{os.getpid()}_{time.monotonic_ns()}") as url:
            for command in ("prepare", "distribute") if is_prepared else ():
                settings = environment(directory, DATABASE_URL=url, TELEMETRY_ADMIN_PASSWORD=PASSWORD)
                arguments = [sys.executable, "manage.py", command]
                subprocess.run(arguments, cwd=ROOT, env=settings, check=True, capture_output=True)
            yield url
        return
    model = copied_model(directory) if is_prepared else None
    if not server_url():
        yield f"sqlite:///{directory / 'db.sqlite3'}"
        return
    name = f"test_up_{os.getpid()}_{time.monotonic_ns()}"
    create_database(name, (model / MODEL).read_text() if model else "template1")
    try:
        yield url_of(name)
    finally:
        drop_database(name)


def copied_model(directory: Path) -> Path:
    """Copy what `manage.py prepare` makes in an empty directory, and return the original. SQLite's file is in it."""
    model = once("prepared", _prepare)
    shutil.copytree(model / "static", directory / "static", dirs_exist_ok=True)
    if not server_url():
        shutil.copy(model / "db.sqlite3", directory)
    return model


def _prepare(directory: Path) -> None:
    """Make the database and the static files that each server starts with. They take longer than all else then."""
    url = f"sqlite:///{directory / 'db.sqlite3'}"
    if server_url():
        url = url_of(new_model(directory))
    settings = environment(directory, DATABASE_URL=url, TELEMETRY_ADMIN_PASSWORD=PASSWORD)
    subprocess.run([sys.executable, "manage.py", "prepare"], cwd=ROOT, env=settings, check=True, capture_output=True)


class Server:
    """`manage.py up` on its own port, with its data in `directory`. `path` is the path in PUBLIC_URL."""

    def __init__(self, directory: Path, database_url: str, path: str = "", **settings: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}{path}"
        self.log = directory / "up.log"
        self.database_url = database_url
        self._directory = directory
        ours = {"DATABASE_URL": database_url, "PUBLIC_URL": self.url, "TELEMETRY_ADMIN_PASSWORD": PASSWORD}
        self._environment = environment(directory, **(ours | settings))
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *arguments: str, is_checked: bool = False) -> None:
        """Start the server and wait until it answers. If `is_checked`, it makes system checks, which load all pages."""
        checks = [] if is_checked else ["--skip-checks"]
        with self.log.open("ab") as log:
            # In a session of its own: Linux shares the processor between sessions first (sched(7), autogroup), so the
            # other tests can't starve the drain, which has a low priority.
            self._process = subprocess.Popen(
                [sys.executable, "manage.py", "up", "--port", str(self.port), *checks, *arguments],
                cwd=ROOT,
                env=self._environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        eventually(self._is_up, START_SECONDS)

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    def stop(self) -> int:
        """Stop the server as a service manager does; return its exit code."""
        assert self._process
        self._process.terminate()
        return self._process.wait(40)

    def kill(self) -> None:
        """End all of the server's processes at once, as a power cut does."""
        assert self._process
        victims = [self.pid, *self.workers(), *self._children("gunicorn"), self.drain_pid()]
        for pid in victims:
            kill(pid)
        self._process.wait(10)

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def manage(self, *arguments: str) -> str:
        """Run a management command beside the server; return what it prints."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments], cwd=ROOT, env=self._environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def hits(self, project: str) -> list[dict[str, Any]]:
        """Return the stored hits of a project. Without system checks, which take longer than the export."""
        return [json.loads(line) for line in self.manage("export_hits", project, "--skip-checks").splitlines()]

    def reports(self, project: str, program: str) -> list[dict[str, Any]]:
        """Return the stored reports of a program as `export_reports` writes them, oldest first."""
        lines = self.manage("export_reports", project, program, "--skip-checks").splitlines()
        return [json.loads(line) for line in lines]

    def spooled_bytes(self) -> int:
        return sum(path.stat().st_size for path in (self._directory / "spool").glob("*.jsonl"))

    def workers(self) -> list[int]:
        """Return the process ids of the web workers."""
        return [worker for web in self._children("gunicorn") for worker in _children_of(web, "gunicorn")]

    def drain_pid(self) -> int | None:
        return next(iter(self._children("drain")), None)

    def _children(self, word: str) -> list[int]:
        return _children_of(self.pid, word)

    def _is_up(self) -> bool:
        assert self._process
        assert self._process.poll() is None, self.log.read_text()
        try:
            with urlopen(f"{self.url}/readyz", timeout=1) as answer:
                return answer.status == 200
        except OSError:
            return False


def new_pixel(server: Server) -> dict[str, Any]:
    """Create a pixel for Medium in the project `blog`."""
    arguments = ("create_pixel", "blog", "Hello", "--placement", "medium", "--json", "--skip-checks")
    return json.loads(server.manage(*arguments))


def _children_of(parent: int, word: str) -> list[int]:
    """Return the live children of a process that have `word` in their command line."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid=,stat=,args="], capture_output=True, text=True, check=True).stdout
    children = []
    for line in listed.splitlines():
        pid, parent_pid, state, *command = line.split(None, 3)
        if int(parent_pid) == parent and not state.startswith("Z") and word in "".join(command):
            children.append(int(pid))
    return children


def kill(pid: int | None) -> None:
    """`kill -9` a process that may have ended already."""
    if pid:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


@contextmanager
def running(directory: Path, *arguments: str, path: str = "", from_nothing: bool = False) -> Iterator[Server]:
    """Run a server for the length of a test: on a copy of a prepared database, or `from_nothing`, as operators do."""
    with database(directory, is_prepared=not from_nothing) as url:
        server = Server(directory, url, path)
        server.start(*arguments, is_checked=from_nothing)
        try:
            yield server
        finally:
            if server.is_running:
                server.stop()
