"""A database that neither answers nor fails: no reader waits for it, and what they read counts in the end."""

import fcntl
import http.client
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.endpoints import CHROME
from tests.requirements import missing
from tests.server import Server, eventually, kill, new_pixel, running

WAL_LOCKS = (120, 8)  # first byte and number of the locks in SQLite's `-shm` file (walformat, 2.3.1)


@contextmanager
def frozen_database(server: Server) -> Iterator[None]:
    """Freeze the server's database: stop all processes of PostgreSQL, or hold every lock of SQLite."""
    if server.database_url.startswith("sqlite"):
        path = Path(server.database_url.removeprefix("sqlite:///") + "-shm")
        with path.open("r+b") as file:
            eventually(lambda: _locks(file), 60)
            yield
        return
    if not os.environ.get("THROWAWAY_CLUSTER"):
        missing("no PostgreSQL that may be stopped; set THROWAWAY_CLUSTER to one, such as 15/regress")
    with psycopg.connect(os.environ["DATABASE_URL"]) as admin:
        directory = admin.execute("SHOW data_directory").fetchone()[0]
    postmaster = int(Path(directory, "postmaster.pid").read_text().splitlines()[0])
    children = subprocess.run(["pgrep", "-P", str(postmaster)], capture_output=True, text=True).stdout.split()
    processes = [postmaster, *map(int, children)]
    for pid in processes:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in processes:
            os.kill(pid, signal.SIGCONT)


def _locks(file) -> bool:
    """Take all locks of a SQLite database at once; return whether that was possible."""
    start, length = WAL_LOCKS
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, length, start)
    except OSError:
        return False
    return True


def get(server: Server, path: str, reader: int = 1) -> tuple[int, float]:
    """GET a path; return the status and the seconds until the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    began_at = time.monotonic()
    connection.request("GET", path, headers={"User-Agent": CHROME, "X-Forwarded-For": f"192.0.2.{reader}"})
    status = connection.getresponse().status
    connection.close()
    return status, time.monotonic() - began_at


@pytest.mark.alone
def test_while_the_database_is_frozen_no_reader_waits_and_even_new_processes_know_visitors(tmp_path, monkeypatch):
    monkeypatch.setenv("TRUSTED_PROXIES", "1")
    with running(tmp_path, "--workers", "1") as server:
        live = f"/p/{new_pixel(server)['token']}/medium.gif"
        assert get(server, live)[0] == 200
        token = live.split("/")[2].encode()
        eventually(lambda: token in _content(tmp_path / "spool" / "standby.json"), 60)
        [worker] = server.workers()
        with frozen_database(server):
            assert max(get(server, live)[1] for _ in range(5)) < 0.5
            unknown = [get(server, f"/p/abcdefghijkmnpqrst{number}.gif")[1] for number in (22, 33, 44)]
            assert max(unknown) < 2
            status, seconds = get(server, "/readyz")
            assert (status, seconds < 4) == (503, True)
            assert get(server, "/healthz")[0] == 200
            kill(worker)
            eventually(lambda: server.workers() not in ([], [worker]), 60)
            eventually(lambda: _is_answered(server, live), 60)
            seconds = [get(server, live, reader=2)[1] for _ in range(5)]
            assert max(seconds) < 0.5

        hits = eventually(lambda: (hits := server.hits("blog")) and len(hits) >= 12 and hits, 60)
    visitors = [hit["visitor"] for hit in hits]
    assert None not in visitors
    assert len(set(visitors)) == 2


def _is_answered(server: Server, path: str) -> bool:
    try:
        return get(server, path)[0] == 200
    except OSError:
        return False


def _content(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""
