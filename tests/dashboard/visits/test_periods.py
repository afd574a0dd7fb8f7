"""Ranges of days, as query strings name them."""

from collections import Counter
from datetime import date, timedelta
from itertools import pairwise
from random import Random
from zoneinfo import ZoneInfo

import pytest
from django.http import QueryDict

from dashboard.visits.periods import PRESETS, Bucket, Comparison, Period, PeriodForm

TODAY = date(2026, 11, 22)
FIRST_DAY = date(2024, 5, 3)


def form(query: str, today: date = TODAY, first_day: date | None = FIRST_DAY) -> PeriodForm:
    return PeriodForm(QueryDict(query), today=today, first_day=first_day)


@pytest.mark.parametrize(
    ("query", "start", "end"),
    [
        ("", date(2026, 10, 24), date(2026, 11, 23)),
        ("range=", date(2026, 10, 24), date(2026, 11, 23)),
        ("start=&end=&range=7d", date(2026, 11, 16), date(2026, 11, 23)),
        ("range=today", date(2026, 11, 22), date(2026, 11, 23)),
        ("range=yesterday", date(2026, 11, 21), date(2026, 11, 22)),
        ("range=7d", date(2026, 11, 16), date(2026, 11, 23)),
        ("range=30d", date(2026, 10, 24), date(2026, 11, 23)),
        ("range=90d", date(2026, 8, 25), date(2026, 11, 23)),
        ("range=12m", date(2025, 11, 23), date(2026, 11, 23)),
        ("range=all", date(2024, 5, 3), date(2026, 11, 23)),
        ("start=2026-01-01&end=2026-01-31", date(2026, 1, 1), date(2026, 2, 1)),
        ("start=2026-01-31&end=2026-01-31", date(2026, 1, 31), date(2026, 2, 1)),
        ("range=7d&start=2026-01-01&end=2026-01-31", date(2026, 1, 1), date(2026, 2, 1)),
        ("range=7d&range=today", date(2026, 11, 22), date(2026, 11, 23)),
    ],
)
def test_a_query_string_names_a_half_open_range(query, start, end):
    period_form = form(query)
    period = period_form.period()
    assert (period.start, period.end) == (start, end)
    assert period_form.notice == ""


@pytest.mark.parametrize(
    "query",
    [
        "range=fortnight",
        "range=%00",
        "start=2026-02-30&end=2026-03-01",
        "start=2026-03-01&end=soon",
        "start=2026-03-01",
        "end=2026-03-01",
        "start=2026-03-02&end=2026-03-01",
        "start=0001-01-01&end=9999-12-31",
        "start=1999-12-31&end=2026-01-01",
        "start=2026-11-23&end=2026-11-24",
        "start=01/02/2026&end=01/03/2026",
        "start=2026-01-01%00&end=2026-01-31",
        "start=99999999999999-01-01&end=2026-01-31",
    ],
)
def test_a_range_that_is_not_valid_falls_back_to_the_default_and_says_so(query):
    period_form = form(query)
    assert period_form.period() == Period(date(2026, 10, 24), date(2026, 11, 23), "30d")
    assert "30 days" in period_form.notice


def test_a_range_is_cut_off_after_today():
    assert form("start=2026-11-01&end=9999-12-31").period() == Period(date(2026, 11, 1), date(2026, 11, 23))


def test_all_is_the_default_range_until_something_is_counted():
    assert form("range=all", first_day=None).period() == Period(date(2026, 10, 24), date(2026, 11, 23), "all")


def test_all_is_today_if_a_new_time_zone_puts_the_first_day_into_the_future():
    assert form("range=all", first_day=TODAY + timedelta(days=1)).period().days == 1


def test_twelve_months_from_a_leap_day_begin_on_the_first_of_march():
    assert form("range=12m", today=date(2028, 2, 29)).period().start == date(2027, 3, 1)


@pytest.mark.parametrize("name", PRESETS)
def test_every_period_has_a_query_string_that_gives_it_again(name):
    period = form(f"range={name}").period()
    assert form(period.query).period() == period
    dates = Period(period.start, period.end)
    assert form(dates.query).period() == dates


@pytest.mark.parametrize(
    ("query", "bucket", "buckets"),
    [
        ("range=today", Bucket.HOUR, 1),
        ("start=2026-01-01&end=2026-01-02", Bucket.DAY, 2),
        ("range=90d", Bucket.DAY, 90),
        ("start=2026-01-01&end=2026-04-03", Bucket.DAY, 93),
        ("start=2026-01-01&end=2026-04-04", Bucket.WEEK, 14),
        ("range=12m", Bucket.WEEK, 53),
        ("range=all", Bucket.MONTH, 31),
    ],
)
def test_longer_ranges_have_coarser_buckets(query, bucket, buckets):
    period = form(query).period()
    assert period.bucket == bucket
    assert len(period.buckets()) == buckets


@pytest.mark.parametrize("days", [1, 2, 29, 93, 94, 200, 400, 401, 1000])
@pytest.mark.parametrize("start", [date(2024, 2, 28), date(2025, 12, 31), date(2026, 3, 29)])
def test_every_day_of_a_period_lies_in_exactly_one_of_its_buckets(start, days):
    period = Period(start, start + timedelta(days=days))
    buckets = period.buckets()
    assert len(set(buckets)) == len(buckets)
    assert buckets == sorted(buckets)
    assert {period.bucket_of(start + timedelta(days=day)) for day in range(days)} == set(buckets)


@pytest.mark.parametrize("first_weekday", [1, 6, 7])
def test_weeks_divide_any_period_without_gap_or_overlap(first_weekday):
    random = Random(first_weekday)
    for _ in range(300):
        start = date(2019, 12, 20) + timedelta(days=random.randrange(2000))
        period = Period(start, start + timedelta(days=random.randint(1, 400)), "", Bucket.WEEK, first_weekday)
        weeks = period.buckets()
        assert {week.isoweekday() for week in weeks} == {first_weekday}
        assert [later - week for week, later in pairwise(weeks)] == [timedelta(days=7)] * (len(weeks) - 1)
        assert weeks[0] <= period.start < weeks[0] + timedelta(days=7)
        assert weeks[-1] < period.end <= weeks[-1] + timedelta(days=7)
        days_of = Counter(period.bucket_of(day) for day in period.dates())
        assert list(days_of) == weeks
        assert set(list(days_of.values())[1:-1]) <= {7}
        earlier = period.earlier(Comparison.PREVIOUS)
        assert earlier is not None
        assert {week.isoweekday() for week in earlier.buckets()} == {first_weekday}


@pytest.mark.parametrize(
    ("period", "label"),
    [
        (Period(date(2026, 11, 22), date(2026, 11, 23)), "22 Nov 2026"),
        (Period(date(2026, 10, 24), date(2026, 11, 23)), "24 Oct \N{EN DASH} 22 Nov 2026"),
        (Period(date(2025, 12, 30), date(2026, 1, 2)), "30 Dec 2025 \N{EN DASH} 1 Jan 2026"),
    ],
)
def test_a_period_is_labelled_with_its_first_and_last_day(period, label):
    assert period.label == label


@pytest.mark.parametrize(
    ("day", "zone", "text"),
    [
        (date(2026, 3, 29), "Europe/Berlin", "02:00 was skipped"),
        (date(2026, 10, 25), "Europe/Berlin", "02:00 came twice"),
        (date(2026, 3, 8), "America/New_York", "02:00 was skipped"),
        (date(2026, 4, 5), "Australia/Lord_Howe", "01:00 came twice"),
    ],
)
def test_a_day_on_which_the_clocks_change_is_pointed_out(day, zone, text):
    assert text in Period(day, day + timedelta(days=1)).clock_change(ZoneInfo(zone))


@pytest.mark.parametrize(("first", "days"), [(date(2026, 3, 28), 1), (date(2026, 3, 30), 1), (date(2026, 3, 1), 31)])
def test_other_ranges_say_nothing_about_clocks(first, days):
    assert Period(first, first + timedelta(days=days)).clock_change(ZoneInfo("Europe/Berlin")) == ""


@pytest.mark.parametrize(
    ("start", "days", "comparison", "earlier"),
    [
        (date(2026, 11, 22), 1, Comparison.PREVIOUS, (date(2026, 11, 21), date(2026, 11, 22))),
        (date(2026, 10, 24), 30, Comparison.PREVIOUS, (date(2026, 9, 24), date(2026, 10, 24))),
        (date(2026, 10, 24), 30, Comparison.YEAR, (date(2025, 10, 24), date(2025, 11, 23))),
        (date(2028, 2, 29), 1, Comparison.YEAR, (date(2027, 2, 28), date(2027, 3, 1))),
        (date(2029, 2, 1), 28, Comparison.YEAR, (date(2028, 2, 1), date(2028, 2, 29))),
        (date(2028, 2, 1), 29, Comparison.YEAR, (date(2027, 2, 1), date(2027, 3, 1))),
        (date(2026, 10, 24), 30, Comparison.NONE, None),
        (date(2000, 1, 1), 7, Comparison.PREVIOUS, None),
        (date(2000, 6, 1), 7, Comparison.YEAR, None),
    ],
)
def test_a_period_is_compared_with_as_many_days_before_or_the_same_days_a_year_earlier(
    start, days, comparison, earlier
):
    period = Period(start, start + timedelta(days=days)).earlier(comparison)
    assert (period and (period.start, period.end)) == earlier


def test_an_earlier_period_has_the_same_unit_as_the_current_one():
    year = Period(date(2025, 2, 1), date(2026, 3, 8))
    assert (year.days, year.bucket) == (400, Bucket.WEEK)
    earlier = year.earlier(Comparison.YEAR)
    assert earlier is not None
    assert (earlier.days, earlier.bucket) == (401, Bucket.WEEK)


@pytest.mark.parametrize(
    ("days", "offered"),
    [
        (1, ["hour"]),
        (2, ["hour", "day"]),
        (7, ["hour", "day"]),
        (8, ["day"]),
        (14, ["day", "week"]),
        (60, ["day", "week", "month"]),
        (400, ["day", "week", "month"]),
        (401, ["week", "month"]),
        (2001, ["month"]),
        (9_800, ["month"]),
    ],
)
def test_a_trend_is_offered_in_units_that_give_it_several_points_but_not_too_many(days, offered):
    period = Period(TODAY - timedelta(days=days - 1), TODAY + timedelta(days=1))
    assert period.offered_buckets() == offered
    assert period.bucket in offered


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", date(2026, 3, 29), 23),
        ("Europe/Berlin", date(2026, 10, 25), 25),
        ("Australia/Lord_Howe", date(2026, 4, 5), 24.5),
        ("UTC", date(2026, 3, 29), 24),
    ],
)
def test_a_day_lasts_from_midnight_to_midnight_however_long_it_is(zone, day, hours):
    start, end = Period(day, day + timedelta(days=1)).moments(ZoneInfo(zone))
    assert end - start == timedelta(hours=hours)
    assert start.astimezone(ZoneInfo(zone)).date() == day
