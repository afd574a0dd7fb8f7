"""Reports of programs on their way from the spool to the database."""

import json
from datetime import UTC, datetime
from unittest.mock import Mock

import pytest
from django.db import DataError, OperationalError, connection

from collector.models import Hit, Report, ReportCount, SpoolOffset
from collector.programs.forms import DRIVERS
from collector.programs.report import Used
from collector.spool.line import MAX_LINE_BYTES
from collector.spool.report_line import NUMBER_OF_DRIVER, SpooledRun
from collector.spool.writer import SpoolWriter
from collector.storage import reports as reports_module
from collector.storage.drain import Drain
from collector.storage.lag import lag
from collector.storage.rebuild import rebuild
from tests.hits import drain, hit, micros
from tests.programs import declared
from tests.reports import report, report_counts, spool_reports, spooled_report

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_report_counts_in_every_dimension_that_it_speaks_of(tmp_path, program):
    build = {"day": "2026-11-19", "event": "build", "gap": 2}
    body = report(
        gap=3, from_version="2.3.0", country="DE", used=[
            Used(**build, n=12, p={"format": "html", "draft": False}, h={"seconds": [0, 3, 8, 1]}),
            Used(**build, n=2, p={"format": "pdf", "draft": False}, h={"seconds": [0, 2, 0, 0]}),
        ],
    )  # fmt: skip
    spool_reports(tmp_path, [spooled_report(program.token, body)])

    drain(tmp_path)

    day = ("2026-11-22", "person")
    assert report_counts("active") == {(*day, "", 3): (1, 0)}
    assert report_counts("version") == {(*day, "2.4.1", 3): (1, 0)}
    assert report_counts("os") == {(*day, "linux", 3): (1, 0)}
    assert report_counts("arch") == {(*day, "x86-64", 3): (1, 0)}
    assert report_counts("runtime") == {(*day, "python3.12", 3): (1, 0)}
    assert report_counts("country") == {(*day, "DE", 3): (1, 0)}
    assert report_counts("upgrade") == {(*day, "2.3.0>2.4.1", 0): (1, 0)}
    used = ("2026-11-19", "person")
    assert report_counts("event") == {(*used, "build", 2): (1, 14)}
    assert report_counts("property") == {
        (*used, "build.format=html", 0): (1, 12),
        (*used, "build.format=pdf", 0): (1, 2),
        (*used, "build.draft=false", 0): (1, 14),
    }
    assert report_counts("bucket") == {
        (*used, "build.seconds#1", 0): (1, 5),
        (*used, "build.seconds#2", 0): (1, 8),
        (*used, "build.seconds#3", 0): (1, 1),
    }


def test_a_report_is_stored_and_counted_once_however_often_it_was_sent(tmp_path, program):
    again = [spooled_report(program.token, report(number)) for number in (1, 2, 1)]
    for _ in range(2):
        spool_reports(tmp_path, again)
        drain(tmp_path)

    assert Report.objects.count() == 2
    assert report_counts("active") == {("2026-11-22", "person", "", 0): (2, 0)}
    assert [(row.hits, row.set_aside) for row in SpoolOffset.objects.all()] == [(0, 0), (0, 0)]


def test_hits_reports_and_runs_share_a_segment(tmp_path, program, pixel):
    run = SpooledRun(token=program.token, at_us=micros("2026-11-22T23:59"), event="build", version="2.4.1")
    lines = [hit(pixel), spooled_report(program.token, report()), run, run]
    spool_reports(tmp_path, lines)

    drain(tmp_path)

    assert (Hit.objects.count(), Report.objects.count()) == (1, 1)
    assert report_counts("run") == {("2026-11-22", "person", "build", 0): (0, 2)}
    assert report_counts("run_version") == {("2026-11-22", "person", "2.4.1", 0): (0, 2)}
    assert [(row.hits, row.set_aside) for row in SpoolOffset.objects.all()] == [(1, 0)]


@pytest.mark.parametrize(
    ("day", "gap", "driver", "cohorts"),
    [
        ("2026-11-25", None, "person", {("2026-11-23", "installations", "2026-W40", 0): (1, 0)}),
        ("2026-11-25", 3, "server", {("2026-11-23", "installations", "2026-W40", 0): (1, 0)}),
        ("2026-11-25", 2, "person", {}),  # it reported on Monday
        ("2026-11-23", 1, "person", {("2026-11-23", "installations", "2026-W40", 0): (1, 0)}),
        ("2026-11-25", None, "ci", {}),
    ],
)
def test_a_cohort_has_the_first_report_of_an_installation_in_a_week(tmp_path, program, day, gap, driver, cohorts):
    spool_reports(tmp_path, [spooled_report(program.token, report(day=day, gap=gap, driver=driver))])

    drain(tmp_path)

    assert report_counts("cohort") == cohorts


def test_lines_that_are_wrong_are_set_aside_with_the_reason(tmp_path, program):
    good = spooled_report(program.token, report())
    used = Used(day="2026-11-22", event="build", n=1)
    wrong = [
        spooled_report(program.token, report(2, "2026-10-20"), at="2026-11-22T12:00"),
        spooled_report(program.token, report(3, "2026-11-24"), at="2026-11-22T12:00"),
        spooled_report(program.token, report(4, "20261122"), at="2026-11-22T12:00"),
        spooled_report(program.token, report(id="x" * 32)),
        spooled_report(program.token, report(driver="installations")),
        spooled_report(program.token, report(since="last week")),
        spooled_report(program.token, report(gap=33)),
        spooled_report(program.token, report(used=[used])),
        spooled_report(program.token, report(version="2" * 41)),
    ]  # fmt: skip
    spool_reports(tmp_path, [*wrong, good])
    raw = [
        b'{"report":"x"}', b'{"run":"x","at":0}', b'{"report":' + b"[" * 100_000, good.to_line()[:-40],
        good.to_line().replace(b"linux", b"li\\u0000ux").strip(), b'{"report":"' + b"x" * MAX_LINE_BYTES,
    ]  # fmt: skip
    (tmp_path / "20261122T000000-raw.jsonl").write_bytes(b"\n".join(raw))

    drain(tmp_path)

    assert Report.objects.count() == 1
    records = [json.loads(line) for line in (tmp_path / "set-aside.log").read_text().splitlines()]
    assert len(records) == len(wrong) + len(raw)
    assert all(record["reason"] for record in records)
    assert sum(row.set_aside for row in SpoolOffset.objects.all()) == len(wrong) + len(raw)


def test_a_report_as_long_as_a_request_may_be_is_read_whole(tmp_path, program):
    used = [
        Used(day="2026-11-21", event="build", n=number, p={"engine": f"{number}." + "7" * 36}, h={"seconds": [0] * 20})
        for number in range(100, 500)
    ]
    spooled = spooled_report(program.token, report(used=used))
    assert 50_000 < len(spooled.to_line()) < MAX_LINE_BYTES
    spool_reports(tmp_path, [spooled])

    drain(tmp_path)

    assert Report.objects.get().body.count('"day"') == 401


def test_what_is_no_programs_or_comes_after_its_end_is_left_out(tmp_path, program, pixel):
    retired = declared(program.project, title="Retired")
    retired.retired_at = datetime(2026, 11, 22, 11, 58, tzinfo=UTC)
    retired.save()
    deleted = declared(program.project, title="Deleted")
    lines = [spooled_report(token, report()) for token in (pixel.token, retired.token, deleted.token, "unknown")]
    lines.append(spooled_report(retired.token, report(2), at="2026-11-22T11:58:30"))
    deleted.delete()
    spool_reports(tmp_path, [*lines, SpooledRun(token=pixel.token, at_us=micros("2026-11-22T12:00"))])

    drain(tmp_path)

    assert [row.pixel_id for row in Report.objects.all()] == [retired.pk]
    assert [(row.hits, row.set_aside) for row in SpoolOffset.objects.all()] == [(0, 5)]


@pytest.mark.parametrize(
    "failing", ["reports._insert", "report_counts.ReportCounts.store", "drain.Drain._move_offsets"]
)
def test_a_failure_anywhere_stores_nothing_and_the_next_try_everything(tmp_path, program, pixel, monkeypatch, failing):
    spool_reports(
        tmp_path, [hit(pixel), spooled_report(program.token, report()), spooled_report(program.token, report(2))]
    )
    drain_of_spool = Drain(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(f"collector.storage.{failing}", Mock(side_effect=OperationalError))
        with pytest.raises(OperationalError):
            drain_of_spool.drain_once()
    assert (Report.objects.count(), ReportCount.objects.count(), Hit.objects.count()) == (0, 0, 0)

    drain_of_spool.drain_once()

    assert (Report.objects.count(), Hit.objects.count()) == (2, 1)
    assert report_counts("active") == {("2026-11-22", "person", "", 0): (2, 0)}


def test_a_report_that_the_database_refuses_is_set_aside_alone(tmp_path, program, monkeypatch):
    def refuse(reports):
        if any(each.body.id == report(2).id for each in reports.values()):
            raise DataError("refused")
        return insert(reports)

    insert = reports_module._insert
    monkeypatch.setattr(reports_module, "_insert", refuse)
    spool_reports(tmp_path, [spooled_report(program.token, report(number)) for number in range(5)])

    drain(tmp_path)

    assert Report.objects.count() == 4
    assert report_counts("active") == {("2026-11-22", "person", "", 0): (4, 0)}
    assert SpoolOffset.objects.get().set_aside == 1


def test_the_lag_knows_the_moment_of_a_waiting_report(tmp_path, program):
    spool_reports(tmp_path, [spooled_report(program.token, report())])

    assert lag(tmp_path, micros("2026-11-22T12:00:30")).seconds == 30


def test_a_batch_costs_the_same_queries_however_many_reports_it_has(tmp_path, program, django_assert_num_queries):
    writer = SpoolWriter(tmp_path)
    writer.append(spooled_report(program.token, report()).to_line())
    running = drain(tmp_path)
    for number in range(10, 60):
        writer.append(spooled_report(program.token, report(number)).to_line())

    # See that the database is not newer; BEGIN, keep migrations away (PostgreSQL), see that none has run, check that no
    # strings were deleted, read the programs, lock them, read what is left out, insert reports, upsert counts, move the
    # offset, COMMIT.
    with django_assert_num_queries(12 if connection.vendor == "postgresql" else 11):
        running.drain_once()
    writer.close()


def test_counts_made_again_from_hits_leave_those_of_reports_alone(tmp_path, program, project, pixel):
    spool_reports(tmp_path, [hit(pixel), spooled_report(program.token, report())])
    drain(tmp_path)

    rebuild(project)

    assert report_counts("active") == {("2026-11-22", "person", "", 0): (1, 0)}


def test_every_driver_on_the_wire_has_a_number():
    assert NUMBER_OF_DRIVER.keys() == set(DRIVERS)
