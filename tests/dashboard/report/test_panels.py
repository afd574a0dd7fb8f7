"""Ranked lists: platforms, dimensions, articles, and the platforms of one article."""

from datetime import timedelta

import pytest

from collector.models import DailyCount, Dimension, Pixel
from collector.storage.campaigns import CAMPAIGN_DIMENSIONS
from dashboard import formatting
from dashboard.report.full_list import FULL_ARTICLES
from dashboard.report.page import make_page
from dashboard.report.panels.panel import PANEL_ROWS
from dashboard.visits import rollup
from dashboard.visits.ranking import rank_values as rank
from dashboard.visits.rollup import MAX_CANDIDATES
from tests.dashboard.conftest import NOON
from tests.dashboard.report.daily_counts import (
    DAY,
    START,
    add,
    add_visits,
    panels,
    report_on,
)

pytestmark = pytest.mark.usefixtures("noon")


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
        (["placement"], ""),
        (["placement", "none"], ""),
        (["proxy"], "via its proxy"),
        (["page"], "via the page"),
        (["page", "placement"], "via its link and the page"),
        (["page", "proxy", "placement"], "via its link, its proxy and the page"),
        (["none"], ""),
        ([], ""),
    ],
)
def test_the_platforms_of_a_project_say_what_identified_them(project, pixel, evidence, detail):
    add_visits(pixel, 6)
    add_visits(pixel, 1, platform="github")
    for value in evidence:
        add(pixel, Dimension.EVIDENCE, value, 1, 1, DAY, "medium")
    rows = report_on(project).platforms.rows
    assert [(row.label, row.detail) for row in rows] == [("Medium", detail), ("GitHub", "")]
    assert {row.detail for row in report_on(pixel).placements.rows} == {""}
    assert {row.detail for row in report_on(project, article=str(pixel.pk)).platforms.rows} == {""}


def test_what_identified_a_platform_is_that_of_the_range(project, pixel):
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


def test_campaigns_have_a_panel_for_each_parameter_that_links_have(project, pixel):
    add_visits(pixel, 9)
    assert "campaigns" not in {group.key for group in report_on(project).groups}
    for dimension, value, visits in (
        (Dimension.UTM_CAMPAIGN, "spring sale", 3),
        (Dimension.UTM_CAMPAIGN, "(other)", 1),
        (Dimension.UTM_ID, "7", 2),
    ):
        add(pixel, dimension, value, visits, 1, DAY, "medium")
    for report in (report_on(project), report_on(pixel)):
        [group] = [group for group in report.groups if group.key == "campaigns"]
        campaigns, ids = group.panels
        assert (campaigns.title, ids.title) == ("Campaign", "Campaign ID")
        assert [(row.label, row.visits) for row in campaigns.rows] == [("spring sale", 3), ("(other)", 1)]
        assert campaigns.rows[0].filter_url == "?range=30d&utm_campaign=spring+sale"
        assert [(row.label, row.visits) for row in ids.rows] == [("7", 2)]


def test_campaigns_are_ranked_in_the_database_where_they_are_too_many(project, pixel, monkeypatch):
    ranked = []
    monkeypatch.setattr(rollup, "MAX_VALUES", 1)
    monkeypatch.setattr(
        rollup, "rank_values", lambda *args, **options: ranked.append(args[3]) or rank(*args, **options)
    )
    add_visits(pixel, 9)
    for number in range(1, 31):
        add(pixel, Dimension.UTM_CAMPAIGN, f"sale {number}", number, 1, DAY, "medium")

    panel = panels(report_on(project))["utm_campaign"]

    assert [set(CAMPAIGN_DIMENSIONS) <= set(dimensions) for dimensions in ranked] == [True]
    assert [row.label for row in panel.rows] == [f"sale {number}" for number in range(30, 30 - PANEL_ROWS, -1)]
    assert panel.total_rows == 30


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


def test_placements_stand_side_by_side_with_their_first_and_last_visit_ever(pixel):
    add_visits(pixel, 30, 2, hour=9)
    add_visits(pixel, 20, hour=23)
    add_visits(pixel, 5, day=DAY - timedelta(days=300))
    add_visits(pixel, 2, platform="github", traffic="proxied", hour=8)
    rows = report_on(pixel).placements.rows
    unknown = [formatting.UNSEEN, formatting.UNSEEN]  # read-through and reading time
    assert [(row.label, row.visits, row.visitors, *row.cells) for row in rows] == [
        ("Medium", 50, 2, *unknown, "09:00\N{EN DASH}10:00", "26 Jan 2026", "22 Nov 2026"),
        ("GitHub", 2, None, *unknown, formatting.UNSEEN, "22 Nov 2026", "22 Nov 2026"),
    ]
    assert report_on(pixel, range="yesterday").placements.rows == []


@pytest.mark.parametrize("others", [PANEL_ROWS, MAX_CANDIDATES])
def test_an_article_filtered_by_is_in_its_panel_however_many_are_visited_more(project, pixel, others):
    more = Pixel.objects.bulk_create(Pixel(project=project, title=f"More {n}") for n in range(others))
    for other in more:
        add(other, Dimension.TOTAL, "", 5, 0, DAY, "medium")
    add_visits(pixel, 1)
    rows = report_on(project, article=str(pixel.pk)).articles.rows
    assert [(row.label, row.visits, row.bar) for row in rows] == [("Hello", 1, "100.0%")]


def test_on_one_platform_only_the_most_visited_articles_are_considered(project, pixel):
    more = Pixel.objects.bulk_create(Pixel(project=project, title=f"More {n}") for n in range(MAX_CANDIDATES))
    for other in more:
        add(other, Dimension.TOTAL, "", 5, 0, DAY, "dev-to" if other is not more[3] else "medium")
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
