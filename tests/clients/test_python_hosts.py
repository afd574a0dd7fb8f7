"""The Python client in other Pythons, in zip files, in frozen programs, and inside programs that are no Python."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.clients.python import BEGINNING, PYTHON, Paperclip

START = "f.start('2.4.1')"


@pytest.fixture
def paperclip(device, stub) -> Paperclip:
    """Return a program whose user was told on day 0."""
    paperclip = Paperclip(device, stub.url)
    paperclip.tell()
    return paperclip


def pythons() -> list[Path]:
    """Return every Python from 3.8 on that is installed beside the one that runs the tests."""
    folders = [Path(folder) for folder in os.environ["PATH"].split(":")]
    paths = [folder / f"python3.{minor}" for folder in folders for minor in range(8, 16)]
    paths += Path.home().glob(".pyenv/versions/3.*/bin/python3.*[0-9]")
    working = {}
    for path in paths:
        if path.is_file() and not subprocess.run([path, "-c", ""], capture_output=True).returncode:
            working.setdefault(path.name, path)
    return [path for name, path in sorted(working.items()) if int(name.removeprefix("python3.")) >= 8]


@pytest.mark.parametrize("python", pythons(), ids=lambda path: path.name)
def test_it_runs_on_every_python_of_this_machine(paperclip, stub, python):
    for number in (1, 2):
        command = paperclip.command(f"{START}; f.record('build', format='pdf'); print(f.status())", [python, "-S"])
        result = paperclip.device.run(command, **paperclip.at(number))
        assert (result.err, result.out[:3]) == (b"", b"on:")
        paperclip.device.wait_for_senders()

    assert [report["runtime"] for report in stub.reports()] == [python.name] * 2
    assert stub.reports()[1]["used"][0]["p"] == {"format": "pdf"}


def test_it_sends_from_a_zip_file(paperclip, stub, tmp_path):
    archive = tmp_path / "program.pyz"
    with zipfile.ZipFile(archive, "w") as file:
        file.write(paperclip.folder / "footfall.py", "inner/footfall.py")
        file.writestr("inner/__init__.py", "")
        file.writestr("__main__.py", f"from inner import footfall as f\n{START}\nprint(f.status())")

    result = paperclip.device.run([*PYTHON, archive], **paperclip.at(1))
    paperclip.device.wait_for_senders()

    assert (result.code, result.out[:3], result.err) == (0, b"on:", b"")
    assert len(stub.requests) == 1


@pytest.mark.parametrize(("call", "requests"), [("f.run_sender()", 1), ("pass", 0)])
def test_a_frozen_program_sends_only_if_it_offers_to(paperclip, stub, tmp_path, call, requests):
    program = tmp_path / "paperclip"
    lines = [
        f"#!{sys.executable} -S",
        f"import sys; sys.frozen = True; sys.executable = {str(program)!r}",
        f"sys.argv.insert(1, {str(paperclip.folder)!r})",
        f"{BEGINNING}del sys.argv[1]; {call}; {START}",
        f"open({str(tmp_path / 'ran')!r}, 'a').write('.'); print(f.status())",
    ]
    program.write_text("\n".join(lines))
    program.chmod(0o700)

    result = paperclip.device.run([program], **paperclip.at(1))
    paperclip.device.wait_for_senders()

    assert (result.code, result.err) == (0, b"")
    assert result.out.startswith(b"on: " if requests else b"off: it has no Python to send with")
    assert len(stub.requests) == requests
    assert (tmp_path / "ran").read_text() == "."


def test_inside_another_program_it_does_not_start_that_program(paperclip):
    code = f"sys.executable = '/bin/echo'; {START}; print(f.status())"

    assert paperclip.run(code).out.startswith(b"off: it has no Python to send with")
