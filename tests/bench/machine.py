"""What benchmarks need from the machine: programs, processes and their cost, databases, and output.

This module ends every process that it starts, by its id.
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

from tests import citus, shared
from tests.server import ROOT, copied_model, environment, free_port

STOP_SECONDS = 20
TRAFFIC_TABLES = (
    "collector_hit",
    "collector_dailycount",
    "collector_useragent",
    "collector_page",
    "collector_report",
    "collector_reportcount",
)
_CLUSTER = "import json, os, sys; print('CLUSTER', json.dumps(dict(os.environ)), flush=True); sys.stdin.read()"


class BenchError(Exception):
    """A reason why we can't measure, in a sentence that says what to do."""


class Progress:
    """Prints progress on stderr, unless `quiet`."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet

    def __call__(self, text: str) -> None:
        if not self._quiet:
            print(text, file=sys.stderr, flush=True)


class Skipped(Exception):  # noqa: N818  (no error: the other parts are measured)
    """The reason why we skip one part."""


class Database(ABC):
    """A new database. `url` has the form of DATABASE_URL."""

    url: str

    @abstractmethod
    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Run a query and return its rows."""

    @abstractmethod
    def traffic_bytes(self) -> int:
        """Return the disk space of hits, counts, agents and pages, with their indexes."""

    def settings(self) -> dict[str, str]:
        """Return the settings that decide how safe and how slow a commit is."""
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
        """Return the size of the database file and its write-ahead log."""
        log = self._path.with_name(f"{self._path.name}-wal")
        return self._path.stat().st_size + (log.stat().st_size if log.exists() else 0)


class PostgresqlDatabase(Database):
    size = "pg_total_relation_size"

    def __init__(self, url: str) -> None:
        self.url = url

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url, autocommit=True) as connection:
            return connection.execute(sql.encode()).fetchall()

    def traffic_bytes(self) -> int:
        tables = ", ".join(f"('{table}')" for table in TRAFFIC_TABLES)
        size = f"sum({self.size}(coalesce(part.relid, traffic.name::regclass)))"  # no parts: no partitions
        joined = (
            f"(VALUES {tables}) AS traffic (name) LEFT JOIN pg_partition_tree(traffic.name::regclass) AS part ON true"
        )
        return int(self.value(f"SELECT {size} FROM {joined}"))

    def settings(self) -> dict[str, str]:
        names = ("server_version", "fsync", "synchronous_commit", "shared_buffers")
        return {name: str(self.value(f"SHOW {name}")) for name in names}


class CitusDatabase(PostgresqlDatabase):
    size = "citus_total_relation_size"


class Databases:
    """Creates databases of a kind: `sqlite`, `postgresql` or `citus`.

    The first PostgreSQL database starts a server. Those on Citus are on the cluster that `CITUS_URL` names.
    """

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._cluster_url: str | None = None

    def __enter__(self) -> "Databases":
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    @contextmanager
    def new(self, kind: str, directory: Path) -> Iterator[Database]:
        """Yield a new database; SQLite puts it into `directory`. Raise Skipped if there is no PostgreSQL."""
        if kind == "sqlite":
            copy_model_of_tests(directory)
            yield SqliteDatabase(directory)
            return
        if kind == "citus":
            if "CITUS_URL" not in os.environ:
                raise Skipped("CITUS_URL names no coordinator")
            name = f"bench_{os.getpid()}_{time.monotonic_ns()}"
            with citus.database(os.environ["CITUS_URL"], name, shards=citus.USUAL_SHARDS) as url:
                yield CitusDatabase(url)
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


def copy_model_of_tests(directory: Path) -> None:
    """Where tests run a benchmark, start from their migrated database: to migrate takes as long as all else."""
    if shared.RUN and not shared.server_url():
        copied_model(directory)


@contextmanager
def _postgresql_cluster() -> Iterator[str]:
    """Run a PostgreSQL server of our own, with commits as safe as in production, and yield its URL."""
    wrapper = shutil.which("pg_virtualenv")
    if wrapper is None:
        raise Skipped("no pg_virtualenv: install the Debian package postgresql (its postgresql-common has it)")
    # pg_virtualenv turns fsync off, unless these options turn it on. -t puts its data into TMPDIR, as SQLite's is.
    options = ["-t", "-o", "fsync=on", "-o", "synchronous_commit=on"]
    command = [wrapper, *options, sys.executable, "-c", _CLUSTER]
    variables = os.environ | {"PGPORT": str(free_port())}  # two clusters that start at once could choose the same
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    with started(command, env=variables, **pipes) as process:
        assert process.stdin
        assert process.stdout
        try:
            yield _cluster_url(_cluster_variables(process.stdout))
        finally:
            process.stdin.close()  # the program in it ends, then pg_virtualenv removes the cluster
            process.stdout.read()
            process.wait(60)


def _cluster_variables(output: IO[bytes]) -> dict[str, str]:
    """Return the environment inside pg_virtualenv, which names the server. Raise Skipped if there is none."""
    messages = b""
    for line in output:
        if line.startswith(b"CLUSTER "):
            variables: dict[str, str] = json.loads(line.removeprefix(b"CLUSTER "))
            return variables
        messages += line
    raise Skipped(f"pg_virtualenv started no PostgreSQL: {messages.decode(errors='replace').strip()}")


def _cluster_url(variables: dict[str, str]) -> str:
    user, password = quote(variables["PGUSER"], safe=""), quote(variables["PGPASSWORD"], safe="")
    return f"postgres://{user}:{password}@{variables['PGHOST']}:{variables['PGPORT']}/{variables['PGDATABASE']}"


@contextmanager
def started(command: Sequence[str], **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process during the block. Ctrl-C does not reach it."""
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
    """Return the path of a program. Raise BenchError with the name of its package if it is not installed."""
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if path is None:
        raise BenchError(f"{name} is not installed: install the Debian package {package}.")
    return path


def run_python(directory: Path, database: Database, *arguments: str, timeout: float) -> str:
    """Run Python in the checkout with the server's settings, and return its output."""
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
    """Return the process ids of live children."""
    return [int(text) for text in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def cpu_seconds(pids: Iterable[int | str]) -> float:
    """Return the CPU time that processes have used so far (proc(5): utime and stime)."""
    ticks = 0
    for pid in pids:
        fields = _process_file(pid, "stat").rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def machine_seconds() -> dict[str, float]:
    """Return the CPU time of all processors together since the start of the machine (proc(5): /proc/stat)."""
    names = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")
    first = Path("/proc/stat").read_text().splitlines()[0].split()[1:]
    seconds = {name: int(ticks) / os.sysconf("SC_CLK_TCK") for name, ticks in zip(names, first, strict=False)}
    idle, steal = seconds.pop("idle") + seconds.pop("iowait"), seconds.pop("steal")
    return {"busy": sum(seconds.values()), "idle": idle, "stolen": steal}


def peak_memory_mb(pid: int | str = "self") -> float:
    """Return the largest resident size of a process so far (proc(5): VmHWM)."""
    status = dict(line.split(":", 1) for line in _process_file(pid, "status").splitlines())
    return round(int(status["VmHWM"].split()[0]) / 1024, 1)


def _process_file(pid: int | str, name: str) -> str:
    try:
        return Path(f"/proc/{pid}/{name}").read_text()
    except OSError as error:
        raise BenchError(f"Process {pid} is gone: it ended while it was measured ({error.strerror}).") from error


def wait_until(condition: Callable[[], bool], seconds: float, what: str) -> float:
    """Wait until `condition` is true and return the seconds. Raise BenchError if it takes too long."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > seconds:
            raise BenchError(f"{what}: not within {seconds:.0f} s.")
        time.sleep(0.1)
    return round(time.monotonic() - began, 1)


def description(directory: Path) -> dict[str, Any]:
    """Describe the machine and the file system of `directory`: the numbers depend on them."""
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


def database_kinds(text: str, known: Sequence[str] = ("sqlite", "postgresql")) -> list[str]:
    """Parse `--databases`."""
    kinds = [kind.strip() for kind in text.split(",") if kind.strip()]
    if not kinds or not set(kinds) <= set(known):
        raise ArgumentTypeError(f"write one of {', '.join(known)}, or several with commas between them")
    return kinds


def measure_and_print(measure: Callable[[], dict[str, Any]]) -> int:
    """Print the result of `measure` as one JSON object and return an exit code. SIGTERM ends it cleanly."""
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
