"""`manage.py export_reports`: what was accepted, once each."""

import csv
import io
import json
from datetime import date

import msgspec
import pytest
from django.core.management import CommandError, call_command

from collector.programs.report import Used
from collector.storage import export_reports
from collector.storage.decisions import let_count
from collector.storage.export import BYTE_ORDER_MARK
from tests.hits import drain
from tests.programs import declared
from tests.reports import report, spool_reports, spooled_report

pytestmark = pytest.mark.django_db(transaction=True)
USED = [Used(day="2026-11-20", event="build", n=2, p={"format": "html"}, h={"seconds": [1, 1, 0, 0]})]


@pytest.fixture
def stored(tmp_path, program):
    """Five reports on three days, one of them sent twice, and one of another program."""
    bodies = [
        report(3, "2026-11-22"), report(1, "2026-11-20"), report(2, "2026-11-22", gap=2, country="DE", used=USED),
        report(2, "2026-11-21"), report(3, "2026-11-22"), report(4, "2026-11-22", from_version="2.4.0"),
    ]  # fmt: skip
    another = declared(program.project, title="Stapler")
    spool_reports(tmp_path, [spooled_report(program.token, body) for body in bodies])
    spool_reports(tmp_path, [spooled_report(another.token, report())])
    drain(tmp_path)
    return bodies


def exported(capsys, *arguments, program="paperclip"):
    call_command("export_reports", "blog", program, *arguments)
    return capsys.readouterr().out


@pytest.mark.parametrize("rows", [1, 2, 3, 100])
def test_reports_are_exported_as_they_were_accepted_once_each_with_their_day_first(stored, capsys, monkeypatch, rows):
    monkeypatch.setattr(export_reports, "STEP_ROWS", rows)
    objects = [json.loads(line) for line in exported(capsys).splitlines()]

    assert [(each["date"], each["id"][:16]) for each in objects] == [
        ("2026-11-20", f"{1:016x}"),
        ("2026-11-21", f"{2:016x}"),
        *(("2026-11-22", f"{number:016x}") for number in (2, 3, 4)),
    ]
    assert {next(iter(each)) for each in objects} == {"date"}
    bodies = [{key: value for key, value in each.items() if key != "date"} for each in objects]
    assert sorted(map(str, bodies)) == sorted({str(msgspec.to_builtins(body)) for body in stored})


def test_an_export_says_which_reports_count_nowhere(tmp_path, program, capsys):
    lines = [spooled_report(program.token, report(number)) for number in (1, 2)]
    spool_reports(tmp_path, [lines[0], msgspec.structs.replace(lines[1], is_excess=True)])
    drain(tmp_path)

    def left_out() -> list[str | None]:
        return [json.loads(line).get("left_out") for line in exported(capsys).splitlines()]

    assert left_out() == [None, "excess"]
    let_count(program, date(2026, 11, 22), "excess", "It was a university.", None)
    assert left_out() == [None, None]


@pytest.mark.parametrize(
    ("arguments", "reports"),
    [((), 5), (("--since", "2026-11-21"), 4), (("--until", "2026-11-21"), 1), (("--since", "2026-11-23"), 0)],
)
def test_an_export_has_the_days_from_its_start_and_before_its_end(stored, capsys, arguments, reports):
    assert len(exported(capsys, *arguments).splitlines()) == reports


def test_reports_are_exported_as_csv(stored, capsys):
    text = exported(capsys, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(text.removeprefix(BYTE_ORDER_MARK))))

    assert list(rows[0]) == list(export_reports.REPORT_FIELDS)
    row = rows[2]
    assert (row["date"], row["gap"], row["from"], row["country"]) == ("2026-11-22", "2", "", "DE")
    assert json.loads(row["used"]) == msgspec.to_builtins(USED)


def test_a_program_is_named_by_its_id_or_its_token(stored, program, pixel, capsys):
    assert exported(capsys) == exported(capsys, program=program.token)
    for name in ("stapler", pixel.token):
        with pytest.raises(CommandError, match="has no program"):
            exported(capsys, program=name)
