"""A server whose web processes and drain are services of their own, as under systemd, and the releases that it runs.

Its port is open all the time, as that of `deploy/systemd/footfall-web.socket`: while the web server restarts, requests
wait.
"""

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from tests.bench.machine import BenchError, Database, started, wait_until
from tests.server import PASSWORD, ROOT, environment

START_SECONDS = 120
MANAGE_SECONDS = 3600
BACKLOG = 2048  # as in footfall-web.socket
COPIED = ("accounts", "collector", "dashboard", "static", "telemetry_site", "templates", "manage.py", "pyproject.toml")
NEW_PIXELS = """
import json
from collector.models import Pixel, Project
project = Project.objects.create(name="Blog", slug="blog", timezone="UTC")
pixels = [Pixel.objects.create(project=project, title=f"No. {{number}}") for number in range({count})]
print(json.dumps([pixel.token for pixel in pixels]))
"""
MADE_UP = "9000_made_up"
MADE_UP_MIGRATION = '''"""A made-up next release: two more columns, and counts that are written once more."""

from django.db import migrations, models


def write_again(apps, schema_editor):
    counts = apps.get_model("collector", "DailyCount").objects
    counts.update(hits=models.F("hits"))


class Migration(migrations.Migration):
    dependencies = [("collector", "{newest}")]
    operations = [
        migrations.AddField("hit", "made_up", models.CharField(max_length=5, null=True)),
        migrations.AddField("project", "made_up", models.CharField(max_length=5, default="x", db_default="x")),
        migrations.RunPython(write_again, migrations.RunPython.noop),
    ]
'''


@dataclass(frozen=True, slots=True)
class Release:
    """A version of Footfall in a directory. `python` has what it needs installed."""

    directory: Path
    python: str

    @property
    def newest_migration(self) -> str:
        """The newest migration that it has."""
        return max(path.stem for path in (self.directory / "collector/migrations").glob("[0-9]*.py"))

    def has_command(self, name: str) -> bool:
        return (self.directory / f"collector/management/commands/{name}.py").exists()


def release_in(directory: Path) -> Release:
    """Return the version in a directory, run by the Python of its `.venv`, if there is one, or else by ours."""
    if not (directory / "collector/migrations").is_dir():
        raise BenchError(f"{directory} is no checkout of Footfall.")
    own = directory / ".venv/bin/python"
    return Release(directory.resolve(), str(own) if own.exists() else sys.executable)


def next_release(directory: Path) -> Release:
    """Make a copy of this checkout with one migration more, in a new directory."""
    directory.mkdir()
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, directory / name)
        else:
            shutil.copy2(ROOT / name, directory / name)
    newest = release_in(ROOT).newest_migration
    (directory / f"collector/migrations/{MADE_UP}.py").write_text(MADE_UP_MIGRATION.format(newest=newest))
    return Release(directory, sys.executable)


class Installation:
    """One server with its data in `directory`. Use it in a `with` block, at whose end all of its processes end."""

    def __init__(self, directory: Path, database: Database, *, workers: int = 1, **settings: str) -> None:
        self.directory = directory
        self.database = database
        self._workers = workers
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=BACKLOG)
        self._stack = ExitStack()
        self._running: dict[str, tuple[ExitStack, subprocess.Popen[bytes]]] = {}
        ours = {
            "DATABASE_URL": database.url,
            "PUBLIC_URL": f"http://127.0.0.1:{self.port}",
            "TELEMETRY_ADMIN_PASSWORD": PASSWORD,
            "TRUSTED_PROXIES": "1",
        }
        self._environment = environment(directory, **(ours | settings))

    def __enter__(self) -> "Installation":
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()
        self._socket.close()

    @property
    def port(self) -> int:
        return int(self._socket.getsockname()[1])

    def manage(self, release: Release, *arguments: str) -> str:
        """Run a command of a release, and return what it prints. Raise BenchError if it fails."""
        done = subprocess.run(
            [release.python, "manage.py", *arguments],
            cwd=release.directory,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=MANAGE_SECONDS,
        )
        if done.returncode:
            raise BenchError(f"manage.py {' '.join(arguments)} failed: {done.stderr.strip()[-2000:]}")
        return done.stdout

    def prepare(self, release: Release) -> None:
        """Bring the database to a release, beside whatever runs."""
        if release.has_command("prepare"):
            self.manage(release, "prepare")
        else:
            self.manage(release, "migrate", "--no-input", "--verbosity", "0")
            self.manage(release, "collectstatic", "--no-input", "--verbosity", "0")

    def new_pixels(self, release: Release, count: int) -> list[str]:
        """Create articles in a project, and return their tokens."""
        output = self.manage(release, "shell", "--no-imports", "--command", NEW_PIXELS.format(count=count))
        tokens: list[str] = json.loads(output)
        return tokens

    def start_web(self, release: Release) -> None:
        """Start the web server, and wait until it answers."""
        workers = ["--workers", str(self._workers)]
        if release.has_command("web"):
            command = ["manage.py", "web", *workers]
        else:
            config = ["--config", "python:telemetry_site.gunicorn_conf"]
            command = ["-m", "gunicorn", *config, *workers, "telemetry_site.asgi:application"]
        number = self._socket.fileno()
        # systemd.socket(5), sd_listen_fds(3): the socket is descriptor 3 of the process that LISTEN_PID names.
        shell = ["sh", "-c", f'LISTEN_FDS=1 LISTEN_PID=$$ exec "$@" 3<&{number}', "sh"]
        self._start("web", release, [*shell, release.python, *command], (number,))
        wait_until(lambda: self._says("healthz"), START_SECONDS, "The web server does not answer")

    def start_drain(self, release: Release) -> None:
        self._start("drain", release, [release.python, "manage.py", "drain"], ())

    def stop(self, service: str) -> None:
        """Stop a service as systemd does, and wait until it has ended."""
        stack, process = self._running.pop(service)
        has_ended = process.poll() is not None
        stack.close()
        if has_ended:
            log = (self.directory / f"{service}.log").read_text(errors="replace")
            raise BenchError(f"The service {service} ended by itself: {log[-2000:]}")

    def restart_web(self, release: Release) -> None:
        self.stop("web")
        self.start_web(release)

    def processes(self) -> dict[str, int]:
        """Return the ids of the processes that run now, by service."""
        return {service: process.pid for service, (_, process) in self._running.items()}

    def get(self, path: str, **headers: str) -> tuple[int, str]:
        """Request a page; return its status and text. Raise OSError for a status of 400 or more."""
        request = Request(f"http://127.0.0.1:{self.port}/{path}", headers=headers)
        with urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode("utf-8", "replace")

    def waiting_bytes(self) -> int:
        """Return how much of the spool is not stored yet."""
        sizes = {}
        for segment in (self.directory / "spool").glob("*.jsonl"):
            try:
                sizes[segment.name] = segment.stat().st_size
            except FileNotFoundError:
                continue  # drained and deleted
        read = dict(self.database.rows("SELECT segment, offset_bytes FROM collector_spooloffset"))
        return sum(size - read.get(name, 0) for name, size in sizes.items())

    def spool_bytes(self) -> int:
        return sum(path.stat().st_size for path in (self.directory / "spool").glob("*.jsonl"))

    def _says(self, path: str) -> bool:
        try:
            return self.get(path)[0] == 200
        except OSError:
            return False

    def _start(self, service: str, release: Release, command: list[str], descriptors: tuple[int, ...]) -> None:
        stack = self._stack.enter_context(ExitStack())
        log = stack.enter_context((self.directory / f"{service}.log").open("ab"))
        options: dict[str, Any] = {"cwd": release.directory, "env": self._environment, "stdout": log, "stderr": log}
        process = stack.enter_context(started(command, pass_fds=descriptors, **options))
        self._running[service] = (stack, process)


@contextmanager
def installation(parent: Path, name: str, database: Database, **options: Any) -> Iterator[Installation]:
    """Yield a server with its data in a new directory."""
    directory = parent / name
    directory.mkdir(mode=0o700)
    with Installation(directory, database, **options) as server:
        yield server


def load_parser(description: str | None, rate: float) -> argparse.ArgumentParser:
    """Return a parser of what each load of an installation needs; `rate` is the default."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=float, default=rate, help="hits a second (default %(default)s)")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="web processes (default %(default)s)")
    parser.add_argument("--json-only", action="store_true", help="no progress on stderr")
    return parser


def load_arguments(parser: argparse.ArgumentParser) -> argparse.Namespace:
    """Parse the command line. All of its numbers must be 1 or more."""
    arguments = parser.parse_args()
    if min(value for value in vars(arguments).values() if type(value) in {int, float}) < 1:
        parser.error("numbers must be 1 or more")
    return arguments


def wait_until_stored(server: Installation, seconds: float = 3600) -> float:
    """Wait until nothing waits in a server's spool, and return the seconds."""
    return wait_until(lambda: server.waiting_bytes() == 0, seconds, "The drain did not catch up")
