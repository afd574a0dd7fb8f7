"""The trend: its buckets, platforms, marks, and the line of the earlier period."""

from datetime import UTC, date, datetime, timedelta

import pytest

from collector.models import Pixel
from dashboard.report.charts import Shape
from dashboard.templatetags.table_cells import points
from tests.dashboard.conftest import NOON
from tests.dashboard.report.daily_counts import (
    DAY,
    add_visits,
    days,
    report_on,
)

pytestmark = pytest.mark.usefixtures("noon")


def test_days_without_visits_are_points_of_the_trend(project, pixel):
    add_visits(pixel, 5, day=DAY)
    add_visits(pixel, 2, day=DAY - timedelta(days=60))
    trend = report_on(project).trend
    assert [point.visits for point in trend.points] == [0] * 29 + [5]
    assert trend.points[0].label == "24 Oct"
    assert trend.points[-1].title == "Sun 22 Nov 2026"


def test_days_before_the_first_visit_are_not_drawn_as_zero(project, pixel):
    add_visits(pixel, 5, day=DAY)
    add_visits(pixel, 1, day=DAY - timedelta(days=2))
    for of in (project, pixel):
        trend = report_on(of).trend
        assert [point.visits for point in trend.points] == [None] * 27 + [1, 0, 5]
        assert [series.values for series in trend.series] == [[None] * 27 + [1, 0, 5]]
        assert report_on(of, trend="line").trend.series[0].values == [None] * 27 + [1, 0, 5]
        assert [point.is_empty for point in trend.points] == [True] * 27 + [False] * 3
        assert trend.earlier == []
        by_week = report_on(of, by="week").trend
        assert [point.visits for point in by_week.points] == [None] * 4 + [6]


def test_a_project_filtered_by_a_young_article_shows_what_the_page_of_that_article_shows(project, pixel):
    add_visits(pixel, 5, day=DAY - timedelta(days=100))
    young = Pixel.objects.create(project=project, title="Young")
    add_visits(young, 3, day=DAY - timedelta(days=2))
    filtered, own = report_on(project, article=str(young.pk)), report_on(young)
    for report in (filtered, own):
        assert [point.visits for point in report.trend.points] == [None] * 27 + [3, 0, 0]
        assert {figure.change.words for figure in report.figures} == {"no earlier data"}
        assert report.trend.earlier == []
    assert report_on(project).figures[0].change.words == "0 before"


def test_days_before_the_first_visit_are_left_out_of_the_line_of_the_earlier_period(project, pixel):
    add_visits(pixel, 3, day=DAY - timedelta(days=9))
    add_visits(pixel, 5, day=DAY)
    trend = report_on(project, range="7d").trend
    assert trend.earlier == [None, None, None, None, 3, 0, 0]
    assert points(trend).count('<span class="visually-hidden">no earlier data</span>') == 4
    assert points(trend).count(">unknown<") == 1  # the visitors of the five visits


@pytest.mark.parametrize(
    ("parameters", "label", "is_open"),
    [
        ({"range": "today"}, "13:00", True),  # in Berlin
        ({"range": "7d"}, "22 Nov", True),
        ({"range": "30d", "by": "week"}, "16 Nov", True),
        (days(date(2026, 8, 31), DAY) | {"by": "month"}, "Nov 2026", True),
        ({"range": "yesterday"}, "13:00", False),
        (days(date(2026, 10, 1), DAY - timedelta(days=1)) | {"by": "week"}, "16 Nov", False),
    ],
    ids=["hour", "day", "week", "month", "yesterday", "until yesterday"],
)
def test_what_is_not_over_is_marked_so_far(project, pixel, parameters, label, is_open):
    add_visits(pixel, 5, day=date(2026, 8, 1))
    trend = report_on(project, **parameters).trend
    assert [point.label for point in trend.points if point.is_open] == ([label] if is_open else [])
    assert ("open" in trend.script_data) == is_open
    assert points(trend).count('<span class="detail">so far</span>') == is_open


def test_hours_that_have_not_come_are_neither_zero_nor_unknown(project, pixel):
    add_visits(pixel, 5, day=DAY - timedelta(days=1), hour=20)
    add_visits(pixel, 2, hour=9)
    trend = report_on(project, range="today").trend
    assert [point.visits for point in trend.points] == [0] * 9 + [2, 0, 0, 0, 0] + [None] * 10
    assert trend.earlier == [0] * 20 + [5, 0, 0, 0]
    row = points(trend).split("</tr>")[20]
    assert "20:00" in row
    assert row.endswith("</th><td></td><td></td><td>5</td><td></td>")


def test_a_trend_over_years_begins_with_the_month_of_its_first_day(project, pixel):
    add_visits(pixel, 2, day=date(2024, 5, 31))
    add_visits(pixel, 3, day=date(2024, 6, 1))
    trend = report_on(project, **days(date(2024, 5, 20), DAY)).trend
    assert [(point.label, point.visits) for point in trend.points[:2]] == [("May 2024", 2), ("Jun 2024", 3)]


def test_a_week_or_month_that_the_range_cuts_off_names_the_days_that_count(project):
    yesterday, dash = DAY - timedelta(days=1), "\N{EN DASH}"
    for parameters, first, last in (
        (days(date(2025, 11, 23), yesterday), "Week of 17 Nov 2025 · 23 Nov 2025",
         f"Week of 16 Nov 2026 · 16{dash}21 Nov 2026"),
        (days(date(2025, 11, 24), yesterday - timedelta(days=6)), "Week of 24 Nov 2025", "Week of 9 Nov 2026"),
        (days(date(2024, 11, 5), date(2026, 10, 31)), f"November 2024 · 5{dash}30 Nov 2024", "October 2026"),
        ({"range": "90d", "by": "week"}, f"Week of 24 Aug 2026 · 25{dash}30 Aug 2026", "Week of 16 Nov 2026"),
    ):  # fmt: skip
        points = report_on(project, **parameters).trend.points
        assert (points[0].title, points[-1].title) == (first, last)


def test_a_single_day_is_shown_by_the_hour(project, pixel):
    add_visits(pixel, 5, hour=0)
    add_visits(pixel, 7, hour=23, platform="github")
    trend = report_on(project, **days(DAY, DAY), now=NOON + timedelta(days=1)).trend
    assert {point.label: point.visits for point in trend.points if point.visits} == {"00:00": 5, "23:00": 7}
    assert trend.points[23].title == "23:00\N{EN DASH}00:00, 22 Nov 2026"
    assert [series.label for series in trend.series] == ["GitHub", "Medium"]


def test_the_smallest_platforms_share_one_band_of_the_trend(project, pixel):
    for place in range(8):
        add_visits(pixel, 10 - place, platform=f"site{place}.example")
    report = report_on(project)
    assert [series.label for series in report.trend.series][-2:] == ["site5.example", "2 others"]
    assert report.trend.series[-1].values[-1] == 4 + 3
    assert len(report.platforms.rows) == 8


def test_the_days_on_which_articles_appeared_are_marked(project, pixel):
    Pixel.objects.update(created_at=datetime(2026, 11, 20, 23, 30, tzinfo=UTC))  # in Berlin, the next day
    for report in (report_on(project), report_on(Pixel.objects.get())):
        assert {point.at: point.marks for point in report.trend.points if point.marks} == {"2026-11-21": ["Hello"]}
    by_month = report_on(project, **days(date(2026, 1, 1), DAY), by="month")
    assert by_month.trend.points[-1].marks == ["Hello"]
    assert not report_on(project, range="today").trend.has_marks


def test_the_earlier_period_is_a_line_of_the_trend(project, pixel):
    add_visits(pixel, 30)
    add_visits(pixel, 10, day=DAY - timedelta(days=7))
    add_visits(pixel, 4, day=DAY - timedelta(days=365 + 1))
    trend = report_on(project, range="7d").trend
    assert trend.earlier == [0, 0, 0, 0, 0, 0, 10]
    assert [tick["label"] for tick in trend.script_data["axis"]] == ["0", "10", "20", "30"]
    assert (trend.earlier_label, trend.headings) == (
        "9\N{EN DASH}15 Nov 2026", ["Visits", "Visitors", "9\N{EN DASH}15 Nov 2026", "Medium"],
    )  # fmt: skip
    assert trend.script_data["earlier"]["values"] == trend.earlier
    assert report_on(project, range="7d", compare="year").trend.earlier == [None] * 5 + [4, 0]
    nothing = report_on(project, range="7d", compare="none").trend
    assert (nothing.earlier, nothing.headings) == ([], ["Visits", "Visitors", "Medium"])
    assert "earlier" not in nothing.script_data


@pytest.mark.parametrize(
    ("parameters", "at"),
    [
        ({"range": "7d", "by": "hour"}, [f"2026-11-{day}T{hour:02}:00" for day in range(16, 23) for hour in range(24)]),
        (days(date(2026, 10, 1), DAY) | {"by": "week"},
         [f"{date(2026, 9, 28) + timedelta(days=7 * week)}" for week in range(8)]),
        (days(date(2026, 8, 31), DAY) | {"by": "month"}, ["2026-08-01", "2026-09-01", "2026-10-01", "2026-11-01"]),
    ],
    ids=["hours", "weeks", "months"],
)  # fmt: skip
def test_a_trend_has_the_unit_of_the_address(project, pixel, parameters, at):
    add_visits(pixel, 5, hour=9)
    trend = report_on(project, **parameters).trend
    assert [point.at for point in trend.points] == at
    assert sum(point.visits or 0 for point in trend.points) == 5


def test_a_trend_of_one_line_has_no_colours(project, pixel):
    add_visits(pixel, 5)
    add_visits(pixel, 2, platform="github")
    trend = report_on(project, trend="line").trend
    assert [(series.label, series.colour, series.values[-1]) for series in trend.series] == [("Visits", "", 7)]
    assert (trend.shape, trend.has_legend, trend.headings) == (Shape.LINE, False, ["Visits", "Visitors"])
