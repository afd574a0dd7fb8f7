"""Three collectors on one PostgreSQL: each has its own spool, and what counts is the same as on one."""

import os
import re
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from http.cookiejar import CookieJar
from itertools import count
from pathlib import Path
from shutil import which
from typing import Any
from urllib.parse import urlencode, urlsplit
from urllib.request import HTTPCookieProcessor, build_opener

import psycopg
import pytest

from tests.endpoints import CHROME
from tests.readers import Readers
from tests.requirements import missing
from tests.server import PASSWORD, Server, database, eventually, free_port, kill, new_pixel

pytestmark = pytest.mark.postgresql

REQUESTS = 1_200
READERS = 100  # no multiple of three: each reader comes to all collectors
RATE = 30  # more than one of the readers sends
COUNTS = "SELECT * FROM collector_dailycount ORDER BY project_id, pixel_id, date, dimension, platform, value"


@contextmanager
def shared_cache(directory: Path) -> Iterator[str]:
    """Yield the address of a Redis, or an empty string if there is none on this machine."""
    if not which("redis-server"):
        yield ""
        return
    port = free_port()
    options = ["--bind", "127.0.0.1", "--port", str(port), "--save", "", "--dir", str(directory)]
    redis = subprocess.Popen(["redis-server", *options], stdout=subprocess.DEVNULL)
    try:
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        redis.terminate()
        redis.wait(10)


@pytest.fixture(scope="module")
def cache(tmp_path_factory) -> Iterator[str]:
    with shared_cache(tmp_path_factory.mktemp("cache")) as url:
        yield url


@pytest.fixture(scope="module")
def collectors(tmp_path_factory, cache) -> Iterator[list[Server]]:
    """Start three collectors at the same moment, on an empty database; on Citus, on one that is distributed."""
    directory, is_on_citus = tmp_path_factory.mktemp("database"), bool(os.environ.get("CITUS_URL"))
    shared = {"TRUSTED_PROXIES": "1", "SECRET_KEY": "the same on all", "RATE_LIMIT": f"{RATE}/h"}
    with pytest.MonkeyPatch.context() as patch, database(directory, is_prepared=is_on_citus) as url:
        for name, value in (shared | ({"CACHE_URL": cache} if cache else {})).items():
            patch.setenv(name, value)
        servers = [Server(tmp_path_factory.mktemp(f"collector{number}"), url) for number in range(3)]
        try:
            with ThreadPoolExecutor(3) as threads:
                list(threads.map(lambda server: server.start("--workers", "1"), servers))
            yield servers
        finally:
            with ThreadPoolExecutor(3) as threads:
                list(threads.map(Server.stop, [server for server in servers if server.is_running]))


@pytest.fixture(scope="module")
def token(collectors) -> str:
    """Return the token of a pixel once all collectors have the same keys of salts. They start at the same moment."""
    token = new_pixel(collectors[0])["token"]
    tries = count(1)

    def is_one_visitor() -> bool:
        number = next(tries)
        for server in collectors:
            ask(server, f"/p/{token}/keys{number}.gif", f"198.18.249.{number}")
        query = "SELECT visitor FROM collector_hit WHERE placement = %s"
        hits = eventually(lambda: (found := rows(collectors, query, f"keys{number}")) and len(found) == 3 and found, 30)
        return len(set(hits)) == 1

    eventually(is_one_visitor, 120)
    return token


def rows(collectors: Sequence[Server], query: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with psycopg.connect(collectors[0].database_url) as connection:
        return connection.execute(query.encode(), parameters).fetchall()


def ask(server: Server, path: str, address: str) -> str:
    """Request an image as a reader at an address does; return what became of the hit."""
    with closing(HTTPConnection("127.0.0.1", server.port, timeout=10)) as connection:
        connection.request("GET", path, headers={"User-Agent": CHROME, "X-Forwarded-For": address})
        answer = connection.getresponse()
        answer.read()
        return answer.headers["X-Telemetry"]


def test_a_killed_collector_loses_no_hit_and_all_count_as_one(collectors, token):
    victim = collectors[2]
    readers = Readers(collectors, token, REQUESTS, addresses=READERS)
    drain_pid = victim.drain_pid()
    assert drain_pid
    with readers.reading():
        os.kill(drain_pid, signal.SIGSTOP)  # some of its hits still wait when it is killed
        eventually(lambda: len(readers.answers) > REQUESTS / 4, 30)
        victim.kill()
        waiting = victim.spooled_bytes()
        eventually(lambda: len(readers.answers) > REQUESTS / 2, 30)
        assert victim.spooled_bytes() == waiting > 0
        victim.start("--workers", "1")

    def stored_if_complete() -> list[tuple[Any, ...]] | None:
        query = (
            "SELECT placement::int, visitor, at::date, new_to_project FROM collector_hit WHERE placement ~ '^[0-9]+$'"
        )
        stored = rows(collectors, query)
        return stored if readers.acknowledged <= {hit[0] for hit in stored} else None

    hits = eventually(stored_if_complete, 30)
    times = Counter(hit[0] for hit in hits)
    assert set(times.values()) == {1}
    visitors = {(day, number % READERS): visitor for number, visitor, day, _ in hits}
    assert all(visitors[day, number % READERS] == visitor for number, visitor, day, _ in hits)
    assert sum(hit[3] for hit in hits) == len(visitors) == len(set(visitors.values()))

    assert len(rows(collectors, "SELECT 1 FROM collector_collector")) == 3

    counts = rows(collectors, COUNTS)
    collectors[1].manage("rebuild_counts", "blog", "--skip-checks")
    assert rows(collectors, COUNTS) == counts


@contextmanager
def database_away(collectors: Sequence[Server]) -> Iterator[None]:
    """Close the database to all collectors."""
    url = urlsplit(collectors[0].database_url)
    name = url.path[1:]
    with psycopg.connect(url._replace(path="/postgres").geturl(), autocommit=True) as admin:
        admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false'.encode())
        try:
            admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
            yield
        finally:
            admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true'.encode())


def test_a_reader_is_the_same_visitor_at_a_collector_that_starts_while_the_database_is_away(collectors, token):
    path = f"/p/{token}/outage.gif"
    assert ask(collectors[0], path, "198.18.251.1") == "counted"
    with database_away(collectors):
        [former] = collectors[2].workers()
        kill(former)
        eventually(lambda: collectors[2].workers() not in ([], [former]), 20)
        assert [ask(server, path, "198.18.251.1") for server in collectors] == ["counted"] * 3

    query = "SELECT visitor, new_to_project FROM collector_hit WHERE placement = 'outage'"
    hits = eventually(lambda: (found := rows(collectors, query)) and len(found) == 4 and found, 30)
    assert len({visitor for visitor, _ in hits}) == 1
    assert None not in {visitor for visitor, _ in hits}
    assert sum(is_new for _, is_new in hits) == 1


def test_the_rate_limit_of_a_reader_holds_for_all_collectors_with_a_shared_cache(collectors, token, cache):
    if not cache:
        missing("no redis-server: install the Debian package redis-server")
    outcomes = Counter(
        ask(server, f"/p/{token}/flood.gif", "198.18.252.1") for _ in range(RATE + 10) for server in collectors
    )

    # Each process counts half of the limit on its own, the other half is shared (`rate_limits.Limiter`).
    assert outcomes == {"counted": 3 * RATE // 2 + RATE // 2, "excess": 3 * (RATE + 10) - 2 * RATE}


def log_in(server: Server, password: str, cookies: CookieJar) -> None:
    opener = build_opener(HTTPCookieProcessor(cookies))
    page = opener.open(f"{server.url}/login/", timeout=30).read().decode()
    [token] = re.findall(r'csrfmiddlewaretoken" value="([^"]+)"', page)[-1:]
    form = urlencode({"username": "admin", "password": password, "csrfmiddlewaretoken": token}).encode()
    opener.open(f"{server.url}/login/", form, timeout=30).close()


def test_sessions_and_tries_of_passwords_are_shared(collectors):
    for server in collectors[1:]:
        log_in(server, "wrong", CookieJar())
    assert {tries for (tries,) in rows(collectors, "SELECT tries FROM collector_trycount")} == {2}

    cookies = CookieJar()
    log_in(collectors[0], PASSWORD, cookies)
    for server in collectors:
        with build_opener(HTTPCookieProcessor(cookies)).open(f"{server.url}/", timeout=30) as page:
            assert page.url == f"{server.url}/"
