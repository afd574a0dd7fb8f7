import json

import pytest
from django.core.management import CommandError, call_command

from collector.management.commands import doctor
from collector.operations.checks.finding import Check, Level, ok, problem, warning

CHECKS = {
    Level.OK: Check("Disk", lambda situation: ok("12 GB are free.")),
    Level.WARNING: Check("Backup", lambda situation: warning("No backup was made.", "Run it every day.")),
    Level.PROBLEM: Check("Drain", lambda situation: problem("No drain runs.", "Start it.")),
}


@pytest.fixture
def checks(monkeypatch):
    """Return a function that sets what the doctor checks."""

    def set_to(*levels):
        monkeypatch.setattr(doctor, "CHECKS", [CHECKS[level] for level in levels])

    return set_to


def test_it_says_what_to_change_in_one_line_each(checks, capsys):
    checks(*Level)

    with pytest.raises(SystemExit) as end:
        call_command("doctor")

    assert end.value.code == 1
    assert capsys.readouterr().out.splitlines() == [
        "ok       Disk: 12 GB are free.",
        "warning  Backup: No backup was made. Run it every day.",
        "problem  Drain: No drain runs. Start it.",
        "1 problem, 1 warning.",
    ]


def test_warnings_alone_are_no_failure(checks, capsys):
    checks(Level.OK, Level.WARNING)

    call_command("doctor")

    assert capsys.readouterr().out.splitlines()[-1] == "0 problems, 1 warning."


def test_it_writes_json(checks, capsys):
    checks(Level.PROBLEM)

    with pytest.raises(SystemExit):
        call_command("doctor", "--json")

    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == [
        {"name": "Drain", "level": "problem", "text": "No drain runs.", "remedy": "Start it."}
    ]


def test_a_wrong_timeout_is_refused():
    with pytest.raises(CommandError, match="from 1 to 60"):
        call_command("doctor", "--timeout", "0")
