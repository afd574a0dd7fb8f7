"""The clients for Node and the real server: what was allowed is stored, once."""

import time
import urllib.request
from collections.abc import Iterator

import pytest
from django.db import connection

from collector.models import Declaration, Pixel, Report
from tests.clients.declared import declaration_text, declared
from tests.clients.node import FORMS, NodeProgram
from tests.clients.test_python_server import accepted, essence
from tests.server import Server, eventually, kill

BUILD = ("build", 1, {"format": "html"}, {"seconds": [0, 0, 1, 0]})

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def server(tmp_path, project) -> Iterator[Server]:
    """Return a server on the database of this test. It is not started yet."""
    (tmp_path / "server").mkdir()
    server = Server(tmp_path / "server", f"sqlite:///{connection.settings_dict['NAME']}")
    yield server
    server.stop()


def test_what_was_allowed_is_stored_once_after_retries_and_a_restart(device, server, project):
    pixel = Pixel.objects.create(project=project, title="Paperclip", kind="app")
    Declaration.objects.create(pixel=pixel, text=declaration_text(), schema=declared().schema)
    program = NodeProgram(device, FORMS[0], server.url, token=pixel.token)
    now = time.time()

    def run(days_ago: int, code: str) -> None:
        program.run(code, CLOCK_SECONDS=str(now - 86_400 * days_ago))

    run(4, "telemetry.enable();")
    odd = 'telemetry.record("build", { format: "/home/me", x: 1 });'
    run(3, f'telemetry.start("2.4.1"); telemetry.record("build", {{ format: "html", seconds: 3 }}); {odd}')
    run(2, 'telemetry.start("2.4.1"); telemetry.record("open"); telemetry.record("nothing");')
    run(1, 'telemetry.start("2.4.2"); telemetry.record("build", { draft: true });')
    server.start()  # no server was up before
    run(0, 'telemetry.start("2.4.2");')
    for pid in (*server.workers(), server.drain_pid()):
        kill(pid)
    body = (device.state / "sent").read_bytes().splitlines()[0].partition(b" ")[2]
    request = urllib.request.Request(f"{server.url}/e/{pixel.token}", body, {"Content-Type": "application/json"})
    assert eventually(lambda: accepted(request), 20) == 4  # as if the first answer had been lost

    eventually(lambda: Report.objects.count() >= 4, 20)
    assert [essence(report) for report in server.reports("blog", "paperclip")] == [
        ("2.4.1", None, []),
        ("2.4.1", 1, [BUILD, ("build", 1, {"format": "other"}, None)]),
        ("2.4.2", 1, [("open", 1, None, None)]),
        ("2.4.2", 1, [("build", 1, {"draft": True}, None)]),
    ]
    assert not list(device.state.glob("queue-*"))
