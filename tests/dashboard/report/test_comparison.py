"""What the key figures are compared with."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest

from collector.models import Project
from dashboard.report.changes import count_change
from dashboard.report.comparison import up_to
from dashboard.report.project_cards import project_cards
from tests.dashboard.conftest import NOON
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
            "visits": ("↑", "50% more", f"20 in {week}, up to 13:00"),
            "visitors": ("→", "unchanged", f"8 in {week}, up to 13:00"),
            "reading": ("↓", "40 points less", f"50% in {week}"),
            "hidden": ("↓", "50 points less", f"50% in {week}"),
            "bots": None,  # are not known by the hour
        }
        assert set(changes(report_on(of, range="7d", compare="none")).values()) == {None}


def test_a_leap_day_is_compared_with_the_last_day_of_february(project, pixel):
    now = datetime(2028, 3, 2, 12, tzinfo=UTC)
    add_visits(pixel, 3, day=date(2028, 2, 29))
    add_visits(pixel, 2, day=date(2027, 2, 28))
    add_visits(pixel, 1, day=date(2027, 1, 1))
    leap_day = report_on(project, now, **days(date(2028, 2, 29), date(2028, 2, 29)), compare="year")
    assert changes(leap_day)["visits"] == ("↑", "50% more", "2 in 28 Feb 2027")
    assert sum(leap_day.trend.earlier) == 2
    around = report_on(project, now, **days(date(2028, 2, 28), date(2028, 3, 1)), compare="year").trend
    assert (list(around.earlier), around.earlier_label) == ([2, 0, None], "28 Feb \N{EN DASH} 1 Mar 2027")


def test_today_is_compared_with_yesterday_until_this_hour(project, pixel):
    """It is 13:00 in Berlin."""
    add_visits(pixel, 1, day=DAY - timedelta(days=9))
    add_visits(pixel, 6, 3)
    for hour in (0, 12):
        add_visits(pixel, 2, 1, day=DAY - timedelta(days=1), hour=hour)
    add_visits(pixel, 90, 50, day=DAY - timedelta(days=1), hour=14)
    for of in (project, pixel):
        report = report_on(of, range="today")
        assert changes(report) == {
            "visits": ("↑", "50% more", "4 in 21 Nov 2026, up to 13:00"),
            "visitors": ("↑", "50% more", "2 in 21 Nov 2026, up to 13:00"),
            "reading": None, "hidden": ("→", "unchanged", "0% in 21 Nov 2026"), "bots": None,
        }  # fmt: skip
        assert sum(report.trend.earlier) == 94
    assert changes(report_on(project, range="yesterday"))["visits"] == ("↑", "0 before", "0 in 20 Nov 2026")


def test_nothing_is_compared_with_days_before_all_counting(project, pixel):
    add_visits(pixel, 1)
    report = report_on(project, **days(date(2000, 1, 1), DAY))
    assert set(changes(report).values()) == {None}
    assert report.trend.earlier == []


RANGES = {"today": 1, "7d": 7, "30d": 30}  # with their days


def said_of_visits(project: Project, now: datetime = NOON) -> list:
    """Return what the project's card says of the visits of each of `RANGES`. Its page must say the same."""
    [card] = project_cards(Project.objects.all(), now)
    figures = [report_on(project, now, range=name).figures[0] for name in RANGES]
    assert [(count.visits, count.change) for count in card.counts] == [
        (figure.exact, figure.change) for figure in figures
    ]
    return [count.change for count in card.counts]


def test_a_card_and_the_page_that_it_links_to_say_the_same(project, pixel):
    """The current hour counts in part: it is 13:20 in Berlin."""
    random = Random(14)
    add_visits(pixel, 1, day=DAY - timedelta(days=90))
    whole_days, until_now = Counter[int](), Counter[int]()  # visits by days ago
    for ago in (0, 1, 2, 3, 7, 8, 13, 14, 29, 30, 31, 59, 60):
        for hour in random.sample(range(9, 18), 4):
            visits = 3 * random.randint(1, 40)
            add_visits(pixel, visits, day=DAY - timedelta(days=ago), hour=hour)
            whole_days[ago] += visits
            until_now[ago] += visits if hour < 13 else visits // 3 if hour == 13 else 0
    titles = [change.title for change in said_of_visits(project, NOON + timedelta(minutes=20))]
    before = [until_now[days] + sum(whole_days[ago] for ago in range(days + 1, 2 * days)) for days in RANGES.values()]
    assert titles == [
        f"{before[0]:,} in 21 Nov 2026, up to 13:20",
        f"{before[1]:,} in 9\N{EN DASH}15 Nov 2026, up to 13:20",
        f"{before[2]:,} in 24 Sept \N{EN DASH} 23 Oct 2026, up to 13:20",
    ]


@pytest.mark.parametrize(
    ("first_visit", "ranges_compared"),
    [(60, ["today", "7d", "30d"]), (59, ["today", "7d"]), (14, ["today", "7d"]), (13, ["today"]), (2, ["today"]),
     (1, []), (0, [])],
)  # fmt: skip
def test_only_days_after_that_of_the_first_visit_are_compared(project, pixel, first_visit, ranges_compared):
    """On that day, counting began in the course of it. After it, no visits are 0 visits."""
    add_visits(pixel, 7, day=DAY - timedelta(days=first_visit), hour=23)
    add_visits(pixel, 5)
    changes_by_range = dict(zip(RANGES, said_of_visits(project), strict=True))
    for name, change in changes_by_range.items():
        is_compared = name in ranges_compared
        assert (change.arrow, change.words) == (("↑", "0 before") if is_compared else ("", "no earlier data")), name


def test_a_project_without_visits_has_nothing_to_compare(project):
    [card] = project_cards(Project.objects.all(), NOON)
    assert [count.change for count in card.counts] == [None, None, None]


def test_a_page_that_is_compared_with_a_year_earlier_needs_the_data_of_that_year(project, pixel):
    add_visits(pixel, 3)
    add_visits(pixel, 3, day=DAY - timedelta(days=365 + 6))
    assert changes(report_on(project, range="7d", compare="year"))["visits"][1] == "no earlier data"
    add_visits(pixel, 3, day=DAY - timedelta(days=365 + 7))
    assert changes(report_on(project, range="7d", compare="year"))["visits"][1] == "unchanged"


def test_a_day_counts_minute_by_minute_from_nothing_to_all_of_it():
    random = Random(7)
    by_hour = {f"{hour:02}": random.randint(0, 500) for hour in random.sample(range(24), 18)}
    midnight = datetime(2026, 11, 22, tzinfo=UTC)
    counts = [up_to(midnight + timedelta(minutes=minute), 100, by_hour) for minute in range(24 * 60)]
    assert counts == sorted(counts)
    assert counts[0] == 100
    assert 0 <= 100 + sum(by_hour.values()) - counts[-1] <= by_hour.get("23", 0) / 60 + 1


def test_a_comparison_the_other_way_round_points_the_other_way():
    random = Random(3)
    opposite = {"↑": "↓", "↓": "↑", "→": "→"}
    for _ in range(500):
        now, before = random.choice([0, random.randint(0, 40)]), random.randint(0, 40)
        change, reverse = count_change(now, before, ""), count_change(before, now, "")
        assert (change is None) == (reverse is None) == (now == before == 0)
        if change and reverse:
            assert opposite[change.arrow] == reverse.arrow
