"""Raw reports go after 35 days; their counts stay."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from collector.models import Pixel, Report, ReportCount, Upkeep
from collector.spool.writer import SpoolWriter
from collector.storage import report_retention
from collector.storage.lag import oldest_waiting_day
from collector.storage.retention import delete_expired
from tests.hits import drain, hit, run_one_round, spool
from tests.programs import declared
from tests.reports import report, report_counts, spool_reports, spooled_report

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def take_reports(directory, program, days_ago, installations=1):
    """Store a report of each installation for each of these days."""
    days = [(NOW - timedelta(days=days)).date().isoformat() for days in days_ago]
    numbers = range(installations)
    spool_reports(directory, [spooled_report(program.token, report(one, day)) for day in days for one in numbers])
    drain(directory)


def kept_days():
    """Return how many days ago the days of the kept reports are, by program."""
    rows = Report.objects.order_by("pixel_id", "date", "id").values_list("pixel__title", "date")
    return [(title, (NOW.date() - day).days) for title, day in rows]


def test_reports_are_deleted_after_35_days_and_their_counts_stay(tmp_path, program, project, monkeypatch):
    monkeypatch.setattr(report_retention, "DELETE_ROWS", 3)
    another = declared(project, title="Stapler")
    take_reports(tmp_path, program, [0, 35, 36, 40], installations=7)
    take_reports(tmp_path, another, [36, 35])
    counted = report_counts("active")

    assert delete_expired(NOW) == 2 * 7 + 1

    assert kept_days() == [("Paperclip", 35)] * 7 + [("Paperclip", 0)] * 7 + [("Stapler", 35)]
    assert report_counts("active") == counted


def test_reports_are_kept_as_long_as_a_duplicate_may_wait_in_the_spool(tmp_path, program, pixel):
    take_reports(tmp_path, program, [36])
    spool(tmp_path, [hit(pixel)])
    [segment] = tmp_path.glob("*.jsonl")
    waiting = segment.rename(tmp_path / f"20261119T000000-{'0' * 16}.jsonl")

    assert oldest_waiting_day(tmp_path).isoformat() == "2026-11-19"
    delete_expired(NOW, waiting_since=oldest_waiting_day(tmp_path))
    assert kept_days() == [("Paperclip", 36)]

    drain(tmp_path)
    assert not waiting.exists()
    assert oldest_waiting_day(tmp_path) is None
    delete_expired(NOW, waiting_since=oldest_waiting_day(tmp_path))
    assert kept_days() == []


def test_a_segment_whose_lines_are_all_stored_does_not_wait(tmp_path, pixel):
    writer = SpoolWriter(tmp_path)
    writer.append(hit(pixel).to_line())
    assert oldest_waiting_day(tmp_path) == datetime.now(UTC).date()

    drain(tmp_path)

    assert list(tmp_path.glob("*.jsonl"))  # its process may still write to it
    assert oldest_waiting_day(tmp_path) is None
    writer.close()


def test_a_clock_far_ahead_deletes_most_reports_only_if_somebody_agrees(tmp_path, program):
    take_reports(tmp_path, program, range(0, 30, 3))
    delete_expired(NOW)

    for hours in range(2):
        delete_expired(NOW + timedelta(days=40, hours=hours))
    assert len(kept_days()) == 10
    assert Upkeep.objects.get().refused_at == NOW + timedelta(days=40)

    delete_expired(NOW + timedelta(days=40), allows_large=True)
    assert kept_days() == []


def test_after_days_without_power_reports_are_deleted_without_a_question(tmp_path, program):
    take_reports(tmp_path, program, range(30))
    delete_expired(NOW)

    delete_expired(NOW + timedelta(days=14))

    assert len(kept_days()) == 30 - 8
    assert Upkeep.objects.get().refused_at is None


def test_the_drain_and_purge_look_at_what_waits(tmp_path, program, settings):
    settings.SPOOL_DIR = tmp_path
    Upkeep.objects.create(trusted_at=NOW)
    take_reports(tmp_path, program, [3000])
    (tmp_path / f"20180101T000000-{'0' * 16}.jsonl").write_bytes(b"half a line")

    call_command("purge", "--allow-large")
    assert len(kept_days()) == 1

    run_one_round(tmp_path)  # it sets the half line aside
    Upkeep.objects.update(trusted_at=datetime.now(UTC))
    run_one_round(tmp_path)
    assert kept_days() == []


def test_reports_and_counts_go_with_their_project(tmp_path, program, project):
    take_reports(tmp_path, program, [0, 1])

    project.delete()

    assert (Report.objects.count(), ReportCount.objects.count(), Pixel.objects.count()) == (0, 0, 0)


def test_to_delete_a_program_reads_no_report(program):
    with CaptureQueriesContext(connection) as queries:
        program.delete()

    assert [query for query in queries.captured_queries if "collector_pixel" in query["sql"]]
    assert not [query for query in queries.captured_queries if "collector_report" in query["sql"]]
