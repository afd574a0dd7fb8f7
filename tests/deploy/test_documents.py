"""docs/deployment.md and the files in deploy/ name commands, settings, files and services that exist."""

import re
import subprocess

import pytest
from django.core.management import get_commands

from tests.deploy.fresh_machine import containers_form, systemd_form
from tests.server import ROOT
from tests.test_shape import settings_read

DOC = (ROOT / "docs" / "deployment.md").read_text("utf-8")
README = (ROOT / "README.md").read_text("utf-8")
COMPOSE = (ROOT / "deploy" / "compose.yaml").read_text("utf-8")
BLOCKS = "\n".join(re.findall(r"^```sh\n(.*?)^```$", DOC, re.MULTILINE | re.DOTALL))


def test_commands_exist():
    named = set(re.findall(r"(?:manage\.py|sudo footfall) ([a-z_]+)", DOC))
    assert {"up", "create_pixel", "changepassword"} <= named
    assert named <= set(get_commands())


def test_settings_exist():
    own = set(re.findall(r"\$\{([A-Z_]+)", COMPOSE))
    named = set(re.findall(r"\b([A-Z]+_[A-Z_]+|WORKERS|LISTEN)\b", DOC))
    assert {"PUBLIC_URL", "TRUSTED_PROXIES", "WORKERS", "OPEN_FILES"} <= named
    assert named <= settings_read() | own


def test_files_exist():
    named = set(re.findall(r"\b((?:deploy|docs|tests)/[\w./*-]*\w)", DOC + README)) | {"deploy/Caddyfile"}
    assert "deploy/nginx.conf" in named
    made = {"deploy/.env"}  # by the reader
    missing = {path for path in named - made if not list(ROOT.glob(path))}
    assert missing == set()


def test_services_and_links_exist():
    units = {path.name for path in (ROOT / "deploy" / "systemd").iterdir()}
    named = set(re.findall(r"systemctl (?:restart|start|stop|status) (footfall[\w-]*)", DOC))
    assert named
    assert {name for name in named if f"{name}.service" not in units} <= {"footfall"}  # footfall.target
    headings = re.findall(r"^#+ (.*)$", DOC, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}
    assert set(re.findall(r"\]\(#([\w-]+)\)", DOC)) <= anchors


@pytest.mark.parametrize("name", ["deploy/Dockerfile", "deploy/compose.yaml"])
def test_containers_run_commands_that_exist(name):
    lines = re.findall(r'^\s*(?:command:|CMD) \["([a-z]+)"', (ROOT / name).read_text("utf-8"), re.MULTILINE)
    assert lines
    assert set(lines) <= set(get_commands())


def test_a_fresh_machine_can_follow_the_documents():
    forms = [systemd_form(proxy, database) for proxy in ("caddy", "nginx") for database in ("sqlite", "postgresql")]
    forms.append(containers_form("docker"))
    for form in forms:
        scripts = [*(script for _step, script in form.steps), form.backup, form.lose_and_restore]
        for script in scripts:
            assert "hits.example.org" not in script.replace("s/hits.example.org/", "")
            subprocess.run(["bash", "-n", "-c", script], check=True)
