"""Reports of programs on their way from the spool to the database."""

import pytest

from collector.models import Declaration, Hit, Kind, Pixel, Report, SpoolOffset
from collector.programs.declaration import read_declaration
from collector.programs.report import Used
from collector.spool.report_line import SpooledRun
from tests.hits import drain, hit, micros
from tests.reports import DECLARATION, report, report_counts, spool_reports, spooled_report

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def program(project) -> Pixel:
    pixel = Pixel.objects.create(project=project, title="Paperclip", kind=Kind.APP)
    Declaration.objects.create(pixel=pixel, text=DECLARATION, schema=read_declaration(DECLARATION).schema)
    return pixel


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
    assert [(row.hits, row.set_aside) for row in SpoolOffset.objects.all()] == [(3, 0), (3, 0)]


def test_hits_reports_and_runs_share_a_segment(tmp_path, program, pixel):
    run = SpooledRun(token=program.token, at_us=micros("2026-11-22T23:59"), event="build", version="2.4.1")
    lines = [hit(pixel), spooled_report(program.token, report()), run, run]
    spool_reports(tmp_path, lines)

    drain(tmp_path)

    assert (Hit.objects.count(), Report.objects.count()) == (1, 1)
    assert report_counts("run") == {("2026-11-22", "person", "build", 0): (0, 2)}
    assert report_counts("run_version") == {("2026-11-22", "person", "2.4.1", 0): (0, 2)}
    assert [(row.hits, row.set_aside) for row in SpoolOffset.objects.all()] == [(4, 0)]


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
