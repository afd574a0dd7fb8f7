"""What the pages of the dashboard show."""

import re
from datetime import date, timedelta

import pytest
from django.contrib.staticfiles import finders

from collector.models import Pixel, Project
from dashboard import formatting
from tests.dashboard.conftest import NOON
from tests.dashboard.report.daily_counts import DAY, add_bots, add_visits
from tests.dashboard.views.page_reader import PAGES, Tables, get, painted

pytestmark = [pytest.mark.usefixtures("noon"), pytest.mark.one_database]


@pytest.mark.every_database
def test_the_project_page_shows_numbers_in_panels(reader, pixel):
    add_visits(pixel, 1234, 1000, hour=14)
    add_visits(pixel, 5, platform="github", traffic="proxied", hour=9)
    add_bots(pixel, 7)
    page = Tables(get(reader, "/projects/blog/"))
    assert page.figures == {"visits": 1239, "visitors": 1000, "reading": 0, "hidden": 5, "bots": 7}
    assert page.panels["platforms"] == {"Medium": "1.2k", "GitHub": "5"}
    sunday = page.rows["hours"]["Sun"]
    assert (sunday[14], sunday[9], sunday[3], sunday[24]) == ("1234", "5", "0", "1.2k")
    assert page.rows["hours"]["All"][14] == "1234"
    assert list(page.rows["hours"]) == ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun", "All"]
    assert page.panels["devices"] == {"Phone": "1.2k", "unknown": "5"}
    assert page.panels["countries"] == {"Germany": "1.2k", "unknown": "5"}
    assert page.panels["browsers"] == {"Firefox": "1.2k", "unknown": "5"}
    assert page.panels["systems"] == {"Android": "1.2k", "unknown": "5"}
    assert page.panels["pages"] == {"medium.com/@me/hello": "1.2k", "unknown": "5"}
    assert page.panels["languages"] == {"German": "1.2k", "unknown": "5"}
    assert page.rows["articles"] == {"Hello": ["1.2k", "1k", "100%", formatting.UNSEEN, formatting.UNSEEN]}
    assert page.panels["trend"] == {"22 Nov so far": "1.2k"}


def test_short_numbers_are_exact_on_hover_and_for_screen_readers(reader, pixel):
    add_visits(pixel, 12_345, 999)
    exact = '<span aria-hidden="true">12.3k</span><span class="visually-hidden exact">12,345</span>'
    for path in PAGES:
        page = get(reader, path.format(pixel=pixel.pk)).replace('title="12,345 visits"', 'title="12,345"')
        assert page.count(f'title="12,345">{exact}</') == page.count(">12.3k<") > 0


def test_an_article_is_linked_with_its_range_and_has_no_list_of_articles(reader, pixel):
    add_visits(pixel, 5)
    link = f"/projects/blog/{pixel.pk}/?range=7d"
    assert link in get(reader, "/projects/blog/?range=7d")
    page = Tables(get(reader, link))
    assert "articles" not in page.panels
    assert page.figures["visits"] == 5


def test_charts_paint_the_numbers_of_the_tables(reader, pixel):
    add_visits(pixel, 5, hour=3)
    page = get(reader, "/projects/blog/")
    data = painted(page, "trend")
    assert data["labels"][-1:] == [label.removesuffix(" so far") for label in Tables(page).panels["trend"]]
    assert data["series"][0]["values"] == [None] * 29 + [5]
    assert (data["axis"][0], data["axis"][-1]) == ({"value": 0, "label": "0"}, {"value": 5, "label": "5"})
    assert (data["open"], data["titles"][-1]) == ({"index": 29, "label": "so far"}, "Sun 22 Nov 2026 · so far")


@pytest.mark.every_database
def test_a_map_shows_the_visits_of_each_country(reader, pixel):
    add_visits(pixel, 5)
    page = get(reader, "/projects/blog/")
    assert re.findall(r'<use class="(shape-\d)" href="[^"#]+#(\w+)"><title>([^<]+)', page) == [
        ("shape-2", "DE", "Germany · Visits: 5")
    ]
    Pixel.objects.update(created_at=NOON)
    assert "<figure" not in get(reader, "/projects/blog/?start=2026-11-01&end=2026-11-02")


def test_a_title_opens_its_article_and_the_button_beside_it_filters(reader, pixel):
    add_visits(pixel, 5)
    page = get(reader, "/projects/blog/")
    assert f'<a href="/projects/blog/{pixel.pk}/?range=30d">Hello</a>' in page
    assert re.search(
        rf'<a class="funnel" href="[?]range=30d&amp;article={pixel.pk}" aria-label="Filter by Hello"', page
    )
    assert '<a href="?range=30d&amp;country=DE" aria-label="Filter by Germany">Germany</a>' in page


@pytest.mark.parametrize("hostile", ["</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>", "'\"&"])
def test_input_of_strangers_is_shown_as_text(reader, pixel, hostile):
    Pixel.objects.filter(pk=pixel.pk).update(title=hostile)
    add_visits(pixel, 5, platform=hostile, page=hostile, browser=hostile, country=hostile)
    for path in PAGES:
        page = get(reader, path.format(pixel=pixel.pk))
        assert hostile not in page
        assert "alert(1)</script>" not in page


@pytest.mark.parametrize("path", [*PAGES, "/login/"])
def test_pages_hold_no_inline_script_style_or_foreign_address(reader, pixel, path):
    add_visits(pixel, 5)
    if path == "/login/":
        reader.logout()
    response = reader.get(path.format(pixel=pixel.pk))
    for tag, attributes in Tables(response.content.decode()).tags:
        assert tag != "style"
        assert not [name for name in attributes if name == "style" or name.startswith("on")]
        if tag == "script" and attributes.get("type") != "application/json":
            assert str(attributes["src"]).startswith("/static/")
        for name in ("src", "href", "action"):
            assert not str(attributes.get(name, "")).startswith(("http:", "https:", "//"))
    assert "script-src 'self'" in response["Content-Security-Policy"]


@pytest.mark.parametrize("path", [*PAGES, "/login/"])
def test_static_files_of_the_pages_exist(reader, pixel, path):
    if path == "/login/":
        reader.logout()
    page = Tables(get(reader, path.format(pixel=pixel.pk)))
    named = [value for _, attributes in page.tags for name in ("src", "href") if (value := attributes.get(name))]
    files = [value.removeprefix("/static/") for value in named if value.startswith("/static/")]
    assert files
    assert all(finders.find(file) for file in files)


def test_pages_name_the_time_zone(reader, pixel):
    add_visits(pixel, 5)
    page = get(reader, "/projects/blog/")
    assert "Times in Europe/Berlin (now 13:00)" in page


@pytest.mark.every_database
def test_today_is_the_day_of_the_project(reader, project, pixel):
    add_visits(pixel, 5, day=DAY + timedelta(days=1))
    assert Tables(get(reader, "/projects/blog/?range=today")).figures["visits"] == 0
    Project.objects.update(timezone="Pacific/Kiritimati")  # noon in UTC is two in the morning of the next day
    assert Tables(get(reader, "/projects/blog/?range=today")).figures["visits"] == 5
    assert 'title="5 visits"' in get(reader, "/")


@pytest.mark.every_database
def test_the_list_counts_today_and_the_last_7_and_30_days(reader, pixel):
    add_visits(pixel, 1)
    add_visits(pixel, 10, day=DAY - timedelta(days=6))
    add_visits(pixel, 20, day=DAY - timedelta(days=7))
    add_visits(pixel, 100, day=DAY - timedelta(days=29))
    add_visits(pixel, 1000, day=DAY - timedelta(days=30))
    page = get(reader, "/")
    assert re.findall(r'title="([\d,]+) visits?"', page) == ["1", "11", "131"]


def test_a_day_of_a_clock_change_says_so(reader, pixel):
    add_visits(pixel, 5, day=date(2026, 3, 29))
    assert "02:00 was skipped" in get(reader, "/projects/blog/?start=2026-03-29&end=2026-03-29")


@pytest.mark.every_database
def test_an_unusually_quiet_article_is_marked_and_says_what_to_check(reader, pixel):
    Pixel.objects.update(created_at=NOON - timedelta(days=90))
    for ago in (30, 29, 28, 27):
        add_visits(pixel, 1, day=DAY - timedelta(days=ago))
    page = get(reader, "/projects/blog/")
    assert "<summary>1 article is unusually quiet</summary>" in page
    assert "Check that the image is still in the article" in page
    assert Tables(page).panels["articles"] == {"Hello quiet for 27 days": "3"}  # within 30 days
    assert "Unusually quiet: the last visit was on" in page
    assert "1 article is unusually quiet" in get(reader, "/")
    add_visits(pixel, 1)
    assert "quiet" not in get(reader, "/").replace('class="quiet', "")


def test_a_project_without_visits_says_so_instead_of_showing_zeros(reader, pixel):
    page = get(reader, "/")
    assert "No visits yet." in page
    assert 'class="counts"' not in page
    assert "sparkline" not in page
    add_visits(pixel, 5)
    page = get(reader, "/")
    assert "No visits yet." not in page
    assert 'class="counts"' in page
