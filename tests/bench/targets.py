"""The servers to measure, each on its own loopback port and with its own data directory."""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

from tests.bench.machine import BenchError, Database, children_of, run_python, started, tool, wait_until
from tests.server import ROOT, Server, environment, free_port

START_SECONDS = 30
PREPARE_SECONDS = 300

NGINX_CONF = """
worker_processes auto;
daemon off;
pid nginx.pid;
error_log error.log;
events { worker_connections 1024; }
http {
  access_log access.log combined buffer=64k flush=1s;
  keepalive_requests 1000000000;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  server {
    listen 127.0.0.1:%d;
    location / { empty_gif; }
  }
}
"""


@dataclass(frozen=True, slots=True)
class Target:
    """A server under load: its web processes, and the processes behind them by name."""

    port: int
    web: list[int]
    behind: Mapping[str, int]


@contextmanager
def nginx(directory: Path) -> Iterator[Target]:
    """Run nginx with its own empty GIF and a buffered access log."""
    port = free_port()
    directory.joinpath("nginx.conf").write_text(NGINX_CONF % port)
    command = [tool("nginx", "nginx-light"), "-p", str(directory), "-c", "nginx.conf", "-e", "error.log"]
    log = directory / "error.log"
    with started(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        _await_answer(process, port, "nginx", log)
        yield Target(port, children_of(process.pid), {})


@contextmanager
def empty_application(directory: Path, workers: int) -> Iterator[Target]:
    """Run the empty application, as `manage.py up` runs the site."""
    port = free_port()
    command = [
        sys.executable, "-m", "gunicorn", "--config", "python:tests.bench.empty_gunicorn_conf",
        "--bind", f"127.0.0.1:{port}", "--workers", str(workers), "tests.bench.empty_app:application",
    ]  # fmt: skip
    log = directory / "gunicorn.log"
    with (
        log.open("wb") as file,
        started(command, cwd=ROOT, env=environment(directory), stdout=file, stderr=file) as process,
    ):
        _await_answer(process, port, "gunicorn", log)
        yield Target(port, children_of(process.pid), {})


@contextmanager
def footfall(directory: Path, database: Database, workers: int) -> Iterator[Target]:
    """Run the real server."""
    run_python(directory, database, "-m", "tests.bench.backlog", "prepare", timeout=PREPARE_SECONDS)
    server = Server(directory, database.url)
    try:
        server.start("--workers", str(workers))
        drain = server.drain_pid()
        yield Target(server.port, server.workers(), {"drain": drain} if drain else {})
    finally:
        server.stop()


def _await_answer(process: subprocess.Popen[bytes], port: int, name: str, log: Path) -> None:
    """Wait until a server answers. Raise BenchError with the end of its log if it ends instead."""

    def answers() -> bool:
        if process.poll() is not None:
            reason = log.read_text(errors="replace").strip()[-2000:] if log.exists() else "It has no log."
            raise BenchError(f"{name} ended with exit code {process.returncode} while it started. {reason}")
        try:
            with urlopen(f"http://127.0.0.1:{port}/p/x.gif", timeout=1):
                return True
        except OSError:
            return False

    wait_until(answers, START_SECONDS, f"{name} does not answer")
