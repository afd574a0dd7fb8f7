"""The client for POSIX shell and the real server: what was allowed is stored, once each."""

import json
from datetime import UTC, datetime, timedelta
from urllib.request import Request, urlopen

import pytest
from django.db import connection

from collector.models import Declaration, Pixel, Report
from tests.clients.declared import TOKEN, declaration_text
from tests.clients.shell import START, ShellProgram
from tests.server import Server, eventually

BUILD = START + "footfall_record build format=html seconds=1\nfootfall_record build format=secret\n"

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.one_database]


def test_the_server_stores_what_the_shell_sends_once_each(device, project, tmp_path):
    if connection.vendor != "sqlite":
        pytest.skip("what a client sends does not depend on the database")
    pixel = Pixel.objects.create(project=project, title="Paperclip", kind="app")
    (tmp_path / "server").mkdir()
    server = Server(tmp_path / "server", f"sqlite:///{connection.settings_dict['NAME']}")
    program = ShellProgram(device, "busybox", server.url)
    Declaration.objects.create(pixel=pixel, text=declaration_text(), schema=program.program.schema)
    program.client.write_text(program.client.read_text().replace(TOKEN, pixel.token))
    program.tell()
    today = datetime.now(UTC).date()
    days = [(today - timedelta(number)).isoformat() for number in (2, 1, 0)]
    for day in days[:2]:
        program.run(BUILD, day)  # no server is up
    try:
        server.start("--workers", "1")
        program.run(BUILD, days[2])
        server.stop()
        server.start("--workers", "1")
        [line] = (device.state / "sent").read_text().splitlines()
        body = line.partition(" ")[2]
        request = Request(f"{server.url}/e/{pixel.token}", body.encode(), {"Content-Type": "application/json"})
        urlopen(request).close()  # as if the first answer had been lost
        eventually(lambda: Report.objects.count() >= 3, 60)
    finally:
        server.stop()

    sent = json.loads(body)["reports"]
    stored = server.reports("blog", "paperclip")
    assert [(report["id"], report["version"], report.get("gap")) for report in stored] == [
        (report["id"], "2.4.1", gap) for report, gap in zip(sent, [None, 1, 1], strict=True)
    ]
    used = [("build", 1, {"format": "html"}, {"seconds": [0, 1, 0, 0]}), ("build", 1, {"format": "other"}, None)]
    assert [
        [(use["event"], use["n"], use["p"], use.get("h")) for use in report.get("used", [])] for report in stored
    ] == [[], used, used]
    assert not list(device.state.glob("queue-*"))
