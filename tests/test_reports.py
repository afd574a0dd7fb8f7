"""Figures, charts and panels, made of the counts."""

from datetime import date, timedelta

import pytest

from collector.models import DailyCount, Dimension, Pixel, Project
from collector.models.counts import ALL_PLATFORMS, WHOLE_PROJECT
from dashboard import labels
from dashboard.panels import PANEL_ROWS
from dashboard.periods import Period
from dashboard.queries import first_day
from dashboard.reports import ARTICLE_ROWS, Report, pixel_report, project_report

DAY = date(2026, 11, 22)
MONTH = Period(DAY - timedelta(days=29), DAY + timedelta(days=1), "30d")
TODAY = Period(DAY, DAY + timedelta(days=1), "today")
READER = {"device": "phone", "country": "DE", "browser": "Firefox", "os": "Android", "page": "medium.com/@me/hello"}


def add(pixel: Pixel, dimension: Dimension, value: str, visits: int, visitors: int, day: date, platform: str) -> None:
    """Add to one count of a pixel and of its project, by platform and without, as the drain does."""
    rows = [(pixel.pk, dimension, platform, value), (WHOLE_PROJECT, dimension, platform, value)]
    if dimension == Dimension.TOTAL:
        rows.append((ALL_PLATFORMS, Dimension.PIXEL, "", str(pixel.pk)))
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
    facts = dict.fromkeys(READER, "") if traffic == "proxied" else READER | values
    for dimension, value in facts.items():
        add(pixel, Dimension[dimension.upper()], value, visits, visitors, day, platform)


def add_bots(pixel: Pixel, bots: int) -> None:
    add(pixel, Dimension.TRAFFIC, "bot", bots, 0, DAY, "medium")
    add(pixel, Dimension.VERDICT, "bot", bots, 0, DAY, "medium")


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
    add_visits(pixel, 7, 2, day=MONTH.start)
    add_visits(second_pixel, 4, traffic="proxied", platform="github")
    add_bots(pixel, 9)
    add_visits(pixel, 100, 100, day=MONTH.start - timedelta(days=1))
    add_visits(pixel, 100, 100, day=MONTH.end)
    assert figures(project_report(project, MONTH)) == {"visits": 16, "visitors": 5, "hidden": 4, "bots": 9}
    assert figures(pixel_report(pixel, MONTH)) == {"visits": 12, "visitors": 5, "hidden": 0, "bots": 9}


def test_the_share_of_proxies_is_of_visits_without_bots(project, pixel):
    add_visits(pixel, 3, 3)
    add_visits(pixel, 1, traffic="proxied", platform="github")
    add_bots(pixel, 100)
    assert texts(project_report(project, MONTH))["hidden"] == "25%"


def test_what_can_not_be_known_is_never_written_as_zero(project, pixel):
    nothing = texts(project_report(project, MONTH))
    assert (nothing["visits"], nothing["visitors"], nothing["hidden"]) == ("0", "0", labels.UNSEEN)
    add_visits(pixel, 5, traffic="proxied", platform="github")
    report = project_report(project, MONTH)
    assert texts(report)["visitors"] == labels.UNSEEN
    assert [row.visitors for row in report.platforms.rows] == [None]
    assert {row.label for panel in report.panels for row in panel.rows} == {labels.UNKNOWN}


def test_hits_over_the_rate_limit_and_prefetches_are_named_beside_the_bots(project, pixel):
    add(pixel, Dimension.VERDICT, "excess", 12, 0, DAY, "medium")
    add(pixel, Dimension.VERDICT, "prefetch", 3, 0, DAY, "medium")
    notes = {figure.key: figure.note for figure in project_report(project, MONTH).figures}
    assert "12 over the rate limit" in notes["bots"]
    assert "3 loaded ahead" in notes["bots"]


@pytest.mark.parametrize(
    ("verdict", "words"),
    [("suspect", "asked as no browser does"), ("muted", "while paused"), ("excluded", "from own addresses")],
)
def test_what_else_was_set_aside_is_named_where_there_is_any(project, pixel, verdict, words):
    add_bots(pixel, 7)
    add(pixel, Dimension.VERDICT, verdict, 1200, 0, DAY, "medium")
    for report in (project_report(project, MONTH), pixel_report(pixel, MONTH)):
        bots = next(figure for figure in report.figures if figure.key == "bots")
        assert bots.note == f"not counted; nor 1,200 {words}"
        assert report.set_aside == f"7 by bots, 1,200 {words}"


def test_what_is_set_aside_is_counted_once(project, pixel):
    """Traffic of bots has those too that asked as no browser does."""
    add_bots(pixel, 7)
    add(pixel, Dimension.TRAFFIC, "bot", 4, 0, DAY, "medium")
    add(pixel, Dimension.VERDICT, "suspect", 4, 0, DAY, "medium")
    assert figures(project_report(project, MONTH))["bots"] == 7


def test_readers_who_opted_out_are_not_among_what_was_set_aside(project, pixel):
    add(pixel, Dimension.VERDICT, "opted-out", 4, 0, DAY, "medium")
    assert project_report(project, MONTH).set_aside == ""


def test_other_projects_and_pixels_do_not_leak_in(project, pixel, second_pixel, other_pixel):
    add_visits(pixel, 1)
    add_visits(second_pixel, 10)
    add_visits(other_pixel, 100)
    assert pixel_report(pixel, MONTH).visits == 1
    report = project_report(project, MONTH)
    assert report.visits == 11
    assert report.articles is not None
    assert [row.label for row in report.articles.rows] == ["Second", "Hello"]


@pytest.mark.parametrize(
    ("period", "points"),
    [
        (TODAY, 24),
        (MONTH, 30),
        (Period(DAY - timedelta(days=364), DAY + timedelta(days=1)), 53),
        (Period(DAY - timedelta(days=1000), DAY + timedelta(days=1)), 34),
    ],
    ids=["hours", "days", "weeks", "months"],
)
def test_trend_hours_and_panels_add_up_to_the_visits(project, pixel, second_pixel, period, points):
    last = period.days - 1
    for place, ago in enumerate(sorted({0, 1 % (last + 1), last // 2, last})):
        day = DAY - timedelta(days=ago)
        add_visits(pixel, 5 + place, 2, day=day, hour=place)
        add_visits(second_pixel, 3, day=day, hour=23, platform="github", traffic="proxied")
        add_visits(second_pixel, 2, 1, day=day, hour=9, platform="example.org", device="", country="FR")
    report = project_report(project, period)
    assert report.visits > 0
    assert len(report.trend.points) == points
    for chart in (report.trend, report.hours):
        assert sum(point.visits for point in chart.points) == report.visits
        assert sum(sum(series.values) for series in chart.series) == report.visits
        assert sum(point.visitors or 0 for point in chart.points) == figures(report)["visitors"]
    for point in report.trend.points:
        assert sum(point.parts) == point.visits
    assert report.articles is not None
    for panel in (report.platforms, report.articles, *report.panels):
        assert sum(row.visits for row in panel.rows) == report.visits, panel.key
        assert sum(row.share for row in panel.rows) == pytest.approx(1), panel.key


def test_days_without_visits_are_points_of_the_trend(project, pixel):
    add_visits(pixel, 5, day=DAY)
    trend = project_report(project, MONTH).trend
    assert [point.visits for point in trend.points] == [0] * 29 + [5]
    assert trend.points[0].label == "24 Oct"
    assert trend.points[-1].title == "Sun 22 Nov 2026"


def test_a_trend_over_years_begins_with_the_month_of_its_first_day(project, pixel):
    add_visits(pixel, 2, day=date(2024, 5, 31))
    add_visits(pixel, 3, day=date(2024, 6, 1))
    trend = project_report(project, Period(date(2024, 5, 20), DAY + timedelta(days=1))).trend
    assert [(point.label, point.visits) for point in trend.points[:2]] == [("May 2024", 2), ("Jun 2024", 3)]


def test_a_week_that_the_range_cuts_off_says_from_when(project):
    titles = [point.title for point in project_report(project, Period(date(2025, 11, 23), DAY)).trend.points]
    assert titles[:2] == ["Week of 17 Nov 2025, from 23 Nov", "Week of 24 Nov 2025"]


def test_a_single_day_is_shown_by_the_hour(project, pixel):
    add_visits(pixel, 5, hour=0)
    add_visits(pixel, 7, hour=23, platform="github")
    trend = project_report(project, TODAY).trend
    assert {point.label: point.visits for point in trend.points if point.visits} == {"00:00": 5, "23:00": 7}
    assert trend.points[23].title == "23:00\N{EN DASH}00:00, 22 Nov 2026"
    assert [series.label for series in trend.series] == ["GitHub", "Medium"]


@pytest.mark.parametrize("day", [date(2026, 3, 29), date(2026, 10, 25)])
def test_days_of_23_and_25_hours_are_shown_by_24_hours_of_the_clock(project, pixel, day):
    add_visits(pixel, 5, day=day, hour=3)
    report = project_report(project, Period(day, day + timedelta(days=1)))
    assert len(report.trend.points) == len(report.hours.points) == 24
    assert report.trend.points[3].visits == 5


def test_the_smallest_platforms_share_one_band_of_the_trend(project, pixel):
    for place in range(8):
        add_visits(pixel, 10 - place, platform=f"site{place}.example")
    report = project_report(project, MONTH)
    assert [series.label for series in report.trend.series][-2:] == ["site5.example", "2 others"]
    assert report.trend.series[-1].values[-1] == 4 + 3
    assert len(report.platforms.rows) == 8


def test_a_platform_has_one_name_and_colour_everywhere(project, pixel):
    add_visits(pixel, 2, platform="github")
    add_visits(pixel, 1, platform="blog.example")
    report = project_report(project, MONTH)
    in_trend = [(series.label, series.colour) for series in report.trend.series]
    in_panel = [(row.label, row.colour) for row in report.platforms.rows]
    assert in_trend == in_panel
    assert in_panel[0] == ("GitHub", "#707882")


@pytest.mark.parametrize(
    ("evidence", "detail"),
    [
        (["placement"], "by its link"),
        (["proxy"], "by its proxy"),
        (["page"], "by the page"),
        (["page", "placement"], "by its link and the page"),
        (["page", "proxy", "placement"], "by its link, its proxy and the page"),
        (["none"], ""),
        ([], ""),
    ],
)
def test_the_platforms_of_a_project_say_what_told_them(project, pixel, evidence, detail):
    add_visits(pixel, 6)
    add_visits(pixel, 1, platform="github")
    for place, value in enumerate(evidence):
        add(pixel, Dimension.EVIDENCE, value, 1, 1, DAY - timedelta(days=place), "medium")
    rows = project_report(project, MONTH).platforms.rows
    assert [(row.label, row.detail) for row in rows] == [("Medium", detail), ("GitHub", "")]
    assert {row.detail for row in pixel_report(pixel, MONTH).platforms.rows} == {""}


def test_what_told_a_platform_is_that_of_the_range(project, pixel):
    add_visits(pixel, 1)
    add(pixel, Dimension.EVIDENCE, "page", 1, 1, MONTH.start - timedelta(days=1), "medium")
    assert project_report(project, MONTH).platforms.rows[0].detail == ""


def test_pages_elsewhere_have_a_panel_where_there_are_any(project, pixel, second_pixel):
    add_visits(pixel, 10)
    for report in (project_report(project, MONTH), pixel_report(pixel, MONTH)):
        assert "elsewhere" not in {panel.key for panel in report.panels}
    add(pixel, Dimension.ELSEWHERE, "copies.example", 3, 2, DAY, "medium")
    add(pixel, Dimension.ELSEWHERE, "mirror.example", 1, 0, DAY, "github")
    for report in (project_report(project, MONTH), pixel_report(pixel, MONTH)):
        panel = next(panel for panel in report.panels if panel.key == "elsewhere")
        assert [(row.label, row.visits, row.visitors) for row in panel.rows] == [
            ("copies.example", 3, 2),
            ("mirror.example", 1, None),
        ]
        assert panel.rows[0].share == pytest.approx(0.3)
        assert {row.url for row in panel.rows} == {""}
    assert "elsewhere" not in {panel.key for panel in pixel_report(second_pixel, MONTH).panels}


def test_panels_show_the_most_frequent_values_and_say_how_many_there_are(project, pixel):
    for place in range(30):
        add_visits(pixel, 100 - place, page=f"example.org/{place}")
    pages = next(panel for panel in project_report(project, MONTH).panels if panel.key == "pages")
    assert [row.label for row in pages.rows] == [f"example.org/{place}" for place in range(PANEL_ROWS)]
    assert pages.values == 30


def test_unknown_values_come_last_and_have_no_bar(project, pixel):
    add_visits(pixel, 9, traffic="proxied", platform="github")
    add_visits(pixel, 2, country="DE")
    add_visits(pixel, 1, country="ZZ")
    countries = next(panel for panel in project_report(project, MONTH).panels if panel.key == "countries")
    assert [(row.label, row.visits, row.bar) for row in countries.rows] == [
        ("Germany", 2, "100.0%"),
        ("ZZ", 1, "50.0%"),
        ("unknown", 9, "0%"),
    ]


def test_the_busiest_hour_is_named(project, pixel):
    add_visits(pixel, 2, hour=9)
    add_visits(pixel, 3, hour=23)
    report = project_report(project, MONTH)
    assert "most from 23:00\N{EN DASH}00:00" in report.hours.caption
    assert "Europe/Berlin" in report.hours.caption


def test_articles_without_visits_follow_those_with(project, pixel, second_pixel):
    add_visits(pixel, 1)
    report = project_report(project, MONTH)
    assert report.articles is not None
    assert [(row.label, row.visits) for row in report.articles.rows] == [("Hello", 1), ("Second", 0)]
    assert report.articles.rows[0].url == f"/projects/blog/{pixel.pk}/?range=30d"


def test_only_the_first_articles_are_listed_until_all_are_asked_for(project):
    pixels = [Pixel.objects.create(project=project, title=f"Article {place}") for place in range(ARTICLE_ROWS + 5)]
    add_visits(pixels[0], 1)
    first = project_report(project, MONTH).articles
    everything = project_report(project, MONTH, all_articles=True).articles
    assert first is not None
    assert everything is not None
    assert (len(first.rows), first.values, first.rows[0].label) == (ARTICLE_ROWS, ARTICLE_ROWS + 5, "Article 0")
    assert (len(everything.rows), everything.all_url) == (ARTICLE_ROWS + 5, "")


def test_the_first_day_is_the_first_with_a_visit(project, pixel, second_pixel):
    assert first_day(project) is None
    add(pixel, Dimension.TRAFFIC, "bot", 5, 0, DAY - timedelta(days=50), "medium")
    add_visits(pixel, 1, day=DAY - timedelta(days=40))
    add_visits(pixel, 1)
    assert first_day(project) == first_day(project, pixel.pk) == DAY - timedelta(days=40)
    assert first_day(project, second_pixel.pk) is None


@pytest.mark.parametrize("visits", [0, 40])
def test_reports_ask_as_many_queries_at_any_traffic(project, pixel, django_assert_num_queries, visits):
    for place in range(visits):
        add_visits(pixel, 1, day=DAY - timedelta(days=place), platform=f"site{place}.example", hour=place % 24)
    for period in (MONTH, TODAY):
        with django_assert_num_queries(6):
            project_report(project, period)
        with django_assert_num_queries(2):
            pixel_report(pixel, period)


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
    assert labels.short(number) == short


@pytest.mark.parametrize(
    ("share", "text"), [(0, "0%"), (0.001, "<1%"), (0.123, "12%"), (0.996, ">99%"), (1, "100%"), (0.99, "99%")]
)
def test_shares_never_pass_for_nothing_or_everything(share, text):
    assert labels.percent(share) == text
