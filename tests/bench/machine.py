"""What benchmarks need of the machine: tools, processes and what they cost, databases, and words to tell it all.

Every process that is started here is ended here, by its id.
"""

import json
import os
import platform
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from argparse import ArgumentTypeError
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote, urlsplit

import psycopg

from tests.server import ROOT, environment, free_port

STOP_SECONDS = 20
TRAFFIC_TABLES = ("collector_hit", "collector_dailycount", "collector_useragent", "collector_page")
_CLUSTER = "import json, os, sys; print('CLUSTER', json.dumps(dict(os.environ)), flush=True); sys.stdin.read()"


class BenchError(Exception):
    """Something that keeps us from measuring, in a sentence that says what to do."""


class Progress:
    """Tells on stderr what is going on, unless it shall be quiet."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet

    def __call__(self, text: str) -> None:
        if not self._quiet:
            print(text, file=sys.stderr, flush=True)


class Skipped(Exception):  # noqa: N818  (no error: the rest is measured)
    """A part that can't be measured here, with the reason."""


class Database(ABC):
    """A new database of its own. `url` is as DATABASE_URL has it."""

    url: str

    @abstractmethod
    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Return what a query finds."""

    @abstractmethod
    def traffic_bytes(self) -> int:
        """Return what hits, counts, agents and pages take on disk, with their indexes."""

    def settings(self) -> dict[str, str]:
        """Return what decides how safe, and so how slow, a commit is."""
        return {}

    def value(self, sql: str) -> Any:
        return self.rows(sql)[0][0]


class SqliteDatabase(Database):
    def __init__(self, directory: Path) -> None:
        self._path = directory / "db.sqlite3"
        self.url = f"sqlite:///{self._path}"

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        connection = sqlite3.connect(self._path, timeout=30)
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()

    def traffic_bytes(self) -> int:
        """Return the size of the file, after the last connection has put the log back into it."""
        log = self._path.with_name(f"{self._path.name}-wal")
        return self._path.stat().st_size + (log.stat().st_size if log.exists() else 0)


class PostgresqlDatabase(Database):
    def __init__(self, url: str) -> None:
        self.url = url

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url, autocommit=True) as connection:
            return connection.execute(sql.encode()).fetchall()

    def traffic_bytes(self) -> int:
        sizes = " + ".join(f"pg_total_relation_size('{table}')" for table in TRAFFIC_TABLES)
        return int(self.value(f"SELECT {sizes}"))

    def settings(self) -> dict[str, str]:
        names = ("server_version", "fsync", "synchronous_commit", "shared_buffers")
        return {name: str(self.value(f"SHOW {name}")) for name in names}


class Databases:
    """Makes databases by kind, `sqlite` or `postgresql`. A PostgreSQL cluster is started when first asked for."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._cluster_url: str | None = None

    def __enter__(self) -> "Databases":
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    @contextmanager
    def new(self, kind: str, directory: Path) -> Iterator[Database]:
        """Yield a database of its own, in `directory` where it is SQLite. Raise Skipped where there can be none."""
        if kind == "sqlite":
            yield SqliteDatabase(directory)
            return
        if self._cluster_url is None:
            self._cluster_url = self._stack.enter_context(_postgresql_cluster())
        name = f"bench_{os.getpid()}_{time.monotonic_ns()}"
        with psycopg.connect(self._cluster_url, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"'.encode())
        try:
            yield PostgresqlDatabase(urlsplit(self._cluster_url)._replace(path=f"/{name}").geturl())
        finally:
            with psycopg.connect(self._cluster_url, autocommit=True) as connection:
                connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


@contextmanager
def _postgresql_cluster() -> Iterator[str]:
    """Yield the URL of a PostgreSQL server of our own, which keeps its commits as one in earnest does."""
    wrapper = shutil.which("pg_virtualenv")
    if wrapper is None:
        raise Skipped("no pg_virtualenv: install the Debian package postgresql (its postgresql-common has it)")
    # pg_virtualenv switches fsync off, and takes our word over its own. With -t its data is where SQLite's is, too.
    options = ["-t", "-o", "fsync=on", "-o", "synchronous_commit=on"]
    command = [wrapper, *options, sys.executable, "-c", _CLUSTER]
    variables = os.environ | {"PGPORT": str(free_port())}  # of its own: it looks for a free one, but not very hard
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    with started(command, env=variables, **pipes) as process:
        assert process.stdin
        assert process.stdout
        try:
            yield _cluster_url(_cluster_variables(process.stdout))
        finally:
            process.stdin.close()  # what the program in it waits for; then the cluster is taken down
            process.stdout.read()
            process.wait(60)


def _cluster_variables(output: IO[bytes]) -> dict[str, str]:
    """Return the environment inside pg_virtualenv, which names the server; raise Skipped where it made none."""
    said = b""
    for line in output:
        if line.startswith(b"CLUSTER "):
            variables: dict[str, str] = json.loads(line.removeprefix(b"CLUSTER "))
            return variables
        said += line
    raise Skipped(f"pg_virtualenv started no PostgreSQL: {said.decode(errors='replace').strip()}")


def _cluster_url(variables: dict[str, str]) -> str:
    user, password = quote(variables["PGUSER"], safe=""), quote(variables["PGPASSWORD"], safe="")
    return f"postgres://{user}:{password}@{variables['PGHOST']}:{variables['PGPORT']}/{variables['PGDATABASE']}"


@contextmanager
def started(command: Sequence[str], **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process beside us, away from our Ctrl-C, and end it with the block."""
    process = subprocess.Popen(command, start_new_session=True, **options)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def tool(name: str, package: str) -> str:
    """Return the path of a program; say which package has it where there is none."""
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if path is None:
        raise BenchError(f"{name} is not installed: install the Debian package {package}.")
    return path


def run_python(directory: Path, database: Database, *arguments: str, timeout: float) -> str:
    """Run Python in the checkout, with the server's settings, and return what it prints."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=environment(directory, DATABASE_URL=database.url),
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    if done.returncode:
        raise BenchError(f"`python {' '.join(arguments)}` failed: {done.stderr.strip()[-2000:]}")
    return done.stdout


def children_of(pid: int) -> list[int]:
    """Return the process ids of the children that live."""
    return [int(text) for text in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def cpu_seconds(pids: Iterable[int | str]) -> float:
    """Return the CPU time that processes have used so far (proc(5): utime and stime)."""
    ticks = 0
    for pid in pids:
        fields = _told_by_kernel(pid, "stat").rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def machine_seconds() -> dict[str, float]:
    """Return the CPU time of the whole machine so far, of all processors together (proc(5): /proc/stat)."""
    names = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")
    first = Path("/proc/stat").read_text().splitlines()[0].split()[1:]
    seconds = {name: int(ticks) / os.sysconf("SC_CLK_TCK") for name, ticks in zip(names, first, strict=False)}
    idle, steal = seconds.pop("idle") + seconds.pop("iowait"), seconds.pop("steal")
    return {"busy": sum(seconds.values()), "idle": idle, "stolen": steal}


def peak_memory_mb(pid: int | str = "self") -> float:
    """Return the largest resident size that a process has had (proc(5): VmHWM)."""
    status = dict(line.split(":", 1) for line in _told_by_kernel(pid, "status").splitlines())
    return round(int(status["VmHWM"].split()[0]) / 1024, 1)


def _told_by_kernel(pid: int | str, name: str) -> str:
    try:
        return Path(f"/proc/{pid}/{name}").read_text()
    except OSError as error:
        raise BenchError(f"Process {pid} is gone: it ended while it was measured ({error.strerror}).") from error


def wait_until(condition: Callable[[], bool], seconds: float, what: str) -> float:
    """Return how many seconds it took until `condition` held; raise BenchError where that is too long."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > seconds:
            raise BenchError(f"{what}: not within {seconds:.0f} s.")
        time.sleep(0.1)
    return round(time.monotonic() - began, 1)


def description(directory: Path) -> dict[str, Any]:
    """Return what the numbers depend on: the machine, and the file system that holds `directory`."""
    return {
        "cpus": os.cpu_count(),
        "memory_mb": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20,
        "system": platform.platform(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "file_system": _file_system(directory),
        "load_average_before": round(os.getloadavg()[0], 2),
    }


def _file_system(directory: Path) -> str:
    mounts = [line.split()[1:3] for line in Path("/proc/mounts").read_text().splitlines()]
    holding = [mount for mount in mounts if directory.resolve().is_relative_to(mount[0])]
    return max(holding, key=lambda mount: len(mount[0]))[1]


def database_kinds(text: str) -> list[str]:
    """Parse `--databases`."""
    kinds = [kind.strip() for kind in text.split(",") if kind.strip()]
    if not kinds or not set(kinds) <= {"sqlite", "postgresql"}:
        raise ArgumentTypeError("write sqlite, postgresql, or both with a comma between them")
    return kinds


def measure_and_print(measure: Callable[[], dict[str, Any]]) -> int:
    """Print what `measure` returns as one JSON object and return an exit code. SIGTERM ends it cleanly."""
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    try:
        print(json.dumps(measure(), indent=2))
    except (BenchError, AssertionError, subprocess.TimeoutExpired) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130
    return 0
