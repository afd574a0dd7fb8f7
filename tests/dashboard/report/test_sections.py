"""Figures, charts and panels, made of the counts."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from collector.models import DailyCount, Dimension, Pixel, Project
from collector.models.counts import ALL_PLATFORMS, WHOLE_PROJECT
from dashboard import formatting
from dashboard.report.first_week import half_life
from dashboard.report.full_list import FULL_ARTICLES
from dashboard.report.page import make_page
from dashboard.report.panels.panel import PANEL_ROWS, Panel
from dashboard.report.sections import Report
from dashboard.report.sparkline import SPARK_WIDTH, spark_line
from dashboard.visits.cache import REMEMBERED
from dashboard.visits.queries import first_day
from dashboard.visits.rollup import MAX_CANDIDATES

DAY = date(2026, 11, 22)
NOON = datetime(DAY.year, DAY.month, DAY.day, 12, tzinfo=UTC)
START = DAY - timedelta(days=29)  # of the default range
READER = {
    "device": "phone", "country": "DE", "language": "de", "browser": "Firefox", "os": "Android",
    "page": "medium.com/@me/hello",
}  # fmt: skip


@pytest.fixture(autouse=True)
def noon(monkeypatch):
    """Stop the clock at noon of the day that the counts end with; projects of other tests had the same keys."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOON)
    REMEMBERED.forget()


def add(pixel: Pixel, dimension: Dimension, value: str, visits: int, visitors: int, day: date, platform: str) -> None:
    """Add to one count of a pixel and of its project, by platform and without, as the drain does."""
    rows = [(pixel.pk, dimension, platform, value), (WHOLE_PROJECT, dimension, platform, value)]
    if dimension == Dimension.TOTAL:
        rows.append((ALL_PLATFORMS, Dimension.PIXEL, "", str(pixel.pk)))
    elif dimension == Dimension.POSITION:
        read = Dimension.STARTED if value == "start" else Dimension.FINISHED
        if platform != "dev-to":  # which loads every image late
            rows.append((ALL_PLATFORMS, read, "", str(pixel.pk)))
    elif dimension == Dimension.EVIDENCE:
        del rows[0]
    else:
        rows.append((ALL_PLATFORMS, dimension, "", value))
    for pixel_id, of_dimension, of_platform, of_value in rows:
        row, _ = DailyCount.objects.get_or_create(
            project=pixel.project,
            pixel_id=pixel_id,
            dimension=of_dimension,
            date=day,
            platform=of_platform,
            value=of_value,
            defaults={"hits": 0, "visitors": 0},
        )
        DailyCount.objects.filter(pk=row.pk).update(hits=row.hits + visits, visitors=row.visitors + visitors)


def add_visits(
    pixel: Pixel,
    visits: int,
    visitors: int = 0,
    *,
    day: date = DAY,
    hour: int = 12,
    platform: str = "medium",
    traffic: str = "direct",
    **values: str,
) -> None:
    """Add the counts that so many visits of equal readers come to; what a proxy hides is unknown."""
    add(pixel, Dimension.TOTAL, "", visits, visitors, day, platform)
    add(pixel, Dimension.HOUR, f"{hour:02}", visits, visitors, day, platform)
    add(pixel, Dimension.TRAFFIC, traffic, visits, visitors, day, platform)
    if traffic == "direct":
        add(pixel, Dimension.POSITION, "start", visits, visitors, day, platform)
    facts = dict.fromkeys(READER, "") if traffic == "proxied" else READER | values
    for dimension, value in facts.items():
        add(pixel, Dimension[dimension.upper()], value, visits, visitors, day, platform)


def add_ends(pixel: Pixel, ends: int, *, day: date = DAY, platform: str = "medium") -> None:
    """Add that so many readers came to the end."""
    add(pixel, Dimension.POSITION, "end", ends, 0, day, platform)


def add_bots(pixel: Pixel, bots: int, day: date = DAY) -> None:
    add(pixel, Dimension.TRAFFIC, "bot", bots, 0, day, "medium")
    add(pixel, Dimension.VERDICT, "bot", bots, 0, day, "medium")


def report_on(of: Project | Pixel, now: datetime = NOON, **asked: str) -> Report:
    """Report on a project or a pixel, as an address with these parameters asks for; 30 days where it names none."""
    project, pixel = (of, None) if isinstance(of, Project) else (of.project, of)
    found = make_page(asked, project, pixel, now=now).report
    assert found is not None
    return found


def days(first: date, last: date) -> dict[str, str]:
    """Return the parameters that ask for some days."""
    return {"start": f"{first}", "end": f"{last}"}


def panels(report: Report) -> dict[str, Panel]:
    """Return the panels of dimensions by their keys."""
    return {panel.key: panel for group in report.groups for panel in group.panels}


def figures(report: Report) -> dict[str, int]:
    return {figure.key: figure.exact for figure in report.figures}


def texts(report: Report) -> dict[str, str]:
    return {figure.key: figure.text for figure in report.figures}


@pytest.fixture
def second_pixel(project) -> Pixel:
    return Pixel.objects.create(project=project, title="Second")


@pytest.fixture
def other_pixel(db) -> Pixel:
    """A pixel of somebody else's project."""
    other = Project.objects.create(name="Other", slug="other", timezone="UTC")
    return Pixel.objects.create(project=other, title="Elsewhere")


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
def test_what_else_was_set_aside_is_named_where_there_is_any(project, pixel, verdict, words):
    add_bots(pixel, 7)
    add(pixel, Dimension.VERDICT, verdict, 1200, 0, DAY, "medium")
    for report in (report_on(project), report_on(pixel)):
        bots = next(figure for figure in report.figures if figure.key == "bots")
        assert bots.note == f"also filtered out: 1,200 {words}"
        assert report.filtered_out == f"7 by bots, 1,200 {words}"


def test_what_is_set_aside_is_counted_once(project, pixel):
    """Bot traffic also has the hits with inconsistent browser headers."""
    add_bots(pixel, 7)
    add(pixel, Dimension.TRAFFIC, "bot", 4, 0, DAY, "medium")
    add(pixel, Dimension.VERDICT, "suspect", 4, 0, DAY, "medium")
    assert figures(report_on(project))["bots"] == 7


def test_readers_who_opted_out_are_not_among_what_was_set_aside(project, pixel):
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
    ("asked", "points"),
    [
        ({"range": "today"}, 24),
        ({}, 30),
        (days(DAY - timedelta(days=364), DAY), 53),
        (days(DAY - timedelta(days=1000), DAY), 34),
    ],
    ids=["hours", "days", "weeks", "months"],
)
def test_trend_hours_and_panels_add_up_to_the_visits(project, pixel, second_pixel, asked, points):
    last = {24: 0, 30: 29}.get(points, points)  # days before today, all within the range
    for place, ago in enumerate(sorted({0, 1 % (last + 1), last // 2, last})):
        day = DAY - timedelta(days=ago)
        add_visits(pixel, 5 + place, 2, day=day, hour=place)
        add_visits(second_pixel, 3, day=day, hour=23, platform="github", traffic="proxied")
        add_visits(second_pixel, 2, 1, day=day, hour=9, platform="example.org", device="", country="FR")
    report = report_on(project, **asked)
    assert report.visits > 0
    assert len(report.trend.points) == points
    assert sum(point.visits for point in report.trend.points) == report.visits
    assert sum(sum(series.values) for series in report.trend.series) == report.visits
    assert sum(point.numbers[1] or 0 for point in report.trend.points) == figures(report)["visitors"]
    assert report.hours.total.visits == sum(line.visits for line in report.hours.lines) == report.visits
    for point in report.trend.points:
        assert sum(point.numbers[-len(report.trend.series) :]) == point.visits
    for panel in (report.platforms, report.articles, *panels(report).values()):
        assert sum(row.visits for row in panel.rows) == report.visits, panel.key
        assert sum(row.share for row in panel.rows) == pytest.approx(1), panel.key


def test_days_without_visits_are_points_of_the_trend(project, pixel):
    add_visits(pixel, 5, day=DAY)
    trend = report_on(project).trend
    assert [point.visits for point in trend.points] == [0] * 29 + [5]
    assert trend.points[0].label == "24 Oct"
    assert trend.points[-1].title == "Sun 22 Nov 2026"


def test_a_trend_over_years_begins_with_the_month_of_its_first_day(project, pixel):
    add_visits(pixel, 2, day=date(2024, 5, 31))
    add_visits(pixel, 3, day=date(2024, 6, 1))
    trend = report_on(project, **days(date(2024, 5, 20), DAY)).trend
    assert [(point.label, point.visits) for point in trend.points[:2]] == [("May 2024", 2), ("Jun 2024", 3)]


def test_a_week_that_the_range_cuts_off_says_from_when(project):
    asked = days(date(2025, 11, 23), DAY - timedelta(days=1))
    titles = [point.title for point in report_on(project, **asked).trend.points]
    assert titles[:2] == ["Week of 17 Nov 2025, from 23 Nov", "Week of 24 Nov 2025"]


def test_a_single_day_is_shown_by_the_hour(project, pixel):
    add_visits(pixel, 5, hour=0)
    add_visits(pixel, 7, hour=23, platform="github")
    trend = report_on(project, range="today").trend
    assert {point.label: point.visits for point in trend.points if point.visits} == {"00:00": 5, "23:00": 7}
    assert trend.points[23].title == "23:00\N{EN DASH}00:00, 22 Nov 2026"
    assert [series.label for series in trend.series] == ["GitHub", "Medium"]


@pytest.mark.parametrize("day", [date(2026, 3, 29), date(2026, 10, 25)])
def test_days_of_23_and_25_hours_are_shown_by_24_hours_of_the_clock(project, pixel, day):
    add_visits(pixel, 5, day=day, hour=3)
    report = report_on(project, **days(day, day))
    assert len(report.trend.points) == len(report.hours.hours) == 24
    assert report.trend.points[3].visits == report.hours.lines[0].cells[3].visits == 5


def test_the_smallest_platforms_share_one_band_of_the_trend(project, pixel):
    for place in range(8):
        add_visits(pixel, 10 - place, platform=f"site{place}.example")
    report = report_on(project)
    assert [series.label for series in report.trend.series][-2:] == ["site5.example", "2 others"]
    assert report.trend.series[-1].values[-1] == 4 + 3
    assert len(report.platforms.rows) == 8


def test_a_platform_has_one_name_and_colour_everywhere(project, pixel):
    add_visits(pixel, 2, platform="github")
    add_visits(pixel, 1, platform="blog.example")
    report = report_on(project)
    in_trend = [(series.label, series.colour) for series in report.trend.series]
    in_panel = [(row.label, row.colour) for row in report.platforms.rows]
    assert in_trend == in_panel
    assert in_panel[0] == ("GitHub", "#707882")


@pytest.mark.parametrize(
    ("evidence", "detail"),
    [
        (["placement"], "identified by its link"),
        (["proxy"], "identified by its proxy"),
        (["page"], "identified by the page"),
        (["page", "placement"], "identified by its link and the page"),
        (["page", "proxy", "placement"], "identified by its link, its proxy and the page"),
        (["none"], ""),
        ([], ""),
    ],
)
def test_the_platforms_of_a_project_say_what_told_them(project, pixel, evidence, detail):
    add_visits(pixel, 6)
    add_visits(pixel, 1, platform="github")
    for value in evidence:
        add(pixel, Dimension.EVIDENCE, value, 1, 1, DAY, "medium")
    rows = report_on(project).platforms.rows
    assert [(row.label, row.detail) for row in rows] == [("Medium", detail), ("GitHub", "")]
    assert {row.detail for row in report_on(pixel).placements.rows} == {""}
    assert {row.detail for row in report_on(project, article=str(pixel.pk)).platforms.rows} == {""}


def test_what_told_a_platform_is_that_of_the_range(project, pixel):
    add_visits(pixel, 1)
    add(pixel, Dimension.EVIDENCE, "page", 1, 1, START - timedelta(days=1), "medium")
    assert report_on(project).platforms.rows[0].detail == ""


def test_pages_elsewhere_have_a_panel_where_there_are_any(project, pixel, second_pixel):
    add_visits(pixel, 10)
    for report in (report_on(project), report_on(pixel)):
        assert "elsewhere" not in panels(report)
    add(pixel, Dimension.ELSEWHERE, "copies.example", 3, 2, DAY, "medium")
    add(pixel, Dimension.ELSEWHERE, "mirror.example", 1, 0, DAY, "github")
    for report in (report_on(project), report_on(pixel)):
        panel = panels(report)["elsewhere"]
        assert [(row.label, row.visits, row.visitors) for row in panel.rows] == [
            ("copies.example", 3, 2),
            ("mirror.example", 1, None),
        ]
        assert panel.rows[0].share == pytest.approx(0.3)
        assert {row.url for row in panel.rows} == {""}
    assert "elsewhere" not in panels(report_on(second_pixel))


def test_panels_show_the_most_frequent_values_and_say_how_many_there_are(project, pixel):
    for place in range(30):
        add_visits(pixel, 100 - place, page=f"example.org/{place}")
    pages = panels(report_on(project))["pages"]
    assert [row.label for row in pages.rows] == [f"example.org/{place}" for place in range(PANEL_ROWS)]
    assert pages.total_rows == 30


def test_unknown_values_come_last_and_have_no_bar(project, pixel):
    add_visits(pixel, 9, traffic="proxied", platform="github")
    add_visits(pixel, 2, country="DE")
    add_visits(pixel, 1, country="ZZ")
    countries = panels(report_on(project))["countries"]
    assert [(row.label, row.visits, row.bar) for row in countries.rows] == [
        ("Germany", 2, "100.0%"),
        ("ZZ", 1, "50.0%"),
        ("unknown", 9, "0%"),
    ]


def test_the_busiest_hour_is_named(project, pixel):
    add_visits(pixel, 2, hour=9)
    add_visits(pixel, 3, hour=23)
    report = report_on(project)
    assert report.hours.best == "Busiest hour: Sundays, 23:00\N{EN DASH}00:00."
    assert "Europe/Berlin" in report.hours.caption
    assert report_on(project, range="today").hours.best == "Busiest hour: 23:00\N{EN DASH}00:00."
    assert report_on(project, range="yesterday").hours.best == ""


def test_articles_without_visits_follow_those_with(project, pixel, second_pixel):
    add_visits(pixel, 1)
    report = report_on(project)
    assert report.articles is not None
    assert [(row.label, row.visits) for row in report.articles.rows] == [("Hello", 1), ("Second", 0)]
    assert report.articles.rows[0].url == f"/projects/blog/{pixel.pk}/?range=30d"


def test_only_the_first_articles_are_listed_until_all_are_asked_for(project):
    pixels = [Pixel.objects.create(project=project, title=f"Article {place}") for place in range(FULL_ARTICLES + 5)]
    add_visits(pixels[0], 1)
    first = report_on(project).articles
    assert first is not None
    assert (len(first.rows), first.total_rows, first.rows[0].label) == (PANEL_ROWS, FULL_ARTICLES + 5, "Article 0")
    assert first.full_url == "?range=30d&all=articles"
    page = make_page({"all": "articles"}, project, now=NOON)
    assert page.full_list is not None
    assert (len(page.full_list.rows), page.list_pages, page.report) == (FULL_ARTICLES, 2, None)
    rest = make_page({"all": "articles", "page_number": "2"}, project, now=NOON)
    assert rest.full_list is not None
    titles = [row.label for row in (*page.full_list.rows, *rest.full_list.rows)]
    assert sorted(titles) == sorted(pixel.title for pixel in pixels)


def test_the_first_day_is_the_first_with_a_visit(project, pixel, second_pixel):
    assert first_day(project) is None
    add(pixel, Dimension.TRAFFIC, "bot", 5, 0, DAY - timedelta(days=50), "medium")
    add_visits(pixel, 1, day=DAY - timedelta(days=40))
    add_visits(pixel, 1)
    assert first_day(project) == first_day(project, pixel.pk) == DAY - timedelta(days=40)
    assert first_day(project, second_pixel.pk) is None


@pytest.mark.parametrize("asked", [{}, {"range": "today"}, {"compare": "year"}, {"compare": "none"}])
def test_reports_ask_as_many_queries_at_any_traffic(project, pixel, asked):
    def queries(of: Project | Pixel) -> int:
        REMEMBERED.forget()
        with CaptureQueriesContext(connection) as captured:
            report_on(of, **asked)
        return len(captured)

    add_visits(pixel, 1, platform="site0.example")
    add_visits(pixel, 1, day=DAY - timedelta(days=800), platform="site0.example")
    few = queries(project), queries(pixel)
    for place in range(40):
        add_visits(pixel, 1, day=DAY - timedelta(days=place), platform=f"site{place}.example", hour=place % 24)
    assert (queries(project), queries(pixel)) == few
    assert max(few) <= 22


# How far they read


def test_read_through_is_of_the_articles_whose_end_was_seen(project, pixel, second_pixel):
    add_visits(pixel, 8)
    add_ends(pixel, 2)
    add_visits(second_pixel, 100)  # has no pixel at its end
    report = report_on(project)
    figure = next(figure for figure in report.figures if figure.key == "reading")
    assert (figure.text, figure.exact) == ("25%", 2)
    assert figure.note == "of 8 direct visits to articles with an end pixel reached the end"
    assert [row.cells for row in report.articles.rows] == [[formatting.UNSEEN], ["25% of 8"]]
    assert texts(report_on(second_pixel))["reading"] == formatting.UNSEEN


def test_read_through_leaves_out_proxies_and_platforms_that_make_every_image_lazy(project, pixel):
    add_visits(pixel, 8)
    add_ends(pixel, 2)
    add_visits(pixel, 50, traffic="proxied", platform="github")
    add_visits(pixel, 20, platform="dev-to")
    add_ends(pixel, 20, platform="dev-to")
    for asked in ({}, {"article": str(pixel.pk)}):
        report = report_on(project, **asked)
        assert texts(report)["reading"] == "25%"
        assert [row.cells for row in report.articles.rows] == [["25% of 8"]]
    report = report_on(pixel)
    assert texts(report)["reading"] == "25%"
    reading = {row.label: row.cells[0] for row in report.placements.rows}
    assert reading == {"GitHub": formatting.UNSEEN, "dev.to": formatting.UNSEEN, "Medium": "25% of 8"}
    assert texts(report_on(pixel, platform="dev-to"))["reading"] == formatting.UNSEEN


def test_more_ends_than_starts_are_no_more_than_everybody(pixel):
    add_visits(pixel, 2)
    add_ends(pixel, 3)
    report = report_on(pixel)
    assert texts(report)["reading"] == "100%"
    assert report.placements.rows[0].cells[0] == "100% of 2"


# An article's life


def test_placements_stand_side_by_side_with_their_first_and_last_visit_ever(pixel):
    add_visits(pixel, 3, 2, hour=9)
    add_visits(pixel, 1, hour=23)
    add_visits(pixel, 5, day=DAY - timedelta(days=300))
    add_visits(pixel, 2, platform="github", traffic="proxied", hour=8)
    rows = report_on(pixel).placements.rows
    assert [(row.label, row.visits, row.visitors, *row.cells) for row in rows] == [
        ("Medium", 4, 2, formatting.UNSEEN, "09:00\N{EN DASH}10:00", "26 Jan 2026", "22 Nov 2026"),
        ("GitHub", 2, None, formatting.UNSEEN, "08:00\N{EN DASH}09:00", "22 Nov 2026", "22 Nov 2026"),
    ]
    assert report_on(pixel, range="yesterday").placements.rows == []


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
    assert chart.caption.endswith("half of all visits so far came within 1 day")
    add_visits(pixel, 50, day=DAY - timedelta(days=10))
    assert [point.visits for point in report_on(pixel).first_week.points] == [50, 0, 0, 0, 0, 0, 0]
    assert report_on(project).first_week is None
    assert report_on(pixel, platform="medium").first_week is None


def test_an_article_of_today_has_no_first_week_yet(pixel):
    add_visits(pixel, 6)
    assert report_on(pixel).first_week is None


def test_the_days_on_which_articles_appeared_are_marked(project, pixel):
    Pixel.objects.update(created_at=datetime(2026, 11, 20, 23, 30, tzinfo=UTC))  # in Berlin, the next day
    for report in (report_on(project), report_on(Pixel.objects.get())):
        assert {point.at: point.marks for point in report.trend.points if point.marks} == {"2026-11-21": ["Hello"]}
    by_month = report_on(project, **days(date(2026, 1, 1), DAY), by="month")
    assert by_month.trend.points[-1].marks == ["Hello"]
    assert not report_on(project, range="today").trend.has_marks


# Compared with earlier


def changes(report: Report) -> dict[str, tuple[str, str, str] | None]:
    return {
        figure.key: figure.change and (figure.change.arrow, figure.change.words, figure.change.title)
        for figure in report.figures
    }


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


def test_the_earlier_period_is_a_line_of_the_trend(project, pixel):
    add_visits(pixel, 30)
    add_visits(pixel, 10, day=DAY - timedelta(days=7))
    add_visits(pixel, 4, day=DAY - timedelta(days=365 + 1))
    trend = report_on(project, range="7d").trend
    assert trend.earlier == [0, 0, 0, 0, 0, 0, 10]
    assert (trend.earlier_label, trend.headings) == (
        "9\N{EN DASH}15 Nov 2026", ["Visits", "Visitors", "9\N{EN DASH}15 Nov 2026", "Medium"],
    )  # fmt: skip
    assert trend.script_data["earlier"]["values"] == trend.earlier
    assert report_on(project, range="7d", compare="year").trend.earlier == [0, 0, 0, 0, 0, 4, 0]
    nothing = report_on(project, range="7d", compare="none").trend
    assert (nothing.earlier, nothing.headings) == ([], ["Visits", "Visitors", "Medium"])
    assert "earlier" not in nothing.script_data


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


# Units and shapes of the trend


@pytest.mark.parametrize(
    ("asked", "at"),
    [
        ({"range": "7d", "by": "hour"}, [f"2026-11-{day}T{hour:02}:00" for day in range(16, 23) for hour in range(24)]),
        (days(date(2026, 10, 1), DAY) | {"by": "week"},
         [f"{date(2026, 9, 28) + timedelta(days=7 * week)}" for week in range(8)]),
        (days(date(2026, 8, 31), DAY) | {"by": "month"}, ["2026-08-01", "2026-09-01", "2026-10-01", "2026-11-01"]),
    ],
    ids=["hours", "weeks", "months"],
)  # fmt: skip
def test_a_trend_has_the_unit_that_was_asked_for(project, pixel, asked, at):
    add_visits(pixel, 5, hour=14)
    trend = report_on(project, **asked).trend
    assert [point.at for point in trend.points] == at
    assert sum(point.visits for point in trend.points) == 5


def test_a_trend_of_one_line_has_no_colours(project, pixel):
    add_visits(pixel, 5)
    add_visits(pixel, 2, platform="github")
    trend = report_on(project, trend="line").trend
    assert [(series.label, series.colour, series.values[-1]) for series in trend.series] == [("Visits", "", 7)]
    assert (trend.is_line, trend.has_legend, trend.headings) == (True, False, ["Visits", "Visitors"])


def test_a_spark_line_fits_its_box():
    assert spark_line([0, 5, 10], 100, 20) == "0.0,19.0 50.0,10.0 100.0,1.0"
    assert spark_line([5], 100, 20) == spark_line([0, 0], 100, 20) == spark_line([], 100, 20) == ""
    year = spark_line([1] * 366, SPARK_WIDTH, 20).split()
    assert len(year) <= SPARK_WIDTH
    assert year[-1].startswith("100.0,")


# Filtered from the counts


def test_filters_by_article_and_platform_are_answered_from_the_counts(project, pixel, second_pixel):
    """There is not a single hit behind them."""
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


@pytest.mark.parametrize("others", [PANEL_ROWS, MAX_CANDIDATES])
def test_an_article_filtered_by_is_in_its_panel_however_many_are_visited_more(project, pixel, others):
    more = Pixel.objects.bulk_create(Pixel(project=project, title=f"More {n}") for n in range(others))
    for one in more:
        add(one, Dimension.TOTAL, "", 5, 0, DAY, "medium")
    add_visits(pixel, 1)
    rows = report_on(project, article=str(pixel.pk)).articles.rows
    assert [(row.label, row.visits, row.bar) for row in rows] == [("Hello", 1, "100.0%")]


def test_on_one_platform_nothing_is_said_of_articles_that_were_not_looked_at(project, pixel):
    more = Pixel.objects.bulk_create(Pixel(project=project, title=f"More {n}") for n in range(MAX_CANDIDATES))
    for one in more:
        add(one, Dimension.TOTAL, "", 5, 0, DAY, "dev-to" if one is not more[3] else "medium")
    add_visits(pixel, 1)
    on_medium = report_on(project, platform="medium")
    assert on_medium.visits == 6
    assert [(row.label, row.visits) for row in on_medium.articles.rows] == [("More 3", 5)]
    assert (on_medium.articles.caption, on_medium.articles.total_rows) == (
        "Among the 500 most visited articles on all platforms", 1,
    )  # fmt: skip
    Pixel.objects.filter(pk=more[7].pk).delete()
    DailyCount.objects.filter(value=str(more[7].pk)).delete()
    on_medium = report_on(project, platform="medium")
    assert [(row.label, row.visits) for row in on_medium.articles.rows][:2] == [("More 3", 5), ("Hello", 1)]
    assert on_medium.articles.caption == "What people read"


# How numbers are written


@pytest.mark.parametrize(
    ("number", "short"),
    [
        (0, "0"),
        (999, "999"),
        (1000, "1.0k"),
        (12_345, "12.3k"),
        (99_999, "99.9k"),
        (100_000, "100k"),
        (999_999, "999k"),
        (1_000_000, "1.0M"),
        (12_345_678, "12.3M"),
        (3_000_000_000, "3.0G"),
    ],
)
def test_numbers_are_shortened_without_rounding_up(number, short):
    assert formatting.short(number) == short


@pytest.mark.parametrize(
    ("share", "text"), [(0, "0%"), (0.001, "<1%"), (0.123, "12%"), (0.996, ">99%"), (1, "100%"), (0.99, "99%")]
)
def test_shares_never_pass_for_nothing_or_everything(share, text):
    assert formatting.percent(share) == text
