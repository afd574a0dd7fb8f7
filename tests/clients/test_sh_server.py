"""The client for POSIX shell and the real server: what was allowed arrives, once each."""

import json
from datetime import UTC, datetime, timedelta

from tests.clients.declared import declaration_text
from tests.clients.shell import START, ShellProgram
from tests.server import Server, eventually, new_pixel, running

BUILD = START + "footfall_record build format=html seconds=1\nfootfall_record build format=secret\n"
DECLARE = """
import sys
from collector.models import Declaration, Pixel
from collector.programs.declaration import read_declaration
text = {text!r}
Pixel.objects.filter(token={token!r}).update(kind="app")
Declaration.objects.create(pixel=Pixel.objects.get(token={token!r}), text=text, schema=read_declaration(text).schema)
"""
STORED = "from collector.models import Report\nfor one in Report.objects.order_by('date'): print(one.body)"


def test_the_server_takes_what_the_shell_sends_once_each(device, tmp_path):
    directory = tmp_path / "server"
    directory.mkdir()
    with running(directory, "--workers", "1") as server:
        token = new_pixel(server)["token"]
        server.manage("shell", "-c", DECLARE.format(text=declaration_text(), token=token))
        program = ShellProgram(device, "busybox", server.url)
        program.client.write_text(program.client.read_text().replace("abcdefghijkmnpqrstuv", token))
        program.tell()
        today = datetime.now(UTC).date()
        days = [(today - timedelta(number)).isoformat() for number in (2, 1, 0)]
        server.stop()
        for day in days[:2]:
            program.run(BUILD, day)
        server.start("--workers", "1")

        program.run(BUILD, days[2])
        program.run(BUILD, days[2])

        sent = (device.state / "sent").read_text().splitlines()
        assert [line[:10] for line in sent] == [days[2]]
        reports = json.loads(sent[0][11:])["reports"]
        assert [report["day"] for report in reports] == days
        assert not list(device.state.glob("queue-*"))
        stored = eventually(lambda: rows(server), 20)
        plain = [{key: value for key, value in report.items() if value not in (None, [])} for report in reports]
        assert [(report["id"], report["since"], report["os"]) for report in stored] == [
            (report["id"], report["since"], report["os"]) for report in plain
        ]
        assert [[use["p"] for use in report["used"]] for report in stored[1:]] == [
            [{"format": "html"}, {"format": "other"}]
        ] * 2


def rows(server: Server) -> list[dict[str, object]]:
    """Return the stored reports when all three are there."""
    lines = server.manage("shell", "--verbosity", "0", "-c", STORED).splitlines()
    return [json.loads(line) for line in lines] if len(lines) == 3 else []
