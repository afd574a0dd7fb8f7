"""The tutorial in docs/programs.md works as pasted, from the declaration to a stored report."""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, build_opener

import pytest

from collector.programs.declaration import read_declaration
from tests.collector.programs.declarations import EXAMPLE
from tests.server import PASSWORD, ROOT, Server, eventually, running

pytestmark = pytest.mark.one_database

DOC = (ROOT / "docs" / "programs.md").read_text("utf-8")
TUTORIAL = DOC.partition("## From a declaration")[2].partition("\n## ")[0]
MINUTES = 120
STORED = "from collector.models import Report; print(Report.objects.values_list('body', flat=True).first() or '')"
PAGE = "from collector.models import Pixel; pixel = Pixel.objects.get(); print(f'/projects/tools/{pixel.pk}/')"


def blocks(language: str) -> list[str]:
    """Return the tutorial's blocks in a language, in their order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", TUTORIAL, re.MULTILINE | re.DOTALL)


def test_the_declared_example_is_the_one_that_the_admin_offers():
    assert blocks("toml") == [EXAMPLE]
    properties = [one for event in read_declaration(EXAMPLE).events.values() for one in event.properties.values()]
    assert {one.type for one in properties} == {"choice", "bucket", "flag", "version"}


@pytest.fixture
def server(tmp_path) -> Server:
    with running(tmp_path) as server:
        yield server


def paste(commands: str, directory: Path, server: Server) -> str:
    """Run commands in a shell, in a checkout of Footfall that is also the home; return what they print."""
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(directory), "DATA_DIR": str(server.log.parent), "ENV_FILE": os.devnull,
        "DATABASE_URL": server.database_url, "PUBLIC_URL": server.url,
    }  # fmt: skip
    done = subprocess.run(
        ["sh", "-e"], input=commands, cwd=directory, env=environment, capture_output=True, text=True, timeout=MINUTES
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def checkout(directory: Path) -> Path:
    """Make a directory in which `.venv/bin/python manage.py` runs ours, as in a checkout."""
    python = directory / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    (directory / "manage.py").symlink_to(ROOT / "manage.py")
    return directory


def open_as_admin(server: Server, path: str) -> str:
    """Log in as the first administrator; return a page."""
    browser = build_opener(HTTPCookieProcessor())
    form = browser.open(f"{server.url}/login/").read().decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]*)"', form)[1]
    fields = {"csrfmiddlewaretoken": token, "username": "admin", "password": PASSWORD, "next": path}
    return browser.open(f"{server.url}/login/", urlencode(fields).encode()).read().decode()


def test_the_tutorial_works_as_pasted_within_two_minutes(server, tmp_path):
    directory = checkout(tmp_path / "checkout")
    make, run, show = blocks("sh")
    program = directory / "paperclip"
    program.mkdir()
    began = time.monotonic()

    (program / "telemetry.toml").write_text(blocks("toml")[0])
    printed = paste(make, directory, server)
    (program / "paperclip.py").write_text(blocks("python")[0])
    assert paste(run, directory, server) == "Building …\n"
    body = eventually(lambda: server.manage("shell", "-v0", "-c", STORED).strip(), MINUTES)
    page = open_as_admin(server, server.manage("shell", "-v0", "-c", PAGE).strip())

    assert time.monotonic() - began < MINUTES
    assert "Program “Paperclip” (paperclip) in project tools: created" in printed
    report = json.loads(body)
    assert (report["version"], report["driver"] in {"person", "container"}) == ("2.4.1", True)
    assert f'data-figure="day" data-value="{int(report["driver"] == "person")}"' in page
    shown = paste(show, directory, server)
    assert shown.startswith("on")
    assert '"event":"build"' in shown
