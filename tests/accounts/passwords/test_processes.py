"""The limits of tries hold for all processes of a real server together, and also for tries at the same moment."""

import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from http.cookiejar import CookieJar
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, build_opener

import pytest

from tests.server import PASSWORD, Server, running


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with running(tmp_path_factory.mktemp("tries"), "--workers", "2") as server:
        yield server


def browser(cookies: CookieJar | None = None) -> OpenerDirector:
    return build_opener(HTTPCookieProcessor(CookieJar() if cookies is None else cookies))


def log_in(server: Server, opener: OpenerDirector, password: str) -> tuple[int, str]:
    """Fill in the form, and return status and address of the page that follows."""
    page = opener.open(f"{server.url}/login/", timeout=60).read().decode()
    [token] = re.findall(r'csrfmiddlewaretoken" value="([^"]+)"', page)[-1:]
    form = urlencode({"username": "admin", "password": password, "csrfmiddlewaretoken": token}).encode()
    try:
        with opener.open(f"{server.url}/login/", form, timeout=60) as answer:
            return answer.status, answer.url
    except HTTPError as error:
        return error.code, error.url


def test_parallel_tries_at_two_processes_are_counted_together(server):
    assert len(server.workers()) == 2
    cookies = CookieJar()
    known = browser(cookies)
    assert log_in(server, known, PASSWORD) == (200, f"{server.url}/")

    with ThreadPoolExecutor(12) as threads:
        statuses = Counter(
            status for status, _ in threads.map(lambda number: log_in(server, browser(), f"guess {number}"), range(60))
        )
    while statuses[200] < 10:  # those that were sent away because the queue was full did not count
        status, _ = log_in(server, browser(), "one more")
        statuses[status] += 1
        assert status == 200

    assert statuses[200] == 10
    assert log_in(server, browser(), PASSWORD)[0] == 429
    [session] = [cookie for cookie in cookies if cookie.name == "sessionid"]
    cookies.clear(session.domain, session.path, session.name)
    assert log_in(server, known, PASSWORD) == (200, f"{server.url}/")
