"""Any query string gives a page, and links keep its filters and range."""

import re
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.models import DailyCount, Dimension, ShareLink
from collector.models.counts import ALL_PLATFORMS, WHOLE_PROJECT
from dashboard.report.full_list import FULL_ROWS
from dashboard.visits.filters import FILTER_NAMES
from tests.dashboard.report.daily_counts import DAY, add_visits
from tests.dashboard.views.page_reader import PAGES, Tables, get, links
from tests.hits import hit

pytestmark = [pytest.mark.usefixtures("noon"), pytest.mark.one_database]


@pytest.mark.every_database
@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(
    "query",
    [
        "range=fortnight",
        "range=%00",
        "range=%ff%fe",
        "range[]=7d&articles[]=all",
        "start=2026-02-30&end=2026-02-31",
        "start=2026-03-02&end=2026-03-01",
        "start=0001-01-01&end=9999-12-31",
        "start=-1&end=-1",
        "start=%F0%9F%92%A9&end=%00",
        "articles=all&articles=none",
        "&".join(f"range={n}" for n in range(900)),
    ],
)
def test_any_query_string_gives_a_page(reader, pixel, path, query):
    add_visits(pixel, 5)
    get(reader, f"{path.format(pixel=pixel.pk)}?{query}")


NAMES = [
    "range",
    "start",
    "end",
    "by",
    "compare",
    "trend",
    "all",
    "page_number",
    "range[]",
    "\udcff",
    "",
    *FILTER_NAMES,
]
ANYTHING = st.text(st.characters(codec=None), max_size=20) | st.sampled_from(
    [
        *("\x00", "\udcff", "(unknown)", "-1", "0", "1e9", f"{10**30}", "\u0663", "\u00b2", 4301 * "9", 256 * "a"),
        *("medium", "DE", "2026-11-01", "9999-12-31", "0001-01-01", "hour", "month", "year", "none", "line"),
        *("articles", "pages", "platforms", "%", "_", "\\", "'", "<b>", "://"),
    ]
)
QUERIES = st.lists(st.tuples(st.sampled_from(NAMES), ANYTHING), max_size=8)


@pytest.mark.every_database
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pairs=QUERIES, path=st.integers(0, 3))
def test_any_parameters_give_a_page_that_explains_what_it_left_out(reader, pixel, pairs, path):
    if not DailyCount.objects.exists():
        add_visits(pixel, 5)
        ShareLink.objects.create(project=pixel.project, name="For Bo", key="bo")
    query = urlencode(pairs, errors="surrogatepass")
    path = ["/", "/projects/blog/", f"/projects/blog/{pixel.pk}/", "/share/bo/"][path]
    page = get(reader, f"{path}?{query}")
    named = {name for name, value in dict(pairs).items() if value.strip()}
    if path != "/" and {"start", "end"} & named == {"start"}:
        assert "Showing the last 30 days" in page
    explained = page.count("Remove the filter") + page.count("ignored") + page.count("filtered by article and platform")
    assert path == "/" or explained >= bool(named & FILTER_NAMES.keys())


def test_an_impossible_range_falls_back_and_says_so(reader, pixel):
    add_visits(pixel, 5)
    page = get(reader, "/projects/blog/?start=2026-02-30&end=2026-03-01")
    assert "Showing the last 30 days" in page
    assert Tables(page).figures["visits"] == 5
    assert "Showing the last 30 days" not in get(reader, "/projects/blog/?range=7d")


@pytest.mark.every_database
def test_a_row_filters_the_page_and_its_chip_takes_the_filter_away(reader, pixel, take):
    take(hit(pixel, placement="medium"), hit(pixel, placement="dev-to", country="FR", visitor=2))
    query = "?start=2026-11-01&end=2026-11-22&by=week&compare=year&trend=line"
    for more, visits in {"&platform=medium": 1, "&platform=medium&country=DE": 1, f"&article={pixel.pk}": 2}.items():
        page = get(reader, f"/projects/blog/{query}{more}")
        assert Tables(page).figures["visits"] == visits
        chips = re.findall(r'<a href="([^"]+)" aria-label="Remove the filter', page)
        assert len(chips) == more.count("&")
        for chip in chips:
            less = chip.replace("&amp;", "&")
            assert less.startswith(query)
            assert get(reader, f"/projects/blog/{less}").count("Remove the filter") == len(chips) - 1
    page = get(reader, f"/projects/blog/{query}&platform=medium")
    assert f"{query}&platform=medium&country=DE" in links(page)
    assert f"{query}&platform=medium&article={pixel.pk}" in links(page)


def test_all_links_of_a_page_keep_its_filters_and_range(reader, pixel, take):
    take(hit(pixel, page="https://a.example/&=?"), hit(pixel, page="https://a.example/%"))
    page = get(reader, "/projects/blog/?range=7d&compare=none&country=DE&os=iOS")
    own_links = [link for link in links(page) if link.startswith("?")]
    assert len(own_links) > 20
    for link in own_links:
        parameters = dict(parse_qsl(link[1:]))
        missing = {"range": "7d", "compare": "none", "country": "DE", "os": "iOS"}.items() - parameters.items()
        assert len(missing) <= 1, link
        get(reader, f"/projects/blog/{link}")


def test_dates_are_asked_for_without_losing_filters(reader, pixel):
    add_visits(pixel, 5)
    page = get(reader, "/projects/blog/?range=7d&by=day&compare=year&trend=line&platform=medium")
    form = page.split('<form class="dates"')[1].split("</form>")[0]
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form))
    assert hidden == {"compare": "year", "trend": "line", "platform": "medium"}


@pytest.mark.every_database
@pytest.mark.parametrize("path", [*PAGES[1:], "/share/bo/"])
@pytest.mark.parametrize("number", ["", "1", "2", "3", "999", "100000", "100001", "-1", "x", "0"])
def test_a_whole_list_has_numbered_parts_and_accepts_any_number(reader, pixel, path, number):
    ShareLink.objects.create(project=pixel.project, name="For Bo", key="bo")
    add_visits(pixel, 5)
    for place in range(FULL_ROWS + 1):
        for pk, platform in ((WHOLE_PROJECT, "medium"), (ALL_PLATFORMS, ""), (pixel.pk, "medium")):
            DailyCount.objects.create(
                project=pixel.project, pixel_id=pk, date=DAY, dimension=Dimension.COUNTRY, platform=platform,
                value=f"{place:02}", hits=1, visitors=0,
            )  # fmt: skip
    page = get(reader, f"{path.format(pixel=pixel.pk)}?all=countries&page_number={number}")
    rows = Tables(page).panels.get("countries", {})
    assert len(rows) == (2 if number == "2" else FULL_ROWS)  # the first page where there is no such
    assert "figures" not in Tables(page).rows
    assert [link for link in links(page) if "page_number=2" in link]


@pytest.mark.parametrize("name", ["nothing", "articles", "trend", "%00"])
def test_an_unknown_list_leaves_the_page_as_it_is(reader, pixel, name):
    add_visits(pixel, 5)
    page = get(reader, f"/projects/blog/{pixel.pk}/?all={name}")
    assert Tables(page).figures["visits"] == 5
