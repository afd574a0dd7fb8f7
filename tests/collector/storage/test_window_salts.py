from datetime import UTC, date, datetime, timedelta

import pytest

from collector.models import Span, WindowSalt
from collector.storage.window_salts import (
    Window,
    expired_before,
    is_window_kept,
    load_window_salts,
    windows_of,
    windows_to_load,
)

HOURS = [datetime(2026, 11, 28, tzinfo=UTC) + timedelta(hours=number) for number in range(24 * 40)]


def test_a_day_lies_in_a_week_from_monday_and_in_a_month():
    assert windows_of(date(2026, 11, 29)) == (
        (Span.DAY, date(2026, 11, 29)), (Span.WEEK, date(2026, 11, 23)), (Span.MONTH, date(2026, 11, 1)),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("window", "end"),
    [
        (Window(Span.DAY, date(2026, 12, 31)), date(2027, 1, 1)),
        (Window(Span.WEEK, date(2026, 12, 28)), date(2027, 1, 4)),
        (Window(Span.MONTH, date(2027, 2, 1)), date(2027, 3, 1)),
        (Window(Span.MONTH, date(2026, 12, 1)), date(2027, 1, 1)),
    ],
)
def test_a_window_ends_where_the_next_one_begins(window, end):
    assert window.end == end


def test_at_every_hour_the_salts_of_yesterday_today_and_the_day_after_tomorrow_are_there():
    for hour in HOURS:
        for ago in (-2, 0, 1):
            needed = {window.name for window in windows_of((hour - timedelta(ago)).date())}
            assert needed <= set(windows_to_load(hour))


def test_a_salt_goes_within_48_hours_of_its_windows_end_and_not_before_it_is_needed_no_more():
    for hour in HOURS:
        first_kept = expired_before(hour)
        for name in windows_to_load(hour):
            assert is_window_kept(name, hour)
        for window in windows_of((hour - timedelta(days=3)).date()):
            is_kept = window.date >= first_kept[window.span]
            assert is_window_kept(window.name, hour) == is_kept
            ended = datetime.combine(window.end, datetime.min.time(), UTC)
            assert is_kept == (hour < ended + timedelta(hours=46))


@pytest.mark.django_db
def test_a_salt_is_made_once_and_each_window_has_its_own(django_assert_num_queries):
    names = ["day:2026-11-30", "week:2026-11-30", "month:2026-11-01"]  # the first two begin on the same day
    with django_assert_num_queries(3):
        salts = load_window_salts(names)
    with django_assert_num_queries(1):
        assert load_window_salts(names) == salts
    assert (len(set(salts.values())), {len(salt) for salt in salts.values()}) == (3, {32})
    assert WindowSalt.objects.count() == 3
