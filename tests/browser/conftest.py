"""What the browser tests share: a Chromium for each file, and one server for all files."""

import os
from collections.abc import Iterator, Mapping

import pytest
from playwright.sync_api import Browser

from tests.browser.chromium import MISSING, installed, launched
from tests.browser.pages import furnish
from tests.requirements import missing
from tests.server import Server, running

HITS = os.environ.get("DEMO_HITS", "3000")


@pytest.fixture(scope="module")  # no longer: while Playwright's loop runs in this thread, Django refuses the ORM
def chromium() -> Iterator[Browser]:
    path = installed()
    if path is None:
        missing(MISSING)
    with launched(path) as browser:
        yield browser


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Run a server for all files: each has users and projects of its own in it."""
    with running(tmp_path_factory.mktemp("browser")) as server:
        yield server


@pytest.fixture(scope="session")
def demo(server) -> Mapping[str, str]:
    """Fill the project `demo` for all files, and return the facts that the paths of its pages name."""
    server.manage("seed_demo", "--hits", HITS, "--skip-checks")
    return furnish(server)
