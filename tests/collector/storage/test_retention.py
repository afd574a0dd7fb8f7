from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command

from collector.models import DailyCount, DailySalt, DailyVisitor, Dimension, Hit, Pixel, Project, TryCount, Upkeep
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


def test_a_retention_without_end_deletes_nothing_and_others_keep_their_promise(take, project, pixel):
    Project.objects.update(retention_days=1_000_000)
    other = Project.objects.create(name="Other", slug="other", retention_days=2)
    take(hit(pixel, "2020-01-01T00:00"), hit(Pixel.objects.create(project=other, title="x"), "2020-01-01T00:00"))

    delete_expired(NOW)

    assert [stored.project_id for stored in Hit.objects.all()] == [project.pk]


def test_a_project_whose_expiry_fails_does_not_stop_the_others(take, project, pixel, caplog):
    other = Project.objects.create(name="Other", slug="other", retention_days=2)
    take(hit(pixel, "2020-01-01T00:00"), hit(Pixel.objects.create(project=other, title="x"), "2020-01-01T00:00"))
    Project.objects.filter(pk=project.pk).update(timezone="Mars/Olympus", counted_zone="Mars/Olympus")

    delete_expired(NOW)

    assert [stored.project_id for stored in Hit.objects.all()] == [project.pk]
    assert "The expired hits of blog can't be deleted" in caplog.text


@pytest.mark.parametrize("days", [0, 36_501, 1_000_000])
def test_a_retention_out_of_bounds_is_refused(project, days):
    project.retention_days = days
    with pytest.raises(ValidationError, match="retention_days"):
        project.full_clean()


def days_of_hits(pixel, days):
    return [hit(pixel, (NOW - timedelta(days=age)).isoformat()) for age in range(days)]


@pytest.mark.parametrize("with_former_deletion", [True, False])
def test_a_clock_years_ahead_deletes_no_hits_until_somebody_agrees(take, pixel, with_former_deletion, caplog, capsys):
    take(*days_of_hits(pixel, 20))
    ahead = datetime(2030, 1, 1, tzinfo=UTC)
    if with_former_deletion:
        delete_expired(NOW)

    for hours in range(5):
        delete_expired(ahead + timedelta(hours=hours))

    assert Hit.objects.count() == 20
    assert "manage.py purge --allow-large" in caplog.text
    assert Upkeep.objects.get().refused_at == ahead

    delete_expired(ahead, allows_large=True)
    assert Hit.objects.count() == 0
    assert Upkeep.objects.get().refused_at is None


def test_deletion_goes_on_by_itself_when_the_clock_is_right_again(take, pixel):
    take(*days_of_hits(pixel, 20))
    delete_expired(NOW)
    delete_expired(NOW + timedelta(days=1200))

    delete_expired(NOW + timedelta(hours=1))

    assert Upkeep.objects.get().refused_at is None
    assert Hit.objects.count() == 20


def test_after_weeks_without_power_what_became_too_old_is_deleted(take, project, pixel):
    Project.objects.update(retention_days=365)
    take(*(hit(pixel, (NOW - timedelta(days=age)).isoformat()) for age in range(360)))
    delete_expired(NOW)

    delete_expired(NOW + timedelta(days=21))

    assert Hit.objects.count() == 360 - 15
    assert Upkeep.objects.get().refused_at is None


def test_a_clock_in_the_past_deletes_nothing_and_asks_nothing(take, pixel):
    take(*days_of_hits(pixel, 20))
    delete_expired(NOW)

    delete_expired(NOW - timedelta(days=3000))
    delete_expired(NOW)

    assert Hit.objects.count() == 20
    assert Upkeep.objects.get().refused_at is None


def test_a_retention_that_an_owner_shortens_is_kept_at_once(take, pixel):
    take(*days_of_hits(pixel, 20))
    delete_expired(NOW)
    Project.objects.update(retention_days=5)

    delete_expired(NOW + timedelta(hours=1))

    assert Hit.objects.count() == 5 + 1


def test_purge_says_that_it_kept_hits_and_what_to_do(take, pixel, capsys):
    Upkeep.objects.create(trusted_at=datetime(2020, 1, 1, tzinfo=UTC))
    take(hit(pixel, "2020-01-01T00:00"))

    with pytest.raises(CommandError, match="purge --allow-large"):
        call_command("purge")
    assert Hit.objects.count() == 1

    call_command("purge", "--allow-large")
    assert Hit.objects.count() == 0
