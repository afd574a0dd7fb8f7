"""A project's own sites have their names on every page, and addresses are readable."""

import pytest
from django.utils import translation

from collector.classify.platforms import catalogue, named_platforms, platform_name
from collector.models import Dimension, Project
from dashboard.report.page import make_page
from dashboard.report.panels.platforms import platform_label
from dashboard.report.project_cards import project_cards
from tests.dashboard.conftest import NOON
from tests.dashboard.report.daily_counts import DAY, add, add_ends, add_visits, panels, report_on
from tests.dashboard.views.share_links import share, url
from tests.hits import hit

pytestmark = pytest.mark.usefixtures("noon")


@pytest.fixture
def sites(project, pixel):
    """Name two sites, of which one is a platform of the catalogue."""
    pixel.project.sites = project.sites = "My <blog>: example.com, old.example.net\nMedium: stories.example.com"
    project.save()


@pytest.mark.usefixtures("sites")
def test_a_site_has_its_name_wherever_a_platform_is_shown(project, pixel, client):
    add_visits(pixel, 5, platform="example.com")
    add_visits(pixel, 2, platform="xn--bcher-kva.example")
    add_ends(pixel, 5, platform="example.com")
    names = ["My <blog>", "b\u00fccher.example"]
    report = report_on(project)

    assert [series.label for series in report.trend.series] == names
    assert [(row.label, row.value) for row in report.platforms.rows] == [
        ("My <blog>", "example.com"),
        ("b\u00fccher.example", "xn--bcher-kva.example"),
    ]
    assert [row.hint for row in report.platforms.rows] == ["example.com", "xn--bcher-kva.example"]
    assert report.articles.rows[0].bands[0].label.startswith("My <blog> ")
    assert [row.label for row in report_on(pixel).placements.rows] == names
    assert [chip.value for chip in make_page({"platform": "example.com"}, project, now=NOON).chips] == ["My <blog>"]
    assert [card.platform for card in project_cards(Project.objects.all(), NOON)] == ["My <blog>"]
    listed = make_page({"all": "platforms"}, project, now=NOON).full_list
    assert [row.label for row in listed.rows] == names
    shared = client.get(url(share(pixel))).content.decode()
    assert "My &lt;blog&gt;" in shared
    assert "My <blog>" not in shared


@pytest.mark.usefixtures("sites")
def test_pages_are_readable_and_their_exact_address_is_in_the_tooltip(project, pixel):
    label = "xn--bcher-kva.example/stra%C3%9Fe%2F%E2%80%AE"
    add_visits(pixel, 1, platform="medium", page=label)
    add(pixel, Dimension.ELSEWHERE, "example.com", 2, 1, DAY, "medium")
    add(pixel, Dimension.ELSEWHERE, "docs.example.com", 1, 1, DAY, "medium")
    shown = panels(report_on(project))

    [page] = shown["pages"].rows
    assert (page.label, page.value, page.hint) == ("b\u00fccher.example/stra\u00dfe%2F%E2%80%AE", label, label)
    assert "page=xn--bcher-kva.example%2Fstra%25C3%259Fe%252F%25E2%2580%25AE" in page.filter_url
    assert [(row.label, row.hint) for row in shown["elsewhere"].rows] == [
        ("My <blog>", "example.com"),
        ("docs.example.com", ""),
    ]


def test_names_of_platforms_are_not_taken_for_hosts():
    with translation.override("ja"):
        assert platform_label("(other)") == platform_name("(other)") != "(other)"
        for slug in (*catalogue(), *named_platforms()):
            assert platform_label(slug) == platform_name(slug)


def test_a_plain_address_has_no_tooltip(project, pixel):
    add_visits(pixel, 1, platform="blog.example", page="blog.example/a")
    report = report_on(project)

    assert panels(report)["pages"].rows[0].hint == report.platforms.rows[0].hint == ""


@pytest.mark.usefixtures("sites")
@pytest.mark.parametrize(
    ("filters", "visits"),
    [
        ({"page": "example.com/a"}, 3),
        ({"page": "www.old.example.net/a/"}, 3),
        ({"page": "medium.com/@a/b"}, 2),
        ({"page": "(other)"}, 0),
        ({"elsewhere": "example.com"}, 1),
        ({"elsewhere": "www.old.example.net"}, 1),
        ({"elsewhere": "copycat.example"}, 2),
        ({"platform": "example.com", "country": "DE"}, 2),
    ],
)
def test_filters_find_all_addresses_of_a_page_or_a_host(project, pixel, take, filters, visits):
    take(
        hit(pixel, page="https://www.example.com/a/"),
        hit(pixel, page="https://old.example.net/a"),
        hit(pixel, page="https://old-example-net.translate.goog/%61", placement="medium"),
        hit(pixel, page="https://scribe.rip/@a/b"),
        hit(pixel, page="https://archive.ph/o/AbCdE/https://Medium.com/@a/b"),
        hit(pixel, page="https://copycat.example/a", placement="medium"),
        hit(pixel, page="https://web.archive.org/web/2026/http://copycat.example/b", placement="medium"),
    )

    assert make_page(filters, project, now=NOON).report.visits == visits
