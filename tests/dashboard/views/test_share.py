"""Share links: which pages they open, which sections they show, and how many queries they take."""

import json
import re
from datetime import timedelta
from itertools import cycle
from urllib.parse import urlsplit

import pytest
from django.test import Client

from collector.intake.rate_limits import Outage
from collector.models import Pixel, Project, Section, ShareLink
from dashboard.visits.cache import REMEMBERED
from tests.collector.admin.browsing import logged_in, text_of
from tests.dashboard.conftest import NOON
from tests.dashboard.views.share_links import PASSWORD, share, unsigned, url, visits

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon", "empty_cache"), pytest.mark.one_database]


# The shared page


def test_people_with_the_link_see_the_page_without_an_account(client, visited_pixel):
    page = client.get(url(share(visited_pixel)))

    assert page.status_code == 200
    assert "Blog" in text_of(page)
    assert "Hello" in text_of(page)
    assert 'data-figure="visits" data-value="7"' in text_of(page)


def test_a_shared_page_stays_out_of_search_engines_caches_and_logs_of_other_sites(client, visited_pixel):
    for link in (share(visited_pixel), share(visited_pixel, password=PASSWORD)):
        answer = client.get(url(link))
        assert "noindex" in answer.headers["X-Robots-Tag"]
        assert answer.headers["Referrer-Policy"] == "strict-origin"
        assert {"private", "no-store"} <= set(answer.headers["Cache-Control"].split(", "))
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


def test_everybody_sees_the_same_page(client, visited_pixel, owner, admin_client):
    address = url(share(visited_pixel))
    page = text_of(client.get(address))

    assert unsigned(text_of(logged_in(owner).get(address))) == unsigned(page)
    assert unsigned(text_of(admin_client.get(address))) == unsigned(page)
    assert "/admin/" not in page
    assert "/logout/" not in page
    assert "/login/" not in page


def links_of(page: str) -> list[str]:
    return re.findall(r'(?:href|action|src|data-[a-z-]*url)="([^"]*)"', page)


@pytest.mark.parametrize("of_pixel", [False, True])
def test_no_link_on_a_shared_page_needs_an_account(client, visited_pixel, of_pixel):
    link = share(visited_pixel, pixel=visited_pixel if of_pixel else None)
    page = text_of(client.get(url(link, "?range=7d")))

    for address in links_of(page):
        path = urlsplit(address).path
        assert path in {"", url(link), "/i18n/setlang/"} or path.startswith("/static/"), address


@pytest.mark.every_database
def test_a_link_of_an_article_shows_only_that_article(client, visited_pixel, take):
    other = Pixel.objects.create(project=visited_pixel.project, title="Unpublished plans")
    take(*visits(other, 100))
    page = text_of(client.get(url(share(visited_pixel, pixel=visited_pixel))))

    assert "Hello" in page
    assert 'data-figure="visits" data-value="7"' in page
    assert "Unpublished plans" not in page
    page = text_of(client.get(url(share(visited_pixel, pixel=visited_pixel), f"?article={other.pk}&pixel={other.pk}")))
    assert 'data-figure="visits" data-value="7"' in page
    assert "Unpublished plans" not in page


@pytest.mark.parametrize("more", ["", "embed/"])
def test_a_link_of_an_article_that_left_its_project_shows_nothing(client, visited_pixel, more):
    link = share(visited_pixel, pixel=visited_pixel, embedded_on="*")
    assert "Hello" in text_of(client.get(url(link, more)))

    visited_pixel.project = Project.objects.create(name="Second", slug="second")
    visited_pixel.save()

    answer = client.get(url(link, more))
    assert answer.status_code == 404
    assert "Hello" not in text_of(answer)


# Dead links


def dead_links(pixel: Pixel) -> dict[str, ShareLink]:
    return {
        "unknown": ShareLink(key="x" * 32),
        "revoked": share(pixel, revoked_at=NOON - timedelta(days=1)),
        "revoked with a password": share(pixel, revoked_at=NOON, password=PASSWORD),
        "expired": share(pixel, expires_at=NOON),
        "expired and revoked": share(pixel, expires_at=NOON - timedelta(days=9), revoked_at=NOON),
    }


@pytest.mark.parametrize("more", ["", "embed/"])
def test_unknown_revoked_and_expired_links_get_the_same_answer(
    client, admin_client, visited_pixel, more, django_assert_num_queries
):
    answers = {}
    for state, link in dead_links(visited_pixel).items():
        for browser in (client, admin_client):
            with django_assert_num_queries(1):
                answer = browser.get(url(link, more))
            answers[state, browser] = (answer.status_code, answer.headers.items(), unsigned(text_of(answer)))

    assert len(set(map(repr, answers.values()))) == 1
    status, _, page = answers["expired", client]
    assert status == 404
    assert "no longer shared" in page


@pytest.mark.every_database
def test_a_link_works_until_it_expires(client, visited_pixel):
    assert client.get(url(share(visited_pixel, expires_at=NOON + timedelta(seconds=1)))).status_code == 200


@pytest.mark.every_database
@pytest.mark.parametrize("key", ["%00", "x%00y", "%FF%FE", "..", "a" * 500, "'--", "%F0%9F%98%80", " "])
def test_any_key_at_all_gives_an_answer(client, visited_pixel, key):
    for path in (f"/share/{key}/", f"/share/{key}/embed/"):
        assert client.get(path).status_code == 404


@pytest.mark.every_database
@pytest.mark.parametrize(
    "query", ["?range=nonsense", "?start=2026-02-31&end=x", "?platform=%00", "?article=-1", "?country=ZZ&country=AA"]
)
def test_any_query_gives_a_page(client, visited_pixel, query):
    link = share(visited_pixel, embedded_on="*")
    for more in ("", "embed/"):
        assert client.get(url(link, more + query)).status_code == 200


def test_a_shared_page_is_only_read(client, visited_pixel):
    link = share(visited_pixel, embedded_on="*")

    assert client.put(url(link)).status_code == 405
    assert client.post(url(link, "embed/")).status_code == 405
    answer = client.post(url(link))
    assert (answer.status_code, answer.headers["Location"]) == (302, url(link))


# Sections

WORDS_OF_SECTIONS = {
    Section.HOURS: ['data-panel="hours"'],
    Section.ARTICLES: ["Hello"],
    Section.PLATFORMS: ["Medium"],
    Section.PAGES: ["blog.example.net"],
    Section.COUNTRIES: ["France", "Welsh"],
    Section.CAMPAIGNS: ["spring"],
    Section.DEVICES: ["Safari", "iOS", "Phone"],
}


@pytest.mark.parametrize("shared_section", [Section.TREND, *WORDS_OF_SECTIONS])
def test_a_section_that_is_not_shared_appears_nowhere_on_the_page(client, visited_pixel, shared_section):
    page = text_of(client.get(url(share(visited_pixel, shared_section))))
    for section, words in WORDS_OF_SECTIONS.items():
        for word in words:
            assert (word in page) == (section == shared_section), (section, word)
    assert ('data-panel="trend"' in page) == (shared_section == Section.TREND)


def test_a_link_without_sections_shows_only_the_key_figures(client, visited_pixel):
    page = text_of(client.get(url(share(visited_pixel, shows=[]))))

    assert 'data-figure="visits" data-value="7"' in page
    assert "data-panel=" not in page


@pytest.mark.parametrize(
    "query", ["country=FR", "country=DE", "browser=Firefox", "platform=medium", "page=blog.example.net/hello"]
)
def test_a_filter_by_a_section_that_is_not_shared_changes_nothing(client, visited_pixel, take, query):
    link = share(visited_pixel, Section.TREND)
    take(*visits(visited_pixel, 3, placement="dev-to", country="DE"))

    page = text_of(client.get(url(link, f"?range=30d&{query}")))

    assert 'data-figure="visits" data-value="10"' in page
    for word in ("Germany", "France", "Medium", "Hello"):
        assert word not in page


@pytest.mark.parametrize("panel", ["articles", "platforms", "pages", "countries", "languages", "browsers"])
def test_the_whole_list_of_a_section_that_is_not_shared_is_not_shown(client, visited_pixel, panel):
    page = text_of(client.get(url(share(visited_pixel, Section.TREND), f"?all={panel}")))

    assert re.findall('data-panel="([^"]+)"', page) == ["trend"]


@pytest.mark.every_database
def test_a_filter_by_a_shared_section_filters(client, visited_pixel, take):
    take(*visits(visited_pixel, 3, placement="dev-to"))
    page = text_of(client.get(url(share(visited_pixel, Section.PLATFORMS), "?platform=dev-to")))

    assert 'data-figure="visits" data-value="3"' in page


def test_a_trend_without_platforms_is_one_line(client, visited_pixel, take):
    take(*visits(visited_pixel, 3, placement="dev-to"))
    for more in ("", "embed/"):
        address = url(share(visited_pixel, Section.TREND, embedded_on="*"), f"{more}?trend=stack")
        painted = json.loads(
            re.search(r'id="trend-data" type="application/json">(.*?)</script>', text_of(client.get(address)))[1]
        )
        assert [series["label"] for series in painted["series"]] == ["Visits"]
        assert "marks" not in painted


def test_articles_without_platforms_are_not_split_by_them(client, visited_pixel):
    page = text_of(client.get(url(share(visited_pixel, Section.ARTICLES, Section.TREND))))

    assert "Hello" in page
    assert "Medium" not in page


# Limits


@pytest.mark.parametrize("more", ["", "embed/"])
def test_too_many_requests_are_told_when_to_ask_again(client, visited_pixel, settings, monkeypatch, more):
    monkeypatch.setattr("django_ratelimit.core.time.time", lambda: NOON.timestamp())
    settings.SHARE_RATE_LIMIT = (2, 60)
    link = share(visited_pixel, embedded_on="*")
    assert [client.get(url(link, more)).status_code for _ in range(2)] == [200, 200]

    refused = client.get(url(link, more))
    assert (refused.status_code, refused.headers["Content-Type"]) == (429, "text/plain; charset=utf-8")
    assert re.fullmatch(r"Too many requests. Try again in \d+ seconds?\.", refused.content.decode())
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    assert "no-store" in refused.headers["Cache-Control"]
    assert client.get("/share/nobody-has-this/").status_code == 429
    assert Client(REMOTE_ADDR="192.0.2.7").get(url(link, more)).status_code == 200

    monkeypatch.setattr("django_ratelimit.core.time.time", lambda: NOON.timestamp() + 120)
    assert client.get(url(link, more)).status_code == 200


def test_shared_pages_work_while_requests_can_not_be_counted(client, visited_pixel, settings, monkeypatch, caplog):
    def away(*args: object, **options: object) -> None:
        raise ConnectionError("away")

    settings.SHARE_RATE_LIMIT = (1, 60)
    monkeypatch.setattr("collector.intake.rate_limits.get_usage", away)
    monkeypatch.setattr("collector.intake.rate_limits.OUTAGE", Outage())
    assert [client.get(url(share(visited_pixel))).status_code for _ in range(2)] == [200, 200]
    assert "The rate limit can't count a request (away)" in caplog.text


def test_shared_pages_do_not_rank_the_pages_and_campaigns_of_a_long_range(client, visited_pixel, viewer):
    link = share(visited_pixel)
    long, short = "?start=2026-08-22&end=2026-11-22", "?start=2026-08-23&end=2026-11-22"
    notice = "A shared page lists web pages and campaigns only for ranges of up to 92 days."

    for query, is_listed in ((long, False), (short, True)):
        page = text_of(client.get(url(link) + query))
        assert ('data-panel="pages"' in page, notice in page) == (is_listed, not is_listed)
        assert ("blog.example.net/hello" in page, "spring" in page) == (is_listed, is_listed)
    assert 'data-panel="countries"' in text_of(client.get(url(link) + long))
    assert "blog.example.net/hello" not in text_of(client.get(f"{url(link)}{long}&all=pages"))
    assert "spring" not in text_of(client.get(f"{url(link)}{long}&all=utm_campaign"))
    assert notice in text_of(client.get(url(share(visited_pixel, Section.CAMPAIGNS)) + long))
    assert notice not in text_of(client.get(url(share(visited_pixel, Section.TREND)) + long))
    client.force_login(viewer)
    page = text_of(client.get(f"/projects/blog/{long}"))
    assert ('data-panel="pages"' in page, notice in page) == (True, False)


# Queries


@pytest.mark.every_database
@pytest.mark.parametrize(("more", "queries"), [("", 17), ("embed/", 7)])
def test_shared_pages_take_as_many_queries_at_any_traffic(
    client, visited_pixel, take, more, queries, django_assert_num_queries
):
    link = share(visited_pixel, embedded_on="*")
    for number in (12, 40):
        pixels = [
            Pixel.objects.create(project=visited_pixel.project, title=f"Article {index}") for index in range(number)
        ]
        days = [f"2026-{10 + day // 30}-{1 + day % 30:02}T10:00" for day in range(20, 50)]
        take(*[visit for pixel, day in zip(pixels, cycle(days)) for visit in visits(pixel, number, day)])
        take(*visits(visited_pixel, 3, "2026-10-10T10:00", placement=f"site-{number}", country="DE"))
        REMEMBERED.forget()
        with django_assert_num_queries(queries):
            client.get(url(link, more))


@pytest.mark.every_database
def test_sections_that_are_not_shared_take_no_queries(client, visited_pixel, django_assert_num_queries):
    with django_assert_num_queries(9):
        client.get(url(share(visited_pixel, shows=[])))
