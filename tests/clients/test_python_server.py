"""The Python client and the real server: what was allowed is stored, once."""

import json
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from collector.models import Declaration, Pixel, Report
from collector.programs.clients import make_client
from collector.programs.declaration import read_declaration
from tests.clients.declared import declaration_text, declared
from tests.clients.python import CLOCK, PYTHON
from tests.server import Server, eventually, kill

OTHER_FORMAT = ("build", 1, {"format": "other"}, None)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def server(tmp_path, project) -> Iterator[Server]:
    """Return a server on the database of this test. It is not started yet."""
    (tmp_path / "server").mkdir()
    server = Server(tmp_path / "server", f"sqlite:///{connection.settings_dict['NAME']}")
    yield server
    server.stop()


def essence(report: dict[str, Any]) -> tuple[Any, ...]:
    used = [(one["event"], one["n"], one.get("p"), one.get("h")) for one in report.get("used", [])]
    return report["version"], report.get("gap"), used


def test_what_was_allowed_is_stored_once_after_retries_and_a_restart(device, server, project, tmp_path):
    pixel = Pixel.objects.create(project=project, title="Paperclip", kind="app")
    text = declaration_text()
    Declaration.objects.create(pixel=pixel, text=text, schema=read_declaration(text).schema)
    client = make_client(declared(), "python", server.url, pixel.token)
    (tmp_path / "footfall.py").write_text(client.replace(*CLOCK))
    now = time.time()

    def run(days_ago: int, code: str) -> None:
        program = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import footfall as f; {code}"
        result = device.run([*PYTHON, "-c", program], NOW=str(now - 86_400 * days_ago))
        assert (result.code, result.err) == (0, b"")
        device.wait_for_senders()

    run(4, "f.enable()")
    run(3, "f.start('2.4.1'); f.record('build', format='html', seconds=3); f.record('build', format='/home/me', x=1)")
    run(2, "f.start('2.4.1'); f.record('open'); f.record('nothing')")
    run(1, "f.start('2.4.2'); f.record('build', draft=True)")
    server.start()  # no server was up before
    run(0, "f.start('2.4.2')")
    for pid in (*server.workers(), server.drain_pid()):
        kill(pid)
    body = (device.state / "sent").read_bytes().splitlines()[0].partition(b" ")[2]
    request = urllib.request.Request(f"{server.url}/e/{pixel.token}", body, {"Content-Type": "application/json"})
    assert eventually(lambda: accepted(request), 20) == 4  # as if the first answer had been lost

    eventually(lambda: Report.objects.count() >= 4, 20)
    assert [essence(report) for report in server.reports("blog", "paperclip")] == [
        ("2.4.1", None, []),
        ("2.4.1", 1, [("build", 1, {"format": "html"}, {"seconds": [0, 0, 1, 0]}), OTHER_FORMAT]),
        ("2.4.2", 1, [("open", 1, None, None)]),
        ("2.4.2", 1, [("build", 1, {"draft": True}, None)]),
    ]
    assert not list(device.state.glob("queue-*"))


def accepted(request: urllib.request.Request) -> int:
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return json.load(answer)["accepted"]
    except OSError:  # its process was just killed
        return 0
