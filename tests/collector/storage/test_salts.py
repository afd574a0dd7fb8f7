from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from collector.models import DailySalt
from collector.storage.salts import dates_to_load, is_kept, key_name, last_expired_date, load_salts, with_keys

ZONES = ["Pacific/Kiritimati", "Pacific/Chatham", "Asia/Tokyo", "UTC", "America/New_York", "Etc/GMT+12"]
HOURS = [datetime(2026, 3, 27, tzinfo=UTC) + timedelta(hours=hour) for hour in range(96)]


def test_the_salts_to_load_are_those_of_today_in_every_time_zone_and_of_the_next_two_days():
    assert dates_to_load(datetime(2026, 11, 29, 11, tzinfo=UTC)) == [
        "2026-11-28", "2026-11-29", "2026-11-30", "2026-12-01", "2026-12-02",
    ]  # fmt: skip
    for hour in HOURS:
        today = {hour.astimezone(ZoneInfo(name)).date().isoformat() for name in ZONES}
        assert today <= set(dates_to_load(hour))
        assert {(date.fromisoformat(day) + timedelta(days=2)).isoformat() for day in today} <= set(dates_to_load(hour))


def test_no_salt_expires_while_its_date_lasts_anywhere_and_each_does_within_48_hours_of_its_end():
    first, last = ZoneInfo("Pacific/Kiritimati"), ZoneInfo("Etc/GMT+12")
    for hour in HOURS:
        oldest = min(hour.astimezone(zone).date() for zone in (first, last))
        assert last_expired_date(hour) < oldest
        ended = datetime.combine(last_expired_date(hour + timedelta(hours=1)) + timedelta(days=2), datetime.min.time())
        assert hour + timedelta(hours=1) - ended.replace(tzinfo=last) < timedelta(hours=48)
        assert all(is_kept(day, hour) for day in dates_to_load(hour))


@pytest.mark.django_db
def test_a_salt_is_created_once(django_assert_num_queries):
    days = ["2026-11-29", "2026-11-30"]
    with django_assert_num_queries(3):
        created = load_salts(days)
    with django_assert_num_queries(1):
        assert load_salts(days) == created

    assert len(set(created.values())) == 2
    assert {len(salt) for salt in created.values()} == {32}
    assert DailySalt.objects.count() == 2


@pytest.mark.django_db
def test_the_salt_of_a_process_that_was_faster_is_used(monkeypatch):
    DailySalt.objects.create(date="2026-11-29", salt=b"f" * 32)
    real = DailySalt.objects.filter
    results = [DailySalt.objects.none()]  # at first it is not committed yet
    monkeypatch.setattr(DailySalt.objects, "filter", lambda **wanted: results.pop() if results else real(**wanted))

    assert load_salts(["2026-11-29"]) == with_keys({"2026-11-29": b"f" * 32})


def test_a_key_expires_when_its_salt_does():
    for hour in HOURS:
        for days in range(-6, 4):
            day = hour.date() + timedelta(days=days)
            assert is_kept(day.isoformat(), hour) == (hour < key_name(day).expires_at)


@pytest.mark.django_db
def test_the_half_in_the_database_is_no_salt_and_no_salt_comes_back(settings, tmp_path):
    """It is another one with another key, and of another date."""
    salts = load_salts(["2026-11-29", "2026-11-30"])
    DailySalt.objects.update(salt=b"h" * 32)
    same_halves = load_salts(["2026-11-29", "2026-11-30"])
    settings.SALT_KEYS_DIR = tmp_path
    other_keys = load_salts(["2026-11-29", "2026-11-30"])

    assert len({*salts.values(), *same_halves.values(), *other_keys.values(), b"h" * 32}) == 7
