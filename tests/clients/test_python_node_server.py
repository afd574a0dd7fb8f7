"""The Python and the Node client, and one real server, as it takes long: what was allowed is stored, once."""

import json
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from collector.models import Declaration, Pixel, Report
from collector.programs.clients import make_client
from tests.clients.declared import declaration_text, declared
from tests.clients.device import Device
from tests.clients.node import FORMS, NodeProgram
from tests.clients.python import CLOCK, PYTHON
from tests.server import Server, eventually, kill

# What runs on five days, one after the other. The server is only up on the last one.
PYTHON_DAYS = [
    "f.enable()",
    "f.start('2.4.1'); f.record('build', format='html', seconds=3); f.record('build', format='/home/me', x=1)",
    "f.start('2.4.1'); f.record('open'); f.record('nothing')",
    "f.start('2.4.2'); f.record('build', draft=True)",
    "f.start('2.4.2')",
]
NODE_DAYS = [
    "telemetry.enable();",
    'telemetry.start("2.4.1"); telemetry.record("build", { format: "html", seconds: 3 });'
    ' telemetry.record("build", { format: "/home/me", x: 1 });',
    'telemetry.start("2.4.1"); telemetry.record("open"); telemetry.record("nothing");',
    'telemetry.start("2.4.2"); telemetry.record("build", { draft: true });',
    'telemetry.start("2.4.2");',
]
BUILDS = [("build", 1, {"format": "html"}, {"seconds": [0, 0, 1, 0]}), ("build", 1, {"format": "other"}, None)]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.one_database]
Run = Callable[[float, str], None]  # runs code at a time, in seconds since the epoch


@pytest.fixture
def server(tmp_path, project) -> Iterator[Server]:
    """Return a server on the database of this test. It is not started yet."""
    (tmp_path / "server").mkdir()
    server = Server(tmp_path / "server", f"sqlite:///{connection.settings_dict['NAME']}")
    yield server
    server.stop()


def python_program(device: Device, server: str, token: str) -> Run:
    folder = device.home.parent
    client = make_client(declared(), "python", server, token)
    (folder / "footfall.py").write_text(client.replace(*CLOCK))

    def run(now: float, code: str) -> None:
        program = f"import sys; sys.path.insert(0, {str(folder)!r}); import footfall as f; {code}"
        result = device.run([*PYTHON, "-c", program], NOW=str(now))
        assert (result.code, result.err) == (0, b"")
        device.wait_for_senders()

    return run


def node_program(device: Device, server: str, token: str) -> Run:
    program = NodeProgram(device, FORMS[0], server, token=token)

    def run(now: float, code: str) -> None:
        program.run(code, CLOCK_SECONDS=str(now))

    return run


def new_pixel(project: Any, title: str) -> Pixel:
    pixel = Pixel.objects.create(project=project, title=title, kind="app")
    Declaration.objects.create(pixel=pixel, text=declaration_text(), schema=declared().schema)
    return pixel


def test_what_was_allowed_is_stored_once_after_retries_and_a_restart(server, project, tmp_path):
    now = time.time()
    made = [("python", python_program, PYTHON_DAYS), ("node", node_program, NODE_DAYS)]
    pixels = [new_pixel(project, name) for name, *_ in made]
    devices = [Device(tmp_path / name) for name, *_ in made]
    runs = [
        make(device, server.url, pixel.token) for (_, make, _), device, pixel in zip(made, devices, pixels, strict=True)
    ]
    for days_ago in (4, 3, 2, 1, 0):
        if days_ago == 0:
            server.start()  # no server was up before
        for run, (*_, codes) in zip(runs, made, strict=True):
            run(now - 86_400 * days_ago, codes[4 - days_ago])
    for pid in (*server.workers(), server.drain_pid()):
        kill(pid)
    for device, pixel in zip(devices, pixels, strict=True):
        request = as_sent(device.state / "sent", f"{server.url}/e/{pixel.token}")
        assert eventually(lambda request=request: accepted(request), 60) == 4  # as if the first answer had been lost

    for device, pixel in zip(devices, pixels, strict=True):
        reports = Report.objects.filter(pixel=pixel)
        eventually(lambda reports=reports: reports.count() >= 4, 60)
        assert [essence(report) for report in server.reports("blog", pixel.token)] == [
            ("2.4.1", None, []),
            ("2.4.1", 1, BUILDS),
            ("2.4.2", 1, [("open", 1, None, None)]),
            ("2.4.2", 1, [("build", 1, {"draft": True}, None)]),
        ], pixel.title
        assert not list(device.state.glob("queue-*"))


def essence(report: dict[str, Any]) -> tuple[Any, ...]:
    used = [(one["event"], one["n"], one.get("p"), one.get("h")) for one in report.get("used", [])]
    return report["version"], report.get("gap"), used


def as_sent(path: Path, url: str) -> urllib.request.Request:
    """Return the first request that a client notes as sent, once more."""
    body = path.read_bytes().splitlines()[0].partition(b" ")[2]
    return urllib.request.Request(url, body, {"Content-Type": "application/json"})


def accepted(request: urllib.request.Request) -> int:
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return json.load(answer)["accepted"]
    except OSError:  # its process was just killed
        return 0
