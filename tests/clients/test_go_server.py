"""The client for Go and the real server, from `make_client` to the stored reports."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.request import Request, urlopen

import pytest

from tests.clients.declared import declaration_text
from tests.clients.go_program import BUILD, FORCED, START, build
from tests.server import Server, database, eventually

pytestmark = pytest.mark.one_database

DECLARE = """
import os
from collector.models import Declaration, Pixel, Project
from collector.programs.declaration import read_declaration
text = os.environ["DECLARATION"]
project = Project.objects.create(name="Tools", slug="tools")
pixel = Pixel.objects.create(project=project, title="Paperclip", kind="app")
Declaration.objects.create(pixel=pixel, text=text, schema=read_declaration(text).schema)
"""


@pytest.fixture
def server(tmp_path, monkeypatch) -> Iterator[Server]:
    """Return a server that is not started yet, with a program in its database."""
    monkeypatch.setenv("DECLARATION", declaration_text())
    (tmp_path / "server").mkdir()
    with database(tmp_path / "server", is_prepared=True) as url:
        server = Server(tmp_path / "server", url)
        server.manage("shell", "-c", DECLARE, "--verbosity", "0")
        yield server


def test_what_was_allowed_is_stored_once_after_retries_and_a_restart(device, server, tmp_path):
    (tmp_path / "program").mkdir()
    client = server.manage("make_client", "paperclip", "--language", "go", "--skip-checks")
    program = build(tmp_path / "program", client)
    now = datetime.now(UTC)

    def run(days_ago, *arguments):
        moment = now - timedelta(days_ago)
        result = device.run([program, START, *arguments], TEST_NOW=f"{moment:%Y-%m-%dT%H:%M:%SZ}", **FORCED)
        assert (result.code, result.err) == (0, b"")
        device.wait_for_senders()

    run(3, BUILD, BUILD, "record=build format=/home/me path=/home/me")  # no server is up yet
    run(2, "record=open", "record=unknown")
    run(1, "record=crash class=parse library=1.2.3")
    server.start()
    run(0)
    server.stop()
    server.start()
    body = (device.state / "sent").read_bytes().partition(b" ")[2]
    urlopen(Request(endpoint(program), body, {"Content-Type": "application/json"})).close()

    def stored():
        reports = server.reports("tools", "paperclip")
        return reports if len(reports) >= 4 else None

    reports = eventually(stored, 60)
    server.stop()
    assert [(report.get("gap"), report["version"]) for report in reports] == [(gap, "2.4.1") for gap in (None, 1, 1, 1)]
    html = {"n": 2, "p": {"draft": True, "format": "html"}, "h": {"seconds": [0, 0, 2, 0]}}
    crash = {"n": 1, "p": {"class": "parse", "library": "1.2.3"}}
    used = [[{**use, "day": ""} for use in report.get("used", [])] for report in reports]
    assert used == [
        [],
        [{"day": "", "event": "build"} | html, {"day": "", "event": "build", "n": 1, "p": {"format": "other"}}],
        [{"day": "", "event": "open", "n": 1}],
        [{"day": "", "event": "crash"} | crash],
    ]
    assert not list(device.state.glob("queue-*"))


def endpoint(program):
    client = (program.parent / "telemetry" / "client.go").read_text()
    return next(line for line in client.splitlines() if line.startswith("var endpoint")).split('"')[1]
