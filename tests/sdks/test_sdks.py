"""Each real SDK reports to a running server, and its events are on the program's page, once each."""

import http.cookiejar
import os
import re
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.collector.programs.doors.declared import SDKS
from tests.dashboard.views.page_reader import Tables
from tests.sdks.install import python_of
from tests.sdks.programs import NODE_PROGRAMS, PYTHON_PROGRAMS
from tests.server import PASSWORD, Server, eventually, running

pytestmark = [pytest.mark.sdks, pytest.mark.one_database]
SECONDS = 60


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Server]:
    directory = tmp_path_factory.mktemp("server")
    (directory / "telemetry.toml").write_text(SDKS + '\n[versions]\nnewest = "2.4.1"\n')
    with running(directory) as server:
        yield server


def new_program(server: Server, directory: Path) -> str:
    """Declare the program in a new project, and return its token."""
    declared = server.manage("declare", "tools", str(directory / "telemetry.toml"), "--skip-checks")
    return re.search(r"^token +(\w+)$", declared, re.MULTILINE)[1]


def start(code: str, url: str, token: str) -> subprocess.Popen[str]:
    directory = Path(os.environ["SDKS_DIR"])
    program = code.replace("TOKEN", token).replace("URL", url)
    command = ["node", "-e", program] if "require(" in code else [str(python_of(directory)), "-c", program]
    # Libraries that report errors of their own must find no proxy and no setting of this machine.
    clean = {"PATH": os.environ["PATH"], "HOME": str(directory)}
    return subprocess.Popen(
        command, cwd=directory, env=clean, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


def page_of(server: Server, path: str) -> str:
    """Return a page of the dashboard, as its administrator sees it."""
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
    login = browser.open(f"{server.url}/login/").read().decode()
    csrf = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', login)[1]
    form = {"username": "admin", "password": PASSWORD, "csrfmiddlewaretoken": csrf}
    browser.open(urllib.request.Request(f"{server.url}/login/", urlencode(form).encode(), {"Referer": server.url}))
    return browser.open(f"{server.url}{path}").read().decode()


def test_each_sdk_reports_unmodified_and_its_events_are_on_the_page_once_each(server):
    token = new_program(server, server.log.parent)
    programs = PYTHON_PROGRAMS | NODE_PROGRAMS
    started = {name: start(code, server.url, token) for name, code in programs.items()}
    for name, process in started.items():
        said, _ = process.communicate(timeout=SECONDS)
        assert (process.returncode, said) == (0, ""), name

    def rows() -> dict[str, dict[str, list[str]]] | None:
        rows = Tables(page_of(server, "/projects/tools/1/")).rows
        return rows if rows.get("sdks.events", {}).get("build", [""])[-1] == str(len(programs)) else None

    found = eventually(rows, 20)
    installations, sessions = 5, 2
    assert found["sdks.events"] == {
        "build": [str(installations), "0", str(len(programs))],
        "failed": [str(installations), "0", str(len(programs))],
    }
    assert found["sdks.versions"] == {"2.4.1": [str(installations), "0", str(sessions)]}
    assert found["sdks.systems"]["Linux"][-1] == str(sessions)
    assert found["sdks.properties"] == {
        f"{name}: {value}": [str(len(programs))]
        for name, value in (("build.draft", "yes"), ("build.format", "html"), ("build.seconds", "1–5"),
                            ("failed.class", "disk"))
    }  # fmt: skip
    assert {"build.who", "host_name"} <= found["sdks.dropped"].keys()
    assert "john@example.com" not in str(found)
