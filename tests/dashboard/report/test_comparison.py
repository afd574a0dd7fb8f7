"""What the key figures are compared with."""

from datetime import UTC, date, datetime, timedelta

import pytest

from tests.dashboard.report.daily_counts import (
    DAY,
    add_bots,
    add_ends,
    add_visits,
    changes,
    days,
    report_on,
)

pytestmark = pytest.mark.usefixtures("noon")


def test_figures_say_how_they_changed_against_the_period_before(project, pixel):
    add_visits(pixel, 30, 8)
    add_visits(pixel, 10, 8, day=DAY - timedelta(days=7))
    add_visits(pixel, 10, traffic="proxied", platform="github", day=DAY - timedelta(days=13))
    add_ends(pixel, 3)
    add_ends(pixel, 5, day=DAY - timedelta(days=8))
    add_bots(pixel, 3)
    add_visits(pixel, 999, day=DAY - timedelta(days=14))
    week = "9\N{EN DASH}15 Nov 2026"
    for of in (project, pixel):
        assert changes(report_on(of, range="7d")) == {
            "visits": ("↑", "50% more", f"20 in {week} until this hour"),
            "visitors": ("→", "unchanged", f"8 in {week} until this hour"),
            "reading": ("↓", "40 points less", f"50% in {week}"),
            "hidden": ("↓", "50 points less", f"50% in {week}"),
            "bots": None,  # are not known by the hour
        }
        assert set(changes(report_on(of, range="7d", compare="none")).values()) == {None}


def test_a_leap_day_is_compared_with_the_last_day_of_february(project, pixel):
    now = datetime(2028, 3, 2, 12, tzinfo=UTC)
    add_visits(pixel, 3, day=date(2028, 2, 29))
    add_visits(pixel, 2, day=date(2027, 2, 28))
    leap_day = report_on(project, now, **days(date(2028, 2, 29), date(2028, 2, 29)), compare="year")
    assert changes(leap_day)["visits"] == ("↑", "50% more", "2 in 28 Feb 2027")
    assert sum(leap_day.trend.earlier) == 2
    around = report_on(project, now, **days(date(2028, 2, 28), date(2028, 3, 1)), compare="year").trend
    assert (list(around.earlier), around.earlier_label) == ([2, 0, 0], "28 Feb \N{EN DASH} 1 Mar 2027")


def test_today_is_compared_with_yesterday_until_this_hour(project, pixel):
    """It is 13:00 in Berlin."""
    add_visits(pixel, 6, 3)
    for hour in (0, 12):
        add_visits(pixel, 2, 1, day=DAY - timedelta(days=1), hour=hour)
    add_visits(pixel, 90, 50, day=DAY - timedelta(days=1), hour=14)
    for of in (project, pixel):
        report = report_on(of, range="today")
        assert changes(report) == {
            "visits": ("↑", "50% more", "4 in 21 Nov 2026 until this hour"),
            "visitors": ("↑", "50% more", "2 in 21 Nov 2026 until this hour"),
            "reading": None, "hidden": ("→", "unchanged", "0% in 21 Nov 2026"), "bots": None,
        }  # fmt: skip
        assert sum(report.trend.earlier) == 94
    assert changes(report_on(project, range="yesterday"))["visits"] == ("↑", "none before", "20 Nov 2026")


def test_nothing_is_compared_with_days_before_all_counting(project, pixel):
    add_visits(pixel, 1)
    report = report_on(project, **days(date(2000, 1, 1), DAY))
    assert set(changes(report).values()) == {None}
    assert report.trend.earlier == []
