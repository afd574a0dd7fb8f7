"""An article's first week, and within how many days half of its visits came."""

from datetime import timedelta

import pytest

from dashboard.report.first_week import half_life
from tests.dashboard.report.daily_counts import (
    DAY,
    add_visits,
    report_on,
)

pytestmark = pytest.mark.usefixtures("noon")


@pytest.mark.parametrize(
    ("visits", "half"),
    [
        ({}, 0),
        ({0: 5}, 1),
        ({0: 5, 1: 5}, 1),
        ({0: 5, 1: 6}, 2),
        ({0: 1, 9: 1, 10: 1}, 10),
        ({0: 1, 400: 2}, 401),
        ({0: 0}, 0),
    ],
)
def test_half_of_all_visits_came_within_so_many_days(visits, half):
    assert half_life({DAY + timedelta(days=ago): count for ago, count in visits.items()}) == half


def test_the_first_week_begins_with_the_first_visit_and_ends_today(project, pixel):
    add_visits(pixel, 6, day=DAY - timedelta(days=2))
    add_visits(pixel, 2)
    chart = report_on(pixel, range="today").first_week
    assert [(point.label, point.at, point.visits) for point in chart.points] == [
        ("Day 1", "2026-11-20", 6), ("Day 2", "2026-11-21", 0), ("Day 3", "2026-11-22", 2),
    ]  # fmt: skip
    assert chart.points[0].title == "Day 1: Fri 20 Nov 2026 · by then, 75% of all visits so far"
    assert chart.caption == "Visits per day since the first, 20 Nov 2026"
    assert [point.is_open for point in chart.points] == [False, False, True]
    add_visits(pixel, 50, day=DAY - timedelta(days=10))
    assert report_on(pixel).first_week.caption.endswith("half of all visits so far came within 1 day")
    assert [point.visits for point in report_on(pixel).first_week.points] == [50, 0, 0, 0, 0, 0, 0]
    assert report_on(project).first_week is None
    assert report_on(pixel, platform="medium").first_week is None


@pytest.mark.parametrize(("days", "visits"), [(6, 500), (7, 49)])
def test_half_of_the_visits_say_nothing_before_the_first_week_is_over_or_while_they_are_few(pixel, days, visits):
    add_visits(pixel, visits, day=DAY - timedelta(days=days))
    assert "half of" not in report_on(pixel).first_week.caption
    add_visits(pixel, 1, day=DAY - timedelta(days=7))
    assert "half of" in report_on(pixel).first_week.caption


def test_an_article_of_today_has_no_first_week_yet(pixel):
    add_visits(pixel, 6)
    assert report_on(pixel).first_week is None
