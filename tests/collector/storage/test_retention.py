from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.management import call_command

from collector.models import DailyCount, DailySalt, DailyVisitor, Dimension, Hit, Project, TryCount
from collector.models.counts import WHOLE_PROJECT
from collector.storage import retention
from collector.storage.retention import delete_expired
from tests.hits import hit

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize("timezone", ["Pacific/Kiritimati", "Europe/Berlin", "Etc/GMT+12"])
@pytest.mark.parametrize(
    ("now", "kept"),
    [
        ("2026-11-21T11:00", {19, 20, 21, 22}),  # the 19th ended 23 hours ago in UTC-12
        ("2026-11-22T11:00", {20, 21, 22}),  # and now 47 hours ago; the drain deletes once an hour
    ],
)
def test_a_salt_and_its_visitors_are_deleted_within_48_hours_of_their_dates_end_in_the_last_time_zone(
    take, pixel, project, timezone, now, kept
):
    project.timezone = timezone
    project.save()
    for day in range(18, 23):
        DailySalt.objects.create(date=date(2026, 11, day), salt=b"x" * 32)
    take(*(hit(pixel, datetime(2026, 11, day, 12, tzinfo=project.zone).isoformat()) for day in range(18, 23)))

    delete_expired(datetime.fromisoformat(now).replace(tzinfo=UTC))

    assert {salt.date.day for salt in DailySalt.objects.all()} == kept
    assert {seen.date.day for seen in DailyVisitor.objects.all()} == kept


def test_a_clock_that_is_behind_deletes_no_salt_and_no_visitor(take, pixel):
    DailySalt.objects.create(date=date(2026, 11, 22), salt=b"x" * 32)
    take(hit(pixel, "2026-11-22T10:00"))

    delete_expired(datetime(2025, 1, 1, tzinfo=UTC))

    assert DailySalt.objects.count() == 1
    assert DailyVisitor.objects.count() == 2


def test_hits_are_deleted_by_whole_local_days_and_their_counts_stay(take, project, pixel, monkeypatch):
    monkeypatch.setattr(retention, "DELETE_ROWS", 2)
    Project.objects.update(retention_days=2)
    take(*(hit(pixel, f"2026-11-19T{hour:02}:30") for hour in range(20, 24)), hit(pixel, "2026-11-18T09:00"))

    delete_expired(NOW)

    assert [stored.at.isoformat() for stored in Hit.objects.order_by("at")] == ["2026-11-19T23:30:00+00:00"]
    totals = DailyCount.objects.filter(dimension=Dimension.TOTAL, pixel_id=WHOLE_PROJECT)
    assert sum(totals.values_list("hits", flat=True)) == 5


def test_counts_of_tries_are_deleted_when_they_end(db):
    for seconds in (-1, 0, 1):
        TryCount.objects.create(key=f"{seconds}", tries=1, ends_at=NOW + timedelta(seconds=seconds))

    assert delete_expired(NOW) == 2
    assert [row.key for row in TryCount.objects.all()] == ["1"]


def test_each_project_has_its_own_retention(take, pixel):
    Project.objects.update(retention_days=3000)
    take(hit(pixel, "2020-01-01T00:00"))

    delete_expired(NOW)

    assert Hit.objects.count() == 1


def test_purge_prints_how_many_rows_it_deleted(db, capsys):
    DailySalt.objects.create(date=date(2020, 1, 1), salt=b"x" * 32)

    call_command("purge")

    assert capsys.readouterr().out == "Deleted 1 rows.\n"
