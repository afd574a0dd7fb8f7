"""The units in deploy/systemd: correct, hardened, and with the commands that exist."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from django.core.management import get_commands

from tests.server import ROOT

UNITS = sorted((ROOT / "deploy" / "systemd").glob("footfall*.*"))
SERVICES = [path for path in UNITS if path.suffix == ".service"]
MAX_EXPOSURE = 2.0

needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze, of systemd")


@needs_systemd
@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.stem)
def test_a_service_is_hardened(path):
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", str(path)]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert float(re.search(r"exposure level for \S+: ([\d.]+)", printed)[1]) <= MAX_EXPOSURE, printed


@needs_systemd
def test_systemd_finds_no_fault(tmp_path):
    for path in UNITS:
        text = path.read_text("utf-8").replace("/opt/footfall/.venv/bin/python", shutil.which("true"))
        (tmp_path / path.name).write_text(text.replace("/opt/footfall", str(ROOT)))
    units = [str(tmp_path / path.name) for path in UNITS]
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", *units], capture_output=True, text=True)
    ours = [line for line in done.stderr.splitlines() if "footfall" in line]
    assert ours == []


def commands(path: Path) -> list[str]:
    return re.findall(r"^ExecStart=.*manage\.py (\S+)", path.read_text("utf-8"), re.MULTILINE)


def test_services_run_commands_that_exist():
    named = {path.stem: commands(path) for path in SERVICES}
    assert {"footfall-web", "footfall-drain", "footfall-prepare"} <= set(named)
    assert {name for names in named.values() for name in names} <= set(get_commands())
    assert all(named.values())
