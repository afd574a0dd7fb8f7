"""The whole report: its sections add up, filters reach all of them, and they cost the same at any traffic."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from collector.models import Dimension, Pixel, Project
from dashboard import formatting
from dashboard.visits.cache import REMEMBERED
from dashboard.visits.queries import first_day
from tests.dashboard.report.daily_counts import (
    DAY,
    START,
    add,
    add_bots,
    add_ends,
    add_visits,
    days,
    figures,
    panels,
    report_on,
    texts,
)

pytestmark = pytest.mark.usefixtures("noon")


def test_key_figures_are_sums_over_the_period(project, pixel, second_pixel):
    add_visits(pixel, 5, 3)
    add_visits(pixel, 7, 2, day=START)
    add_visits(second_pixel, 4, traffic="proxied", platform="github")
    add_bots(pixel, 9)
    add_visits(pixel, 100, 100, day=START - timedelta(days=1))
    add_visits(pixel, 100, 100, day=DAY + timedelta(days=1))
    assert figures(report_on(project)) == {"visits": 16, "visitors": 5, "reading": 0, "hidden": 4, "bots": 9}
    assert figures(report_on(pixel)) == {"visits": 12, "visitors": 5, "reading": 0, "hidden": 0, "bots": 9}


def test_the_share_of_proxies_is_of_visits_without_bots(project, pixel):
    add_visits(pixel, 3, 3)
    add_visits(pixel, 1, traffic="proxied", platform="github")
    add_bots(pixel, 100)
    assert texts(report_on(project))["hidden"] == "25%"


def test_what_can_not_be_known_is_never_written_as_zero(project, pixel):
    nothing = texts(report_on(project))
    assert (nothing["visits"], nothing["visitors"], nothing["hidden"]) == ("0", "0", formatting.UNSEEN)
    add_visits(pixel, 5, traffic="proxied", platform="github")
    report = report_on(project)
    assert texts(report)["visitors"] == formatting.UNSEEN
    assert [row.visitors for row in report.platforms.rows] == [None]
    assert {row.label for panel in panels(report).values() for row in panel.rows} == {formatting.UNKNOWN}
    assert texts(report)["reading"] == formatting.UNSEEN


def test_hits_over_the_rate_limit_and_prefetches_are_named_beside_the_bots(project, pixel):
    add(pixel, Dimension.VERDICT, "excess", 12, 0, DAY, "medium")
    add(pixel, Dimension.VERDICT, "prefetch", 3, 0, DAY, "medium")
    notes = {figure.key: figure.note for figure in report_on(project).figures}
    assert "12 over the rate limit" in notes["bots"]
    assert "3 prefetched" in notes["bots"]


@pytest.mark.parametrize(
    ("verdict", "words"),
    [("suspect", "with inconsistent browser headers"), ("muted", "while paused"), ("excluded", "from own addresses")],
)
def test_other_hits_that_were_filtered_out_are_named_where_there_are_any(project, pixel, verdict, words):
    add_bots(pixel, 7)
    add(pixel, Dimension.VERDICT, verdict, 1200, 0, DAY, "medium")
    for report in (report_on(project), report_on(pixel)):
        bots = next(figure for figure in report.figures if figure.key == "bots")
        assert bots.note == f"also filtered out: 1,200 {words}"
        assert report.filtered_out == f"7 by bots, 1,200 {words}"


def test_a_hit_that_is_filtered_out_is_counted_once(project, pixel):
    """Bot traffic also has the hits with inconsistent browser headers."""
    add_bots(pixel, 7)
    add(pixel, Dimension.TRAFFIC, "bot", 4, 0, DAY, "medium")
    add(pixel, Dimension.VERDICT, "suspect", 4, 0, DAY, "medium")
    assert figures(report_on(project))["bots"] == 7


def test_readers_who_opted_out_are_not_filtered_out(project, pixel):
    add(pixel, Dimension.VERDICT, "opted-out", 4, 0, DAY, "medium")
    assert report_on(project).filtered_out == ""


def test_other_projects_and_pixels_do_not_leak_in(project, pixel, second_pixel, other_pixel):
    add_visits(pixel, 1)
    add_visits(second_pixel, 10)
    add_visits(other_pixel, 100)
    assert report_on(pixel).visits == 1
    report = report_on(project)
    assert report.visits == 11
    assert report.articles is not None
    assert [row.label for row in report.articles.rows] == ["Second", "Hello"]


@pytest.mark.parametrize(
    ("parameters", "points"),
    [
        ({"range": "today"}, 24),
        ({}, 30),
        (days(DAY - timedelta(days=364), DAY), 53),
        (days(DAY - timedelta(days=1000), DAY), 34),
    ],
    ids=["hours", "days", "weeks", "months"],
)
def test_trend_hours_and_panels_add_up_to_the_visits(project, pixel, second_pixel, parameters, points):
    last = {24: 0, 30: 29}.get(points, points)  # days before today, all within the range
    for place, ago in enumerate(sorted({0, 1 % (last + 1), last // 2, last})):
        day = DAY - timedelta(days=ago)
        add_visits(pixel, 5 + place, 2, day=day, hour=place)
        add_visits(second_pixel, 3, day=day, hour=23, platform="github", traffic="proxied")
        add_visits(second_pixel, 2, 1, day=day, hour=9, platform="example.org", device="", country="FR")
    report = report_on(project, **parameters)
    assert report.visits > 0
    assert len(report.trend.points) == points
    assert sum(point.visits or 0 for point in report.trend.points) == report.visits
    assert sum(visits or 0 for series in report.trend.series for visits in series.values) == report.visits
    assert sum(point.numbers[1] or 0 for point in report.trend.points) == figures(report)["visitors"]
    assert report.hours.total.visits == sum(line.visits for line in report.hours.lines) == report.visits
    for point in report.trend.points:
        assert sum(visits or 0 for visits in point.numbers[-len(report.trend.series) :]) == (point.visits or 0)
    for panel in (report.platforms, report.articles, *panels(report).values()):
        assert sum(row.visits for row in panel.rows) == report.visits, panel.key
        assert sum(row.share for row in panel.rows) == pytest.approx(1), panel.key


@pytest.mark.parametrize("day", [date(2026, 3, 29), date(2026, 10, 25)])
def test_days_of_23_and_25_hours_are_shown_by_24_hours_of_the_clock(project, pixel, day):
    add_visits(pixel, 5, day=day, hour=3)
    report = report_on(project, **days(day, day))
    assert len(report.trend.points) == len(report.hours.hours) == 24
    assert report.trend.points[3].visits == report.hours.lines[0].cells[3].visits == 5


def test_the_busiest_hour_is_named(project, pixel):
    add_visits(pixel, 1, day=DAY - timedelta(days=6))
    add_visits(pixel, 24, hour=9)
    add_visits(pixel, 25, hour=23)
    report = report_on(project)
    assert report.hours.busiest == "Busiest hour: Sundays, 23:00\N{EN DASH}00:00."
    assert "Europe/Berlin" in report.hours.caption
    assert report_on(project, range="yesterday").hours.busiest == ""


def test_where_two_weekdays_are_alike_the_busiest_hour_of_all_days_is_named(project, pixel):
    for ago in (0, 1, 9):
        add_visits(pixel, 30, day=DAY - timedelta(days=ago), hour=9)
    add_visits(pixel, 30, hour=21)
    assert report_on(project).hours.busiest == "Busiest hour: 09:00\N{EN DASH}10:00."


@pytest.mark.parametrize(
    ("first_weekday", "labels", "week"),
    [(1, "Mon Tue Wed Thu Fri Sat Sun", "2026-11-16"), (6, "Sat Sun Mon Tue Wed Thu Fri", "2026-11-21"),
     (7, "Sun Mon Tue Wed Thu Fri Sat", "2026-11-22")],
)  # fmt: skip
def test_a_projects_week_begins_on_the_day_that_it_chose(project, pixel, first_weekday, labels, week):
    project.first_weekday = first_weekday
    add_visits(pixel, 5, day=DAY - timedelta(days=3), hour=9)  # a Thursday
    add_visits(pixel, 4)
    for name in ("30d", "7d"):
        grid = report_on(project, range=name).hours
        assert [line.label for line in grid.lines] == labels.split()
        assert {line.label: line.visits for line in grid.lines if line.visits} == {"Thu": 5, "Sun": 4}
    trend = report_on(project, range="30d", by="week").trend
    assert (trend.points[-1].at, trend.points[-1].visits) == (week, 9 if first_weekday == 1 else 4)
    two_days = report_on(project, **days(DAY - timedelta(days=1), DAY)).hours
    assert [line.label for line in two_days.lines] == ["Sat", "Sun"] if first_weekday != 7 else ["Sun", "Sat"]


@pytest.mark.parametrize(
    ("first_day", "visits", "is_named"),
    [(6, {9: 49}, True), (6, {9: 48}, False), (5, {9: 500}, False)],
    ids=["fifty in a week", "too few visits", "too few days"],
)
def test_no_hour_is_named_busiest_by_chance(project, pixel, first_day, visits, is_named):
    add_visits(pixel, 1, day=DAY - timedelta(days=first_day), hour=1)
    for hour, number in visits.items():
        add_visits(pixel, number, hour=hour)
    too_few = "Too few visits or days to say when most reading happens."
    named = "Busiest hour: Sundays, 09:00\N{EN DASH}10:00."
    assert report_on(project).hours.busiest == (named if is_named else too_few)
    assert report_on(project, range="today").hours.busiest == too_few
    placement = report_on(pixel).placements.rows[0]
    assert placement.cells[2] == ("09:00\N{EN DASH}10:00" if is_named else formatting.UNSEEN)


def test_the_first_day_is_the_first_with_a_visit(project, pixel, second_pixel):
    assert first_day(project) is None
    add(pixel, Dimension.TRAFFIC, "bot", 5, 0, DAY - timedelta(days=50), "medium")
    add_visits(pixel, 1, day=DAY - timedelta(days=40))
    add_visits(pixel, 1)
    assert first_day(project) == first_day(project, pixel.pk) == DAY - timedelta(days=40)
    assert first_day(project, second_pixel.pk) is None


@pytest.mark.parametrize("parameters", [{}, {"range": "today"}, {"compare": "year"}, {"compare": "none"}])
def test_reports_ask_as_many_queries_at_any_traffic(project, pixel, parameters):
    def queries(of: Project | Pixel) -> int:
        REMEMBERED.forget()
        with CaptureQueriesContext(connection) as captured:
            report_on(of, **parameters)
        return len(captured)

    add_visits(pixel, 1, platform="site0.example")
    add_visits(pixel, 1, day=DAY - timedelta(days=800), platform="site0.example")
    few = queries(project), queries(pixel)
    for place in range(40):
        add_visits(pixel, 1, day=DAY - timedelta(days=place), platform=f"site{place}.example", hour=place % 24)
    assert (queries(project), queries(pixel)) == few
    assert max(few) <= 22


def test_filters_by_article_and_platform_are_answered_from_the_counts(project, pixel, second_pixel):
    """No raw hits are stored."""
    add_visits(pixel, 5, 3, hour=9)
    add_visits(pixel, 2, 1, platform="github", country="FR")
    add_visits(second_pixel, 7, 2)
    add_ends(second_pixel, 7)
    by_article = report_on(project, article=str(pixel.pk))
    assert figures(by_article) == {"visits": 7, "visitors": 4, "reading": 0, "hidden": 0, "bots": 0}
    assert [(row.label, row.visits, row.share) for row in by_article.articles.rows] == [("Hello", 7, 1)]
    by_platform = report_on(project, platform="medium")
    assert figures(by_platform) == {"visits": 12, "visitors": 5, "reading": 7, "hidden": 0, "bots": 0}
    assert [(row.label, row.visits) for row in by_platform.articles.rows] == [("Second", 7), ("Hello", 5)]
    assert [row.label for row in by_platform.platforms.rows] == ["Medium"]
    assert [(row.label, row.visits) for row in panels(by_platform)["countries"].rows] == [("Germany", 12)]
    both = report_on(project, platform="github", article=str(pixel.pk))
    assert (both.visits, [row.label for row in panels(both)["countries"].rows]) == (2, ["France"])
    assert report_on(pixel, platform="github").visits == 2
    assert report_on(project, platform="nowhere").visits == 0


@pytest.mark.parametrize(
    ("share", "text"), [(0, "0%"), (0.001, "<1%"), (0.123, "12%"), (0.996, ">99%"), (1, "100%"), (0.99, "99%")]
)
def test_shares_never_pass_for_nothing_or_everything(share, text):
    assert formatting.percent(share) == text
