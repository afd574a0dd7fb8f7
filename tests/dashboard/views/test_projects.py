"""The pages of the dashboard: who may see them, what they show, and how many queries they need."""

import json
import re
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser
from urllib.parse import parse_qsl, quote, urlencode

import pytest
from django.contrib.auth.models import User
from django.contrib.staticfiles import finders
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.models import DailyCount, Dimension, Membership, Pixel, Project, Role, ShareLink, SpoolOffset, Verdict
from collector.models.counts import ALL_PLATFORMS, WHOLE_PROJECT
from dashboard import formatting
from dashboard.report.full_list import FULL_ROWS
from dashboard.visits.cache import REMEMBERED
from dashboard.visits.filters import FILTER_NAMES
from tests.dashboard.report.daily_counts import DAY, add, add_bots, add_visits
from tests.hits import hit

NOON = datetime(DAY.year, DAY.month, DAY.day, 12, tzinfo=UTC)
PAGES = ["/", "/projects/blog/", "/projects/blog/{pixel}/"]
LIVE = ["/projects/blog/live/", "/projects/blog/{pixel}/live/"]
RANGES = ["today", "yesterday", "7d", "30d", "90d", "12m", "all"]


@pytest.fixture(autouse=True)
def noon(monkeypatch):
    """Stop the clock at noon of the day that the counts end with; projects of other tests had the same keys."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOON)
    REMEMBERED.forget()


@pytest.fixture
def reader(client, viewer) -> Client:
    """A browser in which a viewer of the project is logged in."""
    client.force_login(viewer)
    return client


@pytest.fixture
def second_pixel(project) -> Pixel:
    return Pixel.objects.create(project=project, title="Second")


@pytest.fixture
def foreign_pixel(db) -> Pixel:
    return Pixel.objects.create(project=Project.objects.create(name="Other", slug="other"), title="Elsewhere")


class Tables(HTMLParser):
    """Reads a page's panels: {data-panel: {label of a row: its cells}}, and its key figures.

    `panels` has the first cell of each row alone: its visits.
    """

    def __init__(self, page: str) -> None:
        super().__init__()
        self.rows: dict[str, dict[str, list[str]]] = {}
        self.figures: dict[str, int] = {}
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._into: str | None = None
        self._skipped: str | None = None
        self.feed(page)

    @property
    def panels(self) -> dict[str, dict[str, str]]:
        return {key: {label: cells[0] for label, cells in rows.items()} for key, rows in self.rows.items()}

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.tags.append((tag, attributes))
        if "data-panel" in attributes:
            self._panel = self.rows.setdefault(attributes["data-panel"], {})
        if "data-figure" in attributes:
            self.figures[attributes["data-figure"]] = int(attributes["data-value"])
        if attributes.get("class") in {"open", "trail", "mark"}:
            self._skipped = tag
        elif tag == "th" and attributes.get("scope") == "row":
            self._into, self._label = "label", ""
        elif tag == "td" and self._into == "cells":
            self._cells.append("")

    def handle_data(self, data):
        if self._skipped:
            return
        if self._into == "label":
            self._label += data
        elif self._into == "cells" and self._cells:
            self._cells[-1] += data.strip()

    def handle_endtag(self, tag):
        if self._skipped == tag:
            self._skipped = None
        elif tag == "th" and self._into == "label":
            self._into, self._cells = "cells", []
            self._panel[" ".join(self._label.split())] = self._cells
        elif tag == "tr":
            self._into = None


def painted(page: str, key: str) -> dict:
    """Return what scripts paint of a chart or map."""
    return json.loads(re.search(rf'<script id="{key}-data" type="application/json">(.*?)</script>', page)[1])


def get(client: Client, path: str, status: int = 200) -> str:
    response = client.get(path)
    assert response.status_code == status
    return response.content.decode()


# Permissions


@pytest.mark.parametrize("path", [*PAGES, *LIVE, "/projects/nothing/", "/projects/other/"])
def test_users_who_are_not_logged_in_are_sent_to_the_login(client, pixel, path):
    path = path.format(pixel=pixel.pk)
    response = client.get(path)
    assert response.status_code == 302
    assert response.url == f"/login/?next={quote(path)}"


@pytest.mark.parametrize("path", [*PAGES[1:], *LIVE])
def test_strangers_find_nothing(client, pixel, stranger, foreign_pixel, path):
    Membership.objects.create(project=foreign_pixel.project, user=stranger, role=Role.OWNER)
    client.force_login(stranger)
    get(client, path.format(pixel=pixel.pk), 404)
    get(client, path.format(pixel=pixel.pk).replace("blog", "other"), 404 if "{pixel}" in path else 200)


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("who", ["owner", "viewer", "admin_user"])
def test_members_and_superusers_see_the_pages(client, pixel, request, who, path):
    client.force_login(request.getfixturevalue(who))
    assert "Blog" in get(client, path.format(pixel=pixel.pk))


def test_inactive_users_see_nothing(client, pixel, viewer):
    client.force_login(viewer)
    User.objects.filter(pk=viewer.pk).update(is_active=False)
    assert client.get("/projects/blog/").status_code == 302


def test_users_who_leave_a_project_no_longer_see_it(reader, viewer, project):
    get(reader, "/projects/blog/")
    Membership.objects.filter(user=viewer).delete()
    get(reader, "/projects/blog/", 404)
    assert "Blog" not in get(reader, "/")


def test_a_pixel_is_shown_only_in_its_own_project(reader, pixel, foreign_pixel, viewer):
    get(reader, f"/projects/blog/{foreign_pixel.pk}/", 404)
    get(reader, f"/projects/other/{foreign_pixel.pk}/", 404)
    get(reader, f"/projects/other/{pixel.pk}/", 404)
    get(reader, f"/projects/blog/{pixel.pk + 1000}/", 404)
    get(reader, f"/projects/blog/{foreign_pixel.pk}/live/", 404)
    get(reader, f"/projects/other/{pixel.pk}/live/", 404)
    Membership.objects.create(project=foreign_pixel.project, user=viewer)
    get(reader, f"/projects/other/{foreign_pixel.pk}/")
    get(reader, f"/projects/blog/{foreign_pixel.pk}/", 404)


def test_the_list_shows_only_the_projects_of_the_user(reader, project, foreign_pixel):
    page = get(reader, "/")
    assert "/projects/blog/" in page
    assert "other" not in page.lower()


def test_a_pixel_id_beyond_any_database_is_not_found(reader, project):
    get(reader, f"/projects/blog/{10**30}/", 404)


@pytest.mark.parametrize("path", [*PAGES, *LIVE])
def test_pages_are_read_only(reader, pixel, path):
    assert reader.post(path.format(pixel=pixel.pk)).status_code == 405


@pytest.mark.parametrize("path", [*PAGES, *LIVE])
def test_pages_are_never_cached(reader, pixel, path):
    response = reader.get(path.format(pixel=pixel.pk))
    assert {"private", "no-store"} <= set(response["Cache-Control"].split(", "))


def test_an_article_of_another_project_can_not_be_filtered_by(reader, pixel, foreign_pixel):
    add_visits(pixel, 5)
    add_visits(foreign_pixel, 7)
    page = get(reader, f"/projects/blog/?article={foreign_pixel.pk}")
    assert "This page has no such article. The filter was ignored." in page
    assert "Elsewhere" not in page
    assert Tables(page).figures["visits"] == 5


# Logging in and out


def test_logging_in_leads_to_the_requested_page(client, viewer):
    response = client.post(
        "/login/", {"username": "viewer", "password": "viewer-pass-1", "next": "/projects/blog/?range=7d"}
    )
    assert (response.status_code, response.url) == (302, "/projects/blog/?range=7d")


def test_the_login_never_leads_to_another_site(client, viewer):
    response = client.post(
        "/login/", {"username": "viewer", "password": "viewer-pass-1", "next": "https://evil.example/"}
    )
    assert (response.status_code, response.url) == (302, "/")


def test_a_wrong_password_shows_an_error_and_keeps_the_name(client, viewer):
    response = client.post("/login/", {"username": "viewer", "password": "wrong"})
    page = response.content.decode()
    assert response.status_code == 200
    assert 'role="alert"' in page
    assert 'value="viewer"' in page
    assert "wrong" not in page


def test_logging_out_needs_a_form(reader):
    assert reader.get("/logout/").status_code == 405
    assert reader.post("/logout/").url == "/login/"
    assert reader.get("/").status_code == 302


# Contents


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
    assert page.rows["articles"] == {"Hello": ["1.2k", "1.0k", "100%", formatting.UNSEEN]}
    assert len(page.panels["trend"]) == 30
    assert page.panels["trend"]["22 Nov"] == "1.2k"


def test_exact_numbers_show_on_hover(reader, pixel):
    add_visits(pixel, 12_345, 999)
    page = get(reader, "/projects/blog/")
    assert page.count('title="12,345">12.3k</td>') == page.count("12.3k</td>") > 0


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
    assert data["labels"] == list(Tables(page).panels["trend"])
    assert sum(data["series"][0]["values"]) == 5
    countries = painted(page, "countries")["countries"]
    assert [(country["code"], country["label"], country["visits"]) for country in countries] == [("DE", "Germany", "5")]


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


def test_a_retired_pixel_says_so(reader, pixel):
    Pixel.objects.filter(pk=pixel.pk).update(retired_at=NOON)
    assert "Retired" in get(reader, f"/projects/blog/{pixel.pk}/")


def test_a_paused_pixel_says_until_when_and_that_it_applies_to_all_readers(reader, pixel):
    pixel.mute(NOON - timedelta(minutes=5))
    page = get(reader, f"/projects/blog/{pixel.pk}/")
    assert (
        "Counting is paused until 13:05 (Europe/Berlin). Until then, the hits of all readers are filtered out" in page
    )
    assert "all readers" in page
    Pixel.objects.update(muted_until=NOON)
    assert "paused" not in get(reader, f"/projects/blog/{pixel.pk}/")


def test_a_retired_pixel_is_not_called_paused(client, admin_user, pixel):
    pixel.mute(NOON)
    Pixel.objects.update(retired_at=NOON)
    client.force_login(admin_user)
    page = get(client, f"/projects/blog/{pixel.pk}/")
    assert "paused" not in page
    assert 'value="unmute"' not in page


@pytest.mark.parametrize(
    ("role", "is_staff", "may"),
    [(Role.VIEWER, True, False), (Role.EDITOR, False, False), (Role.EDITOR, True, True), (Role.OWNER, True, True)],
)
def test_users_who_can_edit_a_pixel_in_the_admin_can_pause_it_on_its_page(client, viewer, pixel, role, is_staff, may):
    User.objects.update(is_staff=is_staff)
    Membership.objects.update(role=role)
    client.force_login(viewer)
    url = f"/projects/blog/{pixel.pk}/"
    assert ('value="mute"' in get(client, url)) == may
    pixel.mute(NOON)
    assert ('value="unmute"' in get(client, url)) == may


def test_the_pause_button_needs_a_csrf_token_and_leads_back_to_the_page(owner, pixel):
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner)
    url = f"/projects/blog/{pixel.pk}/?range=7d"

    def press(button: str) -> None:
        form = get(client, url).split('<div class="pause')[1].split("</form>")[0]
        fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form))
        assert fields["action"] == button
        action = re.search(r'action="([^"]+)"', form)[1]
        assert client.post(action, fields | {"csrfmiddlewaretoken": ""}).status_code == 403
        assert client.post(action, fields).headers["Location"] == url
        pixel.refresh_from_db()

    press("mute")
    assert pixel.is_muted(NOON)
    assert "Counting is paused until 13:10" in get(client, url)
    press("unmute")
    assert not pixel.is_muted(NOON)
    assert "Counting is paused" not in get(client, url)
    assert 'class="messagelist"' not in get(client, "/admin/")  # nothing waits there to be told again


def test_hosts_elsewhere_are_shown_as_text_and_never_linked(reader, pixel):
    add_visits(pixel, 5)
    add(pixel, Dimension.ELSEWHERE, "copies.example", 3, 2, DAY, "medium")
    for path in PAGES[1:]:
        page = get(reader, path.format(pixel=pixel.pk))
        assert Tables(page).panels["elsewhere"] == {"copies.example": "3"}
        assert "copies of the article" in page
        links = [
            str(attributes["href"]) for _, attributes in Tables(page).tags if "copies" in str(attributes.get("href"))
        ]
        assert links == ["?range=30d&elsewhere=copies.example"]  # which shows this page for it alone


def test_a_platform_is_followed_by_its_evidence(reader, pixel):
    add_visits(pixel, 5)
    add(pixel, Dimension.EVIDENCE, "placement", 5, 5, DAY, "medium")
    assert Tables(get(reader, "/projects/blog/")).panels["platforms"] == {"Medium via its link": "5"}
    assert Tables(get(reader, f"/projects/blog/{pixel.pk}/")).panels["placements"] == {"Medium": "5"}


def test_today_is_the_day_of_the_project(reader, project, pixel):
    add_visits(pixel, 5, day=DAY + timedelta(days=1))
    assert Tables(get(reader, "/projects/blog/?range=today")).figures["visits"] == 0
    Project.objects.update(timezone="Pacific/Kiritimati")  # noon in UTC is two in the morning of the next day
    assert Tables(get(reader, "/projects/blog/?range=today")).figures["visits"] == 5
    assert 'title="5 visits"' in get(reader, "/")


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


def test_right_now_has_the_visits_of_the_last_30_minutes(reader, pixel, second_pixel, take):
    take(
        hit(pixel, "2026-11-22T11:29"),
        hit(pixel, "2026-11-22T11:30:30"),
        hit(pixel, "2026-11-22T11:59", agent="Googlebot/2.1"),
        hit(pixel, "2026-11-22T11:59", is_end=True),
        hit(pixel, "2026-11-22T11:59:30"),
        hit(pixel, "2026-11-22T11:59:40", visitor=None, verdict=Verdict.OPTED_OUT),
        hit(second_pixel, "2026-11-22T11:45"),
    )
    for path, number in (("/projects/blog/", 4), (f"/projects/blog/{pixel.pk}/", 3)):
        answer = reader.get(f"{path}live/").json()
        assert (answer["text"], answer["words"]) == (str(number), "visits in the last 30 minutes")
        assert len(answer["minutes"].split()) == 30
        page = get(reader, f"{path}?range=yesterday")
        assert f'<strong class="number" data-live-number>{number}</strong>' in page
        assert answer["minutes"] in page
    assert answer["minutes"].startswith("0.0,10.0 ")
    assert answer["minutes"].endswith(",1.0")


def test_right_now_stops_counting_at_its_limit(reader, pixel, take, monkeypatch):
    monkeypatch.setattr("dashboard.report.live.MAX_LIVE", 2)
    take(*(hit(pixel, f"2026-11-22T11:5{minute}") for minute in range(3)))
    assert reader.get("/projects/blog/live/").json()["text"] == "2+"
    take(
        hit(pixel, "2026-11-22T11:55", verdict=Verdict.EXCESS)
    )  # of a flood that is set aside, nothing is known either
    for path in ("/projects/blog/", f"/projects/blog/{pixel.pk}/"):
        assert reader.get(f"{path}live/").json()["text"] == "1+"


def test_an_unusually_quiet_article_is_marked_and_says_what_to_check(reader, pixel):
    Pixel.objects.update(created_at=NOON - timedelta(days=90))
    for ago in (30, 29, 28, 27):
        add_visits(pixel, 1, day=DAY - timedelta(days=ago))
    page = get(reader, "/projects/blog/")
    assert "1 article is unusually quiet. Check that the image is still in the post" in page
    assert Tables(page).panels["articles"] == {"Hello quiet for 27 days": "3"}  # within 30 days
    assert "Unusually quiet: the last visit was on" in page
    assert "1 article is unusually quiet" in get(reader, "/")
    add_visits(pixel, 1)
    assert "quiet" not in get(reader, "/").replace('class="quiet', "")


# Any query string


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


ANYTHING = st.text(st.characters(codec=None), max_size=20) | st.sampled_from(
    [
        *("\x00", "\udcff", "(unknown)", "-1", "0", "1e9", f"{10**30}", "\u0663", "\u00b2", 4301 * "9", 256 * "a"),
        *("medium", "DE", "2026-11-01", "9999-12-31", "0001-01-01", "hour", "month", "year", "none", "line"),
        *("articles", "pages", "platforms", "%", "_", "\\", "'", "<b>", "://"),
    ]
)
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
QUERIES = st.lists(st.tuples(st.sampled_from(NAMES), ANYTHING), max_size=8)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pairs=QUERIES, path=st.integers(0, 3))
def test_any_parameters_give_a_page_that_explains_what_it_left_out(reader, pixel, pairs, path):
    if not DailyCount.objects.exists():
        add_visits(pixel, 5)
        ShareLink.objects.create(project=pixel.project, name="For Bo", key="bo")
    query = urlencode(pairs, errors="surrogatepass")
    path = ["/", "/projects/blog/", f"/projects/blog/{pixel.pk}/", "/share/bo/"][path]
    page = get(reader, f"{path}?{query}")
    asked = {name for name, value in dict(pairs).items() if value.strip()}
    if path != "/" and {"start", "end"} & asked == {"start"}:
        assert "Showing the last 30 days" in page
    told = page.count("Remove the filter") + page.count("ignored") + page.count("filtered by article and platform")
    assert path == "/" or told >= bool(asked & FILTER_NAMES.keys())


def test_an_impossible_range_falls_back_and_says_so(reader, pixel):
    add_visits(pixel, 5)
    page = get(reader, "/projects/blog/?start=2026-02-30&end=2026-03-01")
    assert "Showing the last 30 days" in page
    assert Tables(page).figures["visits"] == 5
    assert "Showing the last 30 days" not in get(reader, "/projects/blog/?range=7d")


# Filters and whole lists


def links(page: str) -> list[str]:
    return [str(attributes["href"]) for _, attributes in Tables(page).tags if "href" in attributes]


def test_a_row_filters_the_page_and_its_chip_takes_the_filter_away(reader, pixel, take):
    take(hit(pixel, placement="medium"), hit(pixel, placement="dev-to", country="FR", visitor=2))
    asked = "?start=2026-11-01&end=2026-11-22&by=week&compare=year&trend=line"
    for more, visits in {"&platform=medium": 1, "&platform=medium&country=DE": 1, f"&article={pixel.pk}": 2}.items():
        page = get(reader, f"/projects/blog/{asked}{more}")
        assert Tables(page).figures["visits"] == visits
        chips = re.findall(r'<a href="([^"]+)" aria-label="Remove the filter', page)
        assert len(chips) == more.count("&")
        for chip in chips:
            less = chip.replace("&amp;", "&")
            assert less.startswith(asked)
            assert get(reader, f"/projects/blog/{less}").count("Remove the filter") == len(chips) - 1
    page = get(reader, f"/projects/blog/{asked}&platform=medium")
    assert f"{asked}&platform=medium&country=DE" in links(page)
    assert f"{asked}&platform=medium&article={pixel.pk}" in links(page)


def test_all_links_of_a_page_keep_its_filters_and_range(reader, pixel, take):
    take(hit(pixel, page="https://a.example/&=?"), hit(pixel, page="https://a.example/%"))
    page = get(reader, "/projects/blog/?range=7d&compare=none&country=DE&os=iOS")
    asked = [link for link in links(page) if link.startswith("?")]
    assert len(asked) > 20
    for link in asked:
        kept = dict(parse_qsl(link[1:]))
        missing = {"range": "7d", "compare": "none", "country": "DE", "os": "iOS"}.items() - kept.items()
        assert len(missing) <= 1, link
        get(reader, f"/projects/blog/{link}")


def test_dates_are_asked_for_without_losing_filters(reader, pixel):
    add_visits(pixel, 5)
    page = get(reader, "/projects/blog/?range=7d&by=day&compare=year&trend=line&platform=medium")
    form = page.split('<form class="dates"')[1].split("</form>")[0]
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form))
    assert hidden == {"compare": "year", "trend": "line", "platform": "medium"}


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


# Empty states


def test_users_without_a_project_see_how_to_start(client, stranger):
    client.force_login(stranger)
    page = get(client, "/")
    assert "Create a pixel" in page
    assert "/admin/collector/pixel/add/" in page


def test_users_without_admin_access_are_told_who_to_ask(client, db):
    client.force_login(User.objects.create_user("guest"))
    page = get(client, "/")
    assert "/admin/" not in page
    assert "Ask the person who runs this server" in page


def test_a_project_without_pixels_shows_how_to_start(reader, project):
    assert "Create a pixel" in get(reader, "/projects/blog/")


def test_a_project_never_visited_leads_to_its_articles(reader, pixel):
    page = get(reader, "/projects/blog/")
    assert "Waiting for the first visit" in page
    assert f"/projects/blog/{pixel.pk}/" in page


def test_a_pixel_never_visited_shows_its_snippets(reader, pixel):
    page = get(reader, f"/projects/blog/{pixel.pk}/")
    assert "Waiting for the first visit" in page
    assert f"/p/{pixel.token}/medium.gif" in page
    assert f"/p/{pixel.token}/dev-to.gif" in page


def test_hits_filtered_out_before_the_first_visit_are_named(reader, pixel):
    add_bots(pixel, 7)
    add(pixel, Dimension.VERDICT, "excluded", 2, 0, DAY, "medium")
    for path in PAGES[1:]:
        page = get(reader, path.format(pixel=pixel.pk))
        assert "No visits yet. Filtered out: 7 by bots, 2 from own addresses." in page


def test_a_range_without_visits_names_the_first_visit(reader, pixel):
    add_visits(pixel, 5, day=DAY - timedelta(days=100))
    page = get(reader, "/projects/blog/?range=7d")
    assert "No visits in this range. The first visit was on 14 Aug 2026" in page


# Queries


def fill_with(project: Project, number: int) -> None:
    """Give a project so many pixels more, all visited today, the last of them long silent."""
    pixels = Pixel.objects.bulk_create(
        Pixel(project=project, title=f"Article {n}", created_at=NOON - timedelta(days=90)) for n in range(number)
    )
    counted = [
        (pk, dimension, "medium", value, 2, DAY)
        for pk in (pixel.pk for pixel in pixels[:-1])
        for dimension, value in (
            (Dimension.TOTAL, ""), (Dimension.HOUR, "12"), (Dimension.COUNTRY, "DE"), (Dimension.POSITION, "start"),
            (Dimension.POSITION, "end"), (Dimension.PAGE, f"medium.com/{pk}"),
        )
    ]  # fmt: skip
    counted += [
        (ALL_PLATFORMS, dimension, "", str(pixel.pk), 2, DAY)
        for pixel in pixels[:-1]
        for dimension in (Dimension.PIXEL, Dimension.STARTED, Dimension.FINISHED)
    ]
    counted += [
        (ALL_PLATFORMS, Dimension.PIXEL, "", str(pixels[-1].pk), 1, DAY - timedelta(days=ago)) for ago in range(30, 60)
    ]
    for pk in (WHOLE_PROJECT, ALL_PLATFORMS):
        platform = "medium" if pk == WHOLE_PROJECT else ""
        counted += [(pk, Dimension.TOTAL, platform, "", 2 * number, DAY)] if platform else []
        counted += [(pk, Dimension.COUNTRY, platform, "DE", 2 * number, DAY)]
        counted += [(pk, Dimension.HOUR, platform, "12", 2 * number, DAY)]
        counted += [(pk, Dimension.PAGE, platform, f"medium.com/{pixel.pk}", 2, DAY) for pixel in pixels[:-1]]
    DailyCount.objects.bulk_create(
        DailyCount(
            project=project, pixel_id=pk, dimension=dimension, platform=platform, value=value, hits=hits, visitors=1,
            date=day,
        )
        for pk, dimension, platform, value, hits, day in counted
    )  # fmt: skip


def queries_of(client: Client, path: str) -> int:
    """Return how many queries a page asks that nothing is remembered of."""
    REMEMBERED.forget()
    with CaptureQueriesContext(connection) as captured:
        get(client, path)
    return len(captured)


PINNED = {
    "{project}": 24,
    "{project}?article={pixel}": 27,
    "{project}?platform=medium": 30,
    "{project}?article={pixel}&platform=medium": 27,
    "{project}?range=7d&by=hour&compare=year": 24,
    "{project}?all=pages": 13,
    "{project}{pixel}/": 19,
    "{project}{pixel}/?platform=medium": 19,
}


def test_pages_need_the_same_queries_with_ten_pixels_and_with_two_thousand(reader, project, viewer):
    big = Project.objects.create(name="Big", slug="big")
    Membership.objects.create(project=big, user=viewer)
    fill_with(project, 12)  # one more than a panel has rows was visited
    listed = queries_of(reader, "/")
    fill_with(big, 2000)
    for of in (project, big):
        DailyCount.objects.create(  # long ago: there is something to look for in any period before
            project=of, pixel_id=WHOLE_PROJECT, dimension=Dimension.TOTAL, date=DAY - timedelta(days=800),
            platform="medium", value="", hits=1, visitors=1,
        )  # fmt: skip
        pixel = Pixel.objects.filter(project=of, title="Article 0").get()
        paths = {path: path.format(project=f"/projects/{of.slug}/", pixel=pixel.pk) for path in PINNED}
        assert {path: queries_of(reader, actual) for path, actual in paths.items()} == PINNED
        assert queries_of(reader, f"/projects/{of.slug}/?all=articles") in {17, 18}  # are there any without visits?
    assert queries_of(reader, "/") == listed == 6


@pytest.mark.parametrize(("path", "most"), [("/", 5), ("/projects/blog/", 24), ("/projects/blog/{pixel}/", 19)])
def test_pages_need_the_same_queries_at_any_traffic_and_in_any_range(reader, viewer, pixel, path, most):
    path = path.format(pixel=pixel.pk)
    for ago in (0, 1, 20):
        add_visits(pixel, 3, day=DAY - timedelta(days=ago))
    few = [queries_of(reader, f"{path}?range={name}") for name in RANGES]
    for place in range(20):
        more = Pixel.objects.create(project=pixel.project, title=f"Article {place}")
        add_visits(more, 3, day=DAY - timedelta(days=place), platform=f"site{place}.example")
        add_visits(pixel, 3, day=DAY - timedelta(days=place), country="FR")
        project = Project.objects.create(name=f"Project {place}", slug=f"project-{place}")
        Membership.objects.create(project=project, user=viewer)
    many = [queries_of(reader, f"{path}?range={name}") for name in RANGES]
    assert max(many) == max(few) == most


def test_an_unknown_address_says_what_to_do_next(viewer, client):
    client.force_login(viewer)

    response = client.get("/projects/nowhere/")

    assert response.status_code == 404
    assert "ask the person who gave it to you" in response.content.decode()


def test_only_administrators_are_told_of_lost_hits(viewer, client, admin_client):
    SpoolOffset.objects.create(segment="a", offset_bytes=0, lost=1200)
    SpoolOffset.objects.create(segment="b", offset_bytes=0, lost=34)
    client.force_login(viewer)

    assert "were lost" not in client.get("/").content.decode()
    assert "1,234 hits were lost" in admin_client.get("/").content.decode()
    SpoolOffset.objects.update(lost=0)
    assert "were lost" not in admin_client.get("/").content.decode()


def segment(name: str, hits: int, private: int, hours_ago: int = 1) -> None:
    SpoolOffset.objects.create(
        segment=name, offset_bytes=0, hits=hits, private=private, updated_at=NOON - timedelta(hours=hours_ago)
    )


NO_PROXY_TOLD = "set TRUSTED_PROXIES to the number of proxies (usually 1) and restart"


def test_only_administrators_are_told_of_readers_with_private_addresses(viewer, client, admin_client):
    segment("a", 1200, 1200)
    segment("b", 30, 30, hours_ago=23)
    client.force_login(viewer)

    assert "TRUSTED_PROXIES" not in get(client, "/")
    page = " ".join(get(admin_client, "/").split())
    assert "All 1,230 hits of the last day came from a private address, so all readers look like one" in page
    assert NO_PROXY_TOLD in page


@pytest.mark.parametrize(
    ("hits", "private", "hours_ago", "is_said"),
    [
        (50, 50, 1, True),
        (49, 49, 1, False),
        (100, 95, 1, True),
        (100, 94, 1, False),
        (500, 0, 1, False),
        (500, 500, 25, False),
    ],
)
def test_private_addresses_are_mentioned_if_they_are_nearly_all_of_the_last_day(
    admin_client, hits, private, hours_ago, is_said
):
    segment("a", hits, private, hours_ago)
    segment("old", 10_000, 0, hours_ago=48)

    page = get(admin_client, "/")

    assert (NO_PROXY_TOLD in page) == is_said
    assert ("95 of the 100 hits" in page) == (private == 95)


def test_notes_for_administrators_cost_one_query(admin_client, pixel, django_assert_num_queries):
    segment("a", 100, 97)
    segment("b", 40, 40, hours_ago=48)
    SpoolOffset.objects.filter(segment="b").update(lost=5)
    with django_assert_num_queries(6):
        page = get(admin_client, "/")
    assert "5 hits were lost" in page
    assert "97 of the 100 hits of the last day" in page
