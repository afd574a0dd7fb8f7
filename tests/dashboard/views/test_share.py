"""Share links: what they open and what they don't, and to whom."""

import json
import logging
import re
from datetime import UTC, datetime, timedelta
from io import StringIO
from itertools import cycle
from urllib.parse import urlsplit

import pytest
from django.core.cache import cache
from django.template.loader import render_to_string
from django.test import Client
from django.utils import translation

from collector.models import Pixel, Project, Section, ShareLink
from collector.spool.line import SpooledHit
from tests.collector.admin.test_admin import logged_in, text_of
from tests.hits import hit

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
PASSWORD = "a good password"


@pytest.fixture(autouse=True)
def noon(monkeypatch):
    """Stop the clock at noon; nobody has tried a password yet."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOON)
    cache.clear()


@pytest.fixture
def visited(pixel, take) -> Pixel:
    """A pixel that appeared yesterday and has seven visits."""
    Pixel.objects.update(created_at=NOON - timedelta(days=1))
    take(*visits(pixel, 7))
    pixel.refresh_from_db()
    return pixel


def visits(pixel: Pixel, number: int, at: str = "2026-11-22T10:00", **fields: object) -> list[SpooledHit]:
    known = {"placement": "medium", "country": "FR", "language": "cy", "page": "https://blog.example.net/hello"}
    return [hit(pixel, at, visitor=visitor, **(known | fields)) for visitor in range(number)]


def share(pixel: Pixel, /, *shows: Section, password: str = "", **fields: object) -> ShareLink:
    """Make a link of the pixel's project that shows these sections, all where none is named."""
    fields = {"project": pixel.project, "name": "For Bo", **fields}
    if shows:
        fields["shows"] = [str(section) for section in shows]
    link = ShareLink(**fields)
    link.set_password(password)
    link.save()
    return link


def url(link: ShareLink, more: str = "") -> str:
    return f"/share/{link.key}/{more}"


# The shared page


def test_who_has_the_address_sees_the_page_without_an_account(client, visited):
    page = client.get(url(share(visited)))

    assert page.status_code == 200
    assert "Blog" in text_of(page)
    assert "Hello" in text_of(page)
    assert 'data-figure="visits" data-value="7"' in text_of(page)


def test_a_shared_page_is_kept_out_of_search_engines_caches_and_other_sites_logs(client, visited):
    for link in (share(visited), share(visited, password=PASSWORD)):
        answer = client.get(url(link))
        assert "noindex" in answer.headers["X-Robots-Tag"]
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert {"private", "no-store"} <= set(answer.headers["Cache-Control"].split(", "))
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


def test_everybody_sees_the_same_page(client, visited, owner, admin_client):
    address = url(share(visited))
    page = text_of(client.get(address))

    assert unsigned(text_of(logged_in(owner).get(address))) == unsigned(page)
    assert unsigned(text_of(admin_client.get(address))) == unsigned(page)
    assert "/admin/" not in page
    assert "/logout/" not in page
    assert "/login/" not in page


def unsigned(page: str) -> str:
    """Return a page without what its forms have of their own: a token, and the page's address."""
    return re.sub(r'name="(csrfmiddlewaretoken|next)" value="[^"]*"', "", page)


def links_of(page: str) -> list[str]:
    return re.findall(r'(?:href|action|src|data-[a-z-]*url)="([^"]*)"', page)


@pytest.mark.parametrize("of_pixel", [False, True])
def test_no_link_of_a_shared_page_leads_to_one_that_needs_an_account(client, visited, of_pixel):
    link = share(visited, pixel=visited if of_pixel else None)
    page = text_of(client.get(url(link, "?range=7d")))

    for address in links_of(page):
        path = urlsplit(address).path
        assert path in {"", url(link), "/i18n/setlang/"} or path.startswith("/static/"), address


def test_a_link_of_an_article_shows_that_article_alone(client, visited, take):
    other = Pixel.objects.create(project=visited.project, title="Unpublished plans")
    take(*visits(other, 100))
    page = text_of(client.get(url(share(visited, pixel=visited))))

    assert "Hello" in page
    assert 'data-figure="visits" data-value="7"' in page
    assert "Unpublished plans" not in page
    page = text_of(client.get(url(share(visited, pixel=visited), f"?article={other.pk}&pixel={other.pk}")))
    assert 'data-figure="visits" data-value="7"' in page
    assert "Unpublished plans" not in page


@pytest.mark.parametrize("more", ["", "embed/"])
def test_a_link_of_an_article_that_left_its_project_shows_nothing(client, visited, more):
    link = share(visited, pixel=visited, embedded_on="*")
    assert "Hello" in text_of(client.get(url(link, more)))

    visited.project = Project.objects.create(name="Second", slug="second")
    visited.save()

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
def test_unknown_revoked_and_expired_links_can_not_be_told_apart(
    client, admin_client, visited, more, django_assert_num_queries
):
    answers = {}
    for state, link in dead_links(visited).items():
        for browser in (client, admin_client):
            with django_assert_num_queries(1):
                answer = browser.get(url(link, more))
            answers[state, browser] = (answer.status_code, answer.headers.items(), unsigned(text_of(answer)))

    assert len(set(map(repr, answers.values()))) == 1
    status, _, page = answers["expired", client]
    assert status == 404
    assert "no longer shared" in page


def test_a_link_works_until_it_expires(client, visited):
    assert client.get(url(share(visited, expires_at=NOON + timedelta(seconds=1)))).status_code == 200


@pytest.mark.parametrize("key", ["%00", "x%00y", "%FF%FE", "..", "a" * 500, "'--", "%F0%9F%98%80", " "])
def test_any_key_at_all_gives_an_answer(client, visited, key):
    for path in (f"/share/{key}/", f"/share/{key}/embed/"):
        assert client.get(path).status_code == 404


@pytest.mark.parametrize(
    "query", ["?range=nonsense", "?start=2026-02-31&end=x", "?platform=%00", "?article=-1", "?country=ZZ&country=AA"]
)
def test_any_query_gives_a_page(client, visited, query):
    link = share(visited, embedded_on="*")
    for more in ("", "embed/"):
        assert client.get(url(link, more + query)).status_code == 200


def test_a_shared_page_is_only_read(client, visited):
    link = share(visited, embedded_on="*")

    assert client.put(url(link)).status_code == 405
    assert client.post(url(link, "embed/")).status_code == 405
    answer = client.post(url(link))
    assert (answer.status_code, answer.headers["Location"]) == (302, url(link))


# What is shown, and what is not

PLACES = {
    Section.HOURS: ['data-panel="hours"'],
    Section.ARTICLES: ["Hello"],
    Section.PLATFORMS: ["Medium"],
    Section.PAGES: ["blog.example.net"],
    Section.COUNTRIES: ["France", "Welsh"],
    Section.DEVICES: ["Safari", "iOS", "Phone"],
}


@pytest.mark.parametrize("shown", [Section.TREND, *PLACES])
def test_a_section_that_is_not_shown_is_nowhere_in_the_page(client, visited, shown):
    page = text_of(client.get(url(share(visited, shown))))
    for section, words in PLACES.items():
        for word in words:
            assert (word in page) == (section == shown), (section, word)
    assert ('data-panel="trend"' in page) == (shown == Section.TREND)


def test_a_link_that_shows_nothing_has_the_key_figures_alone(client, visited):
    page = text_of(client.get(url(share(visited, shows=[]))))

    assert 'data-figure="visits" data-value="7"' in page
    assert "data-panel=" not in page


@pytest.mark.parametrize(
    "query", ["country=FR", "country=DE", "browser=Firefox", "platform=medium", "page=blog.example.net/hello"]
)
def test_a_filter_by_what_is_not_shown_changes_nothing(client, visited, take, query):
    link = share(visited, Section.TREND)
    take(*visits(visited, 3, placement="dev-to", country="DE"))

    page = text_of(client.get(url(link, f"?range=30d&{query}")))

    assert 'data-figure="visits" data-value="10"' in page
    for word in ("Germany", "France", "Medium", "Hello"):
        assert word not in page


@pytest.mark.parametrize("panel", ["articles", "platforms", "pages", "countries", "languages", "browsers"])
def test_a_whole_list_that_is_not_shown_is_not_there_either(client, visited, panel):
    page = text_of(client.get(url(share(visited, Section.TREND), f"?all={panel}")))

    assert re.findall('data-panel="([^"]+)"', page) == ["trend"]


def test_a_filter_by_what_is_shown_filters(client, visited, take):
    take(*visits(visited, 3, placement="dev-to"))
    page = text_of(client.get(url(share(visited, Section.PLATFORMS), "?platform=dev-to")))

    assert 'data-figure="visits" data-value="3"' in page


def test_a_trend_without_platforms_is_one_line(client, visited, take):
    take(*visits(visited, 3, placement="dev-to"))
    for more in ("", "embed/"):
        address = url(share(visited, Section.TREND, embedded_on="*"), f"{more}?trend=stack")
        painted = json.loads(
            re.search(r'id="trend-data" type="application/json">(.*?)</script>', text_of(client.get(address)))[1]
        )
        assert [series["label"] for series in painted["series"]] == ["Visits"]
        assert "marks" not in painted


def test_articles_without_platforms_are_not_split_by_them(client, visited):
    page = text_of(client.get(url(share(visited, Section.ARTICLES, Section.TREND))))

    assert "Hello" in page
    assert "Medium" not in page


# The password


def enter(client: Client, link: ShareLink, password: str = PASSWORD, query: str = "", **headers: str):
    return client.post(url(link, query), {"password": password}, **headers)


def test_a_password_is_asked_before_anything_is_said(client, visited):
    link = share(visited, password=PASSWORD)
    page = text_of(client.get(url(link)))

    assert 'type="password"' in page
    for word in ("Blog", "Hello", "Medium", "For Bo", "data-figure"):
        assert word not in page


def test_the_right_password_opens_the_page_and_is_remembered(client, visited):
    link = share(visited, password=PASSWORD)

    answer = enter(client, link, query="?range=7d")

    assert (answer.status_code, answer.headers["Location"]) == (302, url(link, "?range=7d"))
    cookie = answer.cookies["shared"]
    assert cookie["path"] == url(link)
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert "sessionid" not in answer.cookies
    page = text_of(client.get(url(link)))
    assert "data-figure" in page
    assert link.password not in page
    assert PASSWORD not in page


def test_a_wrong_password_opens_nothing(client, visited):
    link = share(visited, password=PASSWORD)
    for wrong in ("", "A good password", PASSWORD + " ", "x" * 5000, "\0"):
        answer = enter(client, link, wrong)
        assert "That is not the password" in text_of(answer)
        assert "shared" not in answer.cookies
        assert link.password not in text_of(answer)
    assert "data-figure" not in text_of(client.get(url(link)))


def test_the_password_needs_its_form(visited):
    client = Client(enforce_csrf_checks=True)
    link = share(visited, password=PASSWORD)
    assert enter(client, link).status_code == 403

    page = text_of(client.get(url(link)))
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    answer = client.post(url(link), {"password": PASSWORD, "csrfmiddlewaretoken": token[1]})
    assert answer.status_code == 302


def test_who_blocks_cookies_is_told_so_on_a_page_of_ours(visited):
    client = Client(enforce_csrf_checks=True, headers={"accept-language": "de"})
    link = share(visited, password=PASSWORD)

    answer = enter(client, link)

    assert answer.status_code == 403
    page = text_of(answer)
    assert '<html lang="de"' in page
    assert "<style" not in page
    assert "/static/css/site.css" in page
    for word in ("Blog", "Hello", "data-figure"):
        assert word not in page
    with translation.override("en"):
        assert "Allow cookies for this site" in render_to_string("403_csrf.html")


def test_the_log_holds_no_key_of_a_link(visited):
    [stderr] = [handler for handler in logging.getLogger("django").handlers if handler.get_name() == "stderr"]
    link = share(visited, password=PASSWORD)
    written = StringIO()
    before = stderr.setStream(written)
    try:
        enter(Client(enforce_csrf_checks=True), link)
        Client().get(url(ShareLink(key="x" * 32), "embed/"))
        Client().put(url(link))
        try:
            raise ValueError(f"of {url(link)}embed/")
        except ValueError:
            logging.getLogger("django.request").exception("Of %s, %d", {"path": url(link)}, 7)
    finally:
        stderr.setStream(before)

    text = written.getvalue()
    assert link.key not in text
    assert "x" * 32 not in text
    assert "Forbidden (CSRF cookie not set.): /share/…/\n" in text
    assert "Not Found: /share/…/embed/\n" in text
    assert "Of {'path': '/share/…/'}, 7\n" in text
    assert "ValueError: of /share/…/embed/\n" in text


def test_another_password_shuts_out_who_came_in_with_the_old_one(client, visited):
    link = share(visited, password=PASSWORD)
    enter(client, link)
    assert "data-figure" in text_of(client.get(url(link)))

    link.set_password(PASSWORD)  # the same words anew
    link.save()

    assert "data-figure" not in text_of(client.get(url(link)))


def test_revoking_shuts_out_who_came_in(client, visited):
    link = share(visited, password=PASSWORD)
    enter(client, link)

    ShareLink.objects.update(revoked_at=NOON)

    assert client.get(url(link)).status_code == 404


def test_the_cookie_of_one_link_opens_no_other(client, visited):
    link, other = share(visited, password=PASSWORD), share(visited, password=PASSWORD)
    proof = enter(client, link).cookies["shared"].value

    for value in (proof, "", "1", "é"):
        client.cookies["shared"] = value
        assert "data-figure" not in text_of(client.get(url(other)))


def test_wrong_passwords_are_soon_refused_to_an_address_and_no_other(client, visited, monkeypatch):
    monkeypatch.setattr("django_ratelimit.core.time.time", lambda: NOON.timestamp())
    link, other = share(visited, password=PASSWORD), share(visited, password=PASSWORD)
    for _ in range(10):
        assert enter(client, link, "guess").status_code == 200

    answer = enter(client, link)
    assert answer.status_code == 429
    assert re.search(r"Too many tries. Wait \d+ minutes?, then try again.", text_of(answer))
    assert 0 < int(answer.headers["Retry-After"]) <= 600
    assert enter(client, other).status_code == 302
    assert enter(Client(REMOTE_ADDR="192.0.2.7"), link).status_code == 302

    monkeypatch.setattr("django_ratelimit.core.time.time", lambda: NOON.timestamp() + 601)
    assert enter(client, link).status_code == 302


def test_an_ipv6_network_counts_as_one_address(visited, monkeypatch):
    monkeypatch.setattr("django_ratelimit.core.time.time", lambda: NOON.timestamp())
    link = share(visited, password=PASSWORD)
    for number in range(10):
        assert enter(Client(REMOTE_ADDR=f"2001:db8:1:2::{number}"), link, "guess").status_code == 200

    assert enter(Client(REMOTE_ADDR="2001:db8:1:2:3::4"), link).status_code == 429
    assert enter(Client(REMOTE_ADDR="2001:db8:1:3::4"), link).status_code == 302


def test_the_address_is_that_of_the_trusted_hop(visited, monkeypatch, settings):
    monkeypatch.setattr("django_ratelimit.core.time.time", lambda: NOON.timestamp())
    settings.TRUSTED_PROXIES = 1
    link = share(visited, password=PASSWORD)
    for number in range(10):
        enter(Client(), link, "guess", headers={"X-Forwarded-For": f"203.0.113.{number}, 198.51.100.1"})

    assert enter(Client(), link, headers={"X-Forwarded-For": "203.0.113.99, 198.51.100.1"}).status_code == 429
    assert enter(Client(), link, headers={"X-Forwarded-For": "203.0.113.99, 198.51.100.2"}).status_code == 302


def test_wrong_passwords_of_many_addresses_are_refused_too(visited, monkeypatch):
    monkeypatch.setattr("django_ratelimit.core.time.time", lambda: NOON.timestamp())
    link = share(visited, password=PASSWORD)
    for number in range(100):
        assert enter(Client(REMOTE_ADDR=f"198.51.100.{number}"), link, "guess").status_code == 200

    assert enter(Client(REMOTE_ADDR="192.0.2.7"), link).status_code == 429


def test_right_passwords_of_many_readers_are_no_reason_to_refuse_one(visited, monkeypatch):
    monkeypatch.setattr("django_ratelimit.core.time.time", lambda: NOON.timestamp())
    link = share(visited, password=PASSWORD)
    for number in range(110):
        assert enter(Client(REMOTE_ADDR=f"198.51.100.{number}"), link).status_code == 302


def test_who_was_let_in_stays_in_while_others_guess(client, visited, monkeypatch):
    monkeypatch.setattr("django_ratelimit.core.time.time", lambda: NOON.timestamp())
    link = share(visited, password=PASSWORD)
    enter(client, link)
    for number in range(101):
        enter(Client(REMOTE_ADDR=f"198.51.100.{number}"), link, "guess")

    assert "data-figure" in text_of(client.get(url(link)))


def test_no_address_reaches_the_cache(visited, monkeypatch, settings):
    settings.SHARE_RATE_LIMIT = (9, 60)
    kept = []
    monkeypatch.setattr(
        "collector.intake.rate_limits.get_usage", lambda *_, **asked: kept.append(asked["key"]("", None)) or ALLOWED
    )
    enter(Client(REMOTE_ADDR="203.0.113.7"), share(visited, password=PASSWORD), "guess")

    assert len(kept) == 4
    assert not any("203.0.113" in value for value in kept)


ALLOWED = {"count": 0, "limit": 10, "should_limit": False, "time_left": 60}


def test_nobody_gets_in_while_tries_can_not_be_counted(client, visited, monkeypatch, caplog):
    def away(*args: object, **options: object) -> None:
        raise ConnectionError("away")

    monkeypatch.setattr("collector.intake.rate_limits.get_usage", away)
    answer = enter(client, share(visited, password=PASSWORD))

    assert answer.status_code == 429
    assert "The rate limit can't count a request (away)" in caplog.text


# How often, and how much


@pytest.mark.parametrize("more", ["", "embed/"])
def test_who_asks_too_often_is_told_when_to_ask_again(client, visited, settings, monkeypatch, more):
    monkeypatch.setattr("django_ratelimit.core.time.time", lambda: NOON.timestamp())
    settings.SHARE_RATE_LIMIT = (2, 60)
    link = share(visited, embedded_on="*")
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


def test_shared_pages_are_there_while_requests_can_not_be_counted(client, visited, settings, monkeypatch, caplog):
    def away(*args: object, **options: object) -> None:
        raise ConnectionError("away")

    settings.SHARE_RATE_LIMIT = (1, 60)
    monkeypatch.setattr("collector.intake.rate_limits.get_usage", away)
    assert [client.get(url(share(visited))).status_code for _ in range(2)] == [200, 200]
    assert "The rate limit can't count a request (away)" in caplog.text


def test_no_stranger_has_the_pages_of_a_long_range_ranked(client, visited, viewer):
    link = share(visited)
    long, short = "?start=2026-08-22&end=2026-11-22", "?start=2026-08-23&end=2026-11-22"
    said = "A shared page lists pages for ranges of up to 92 days."

    for query, is_listed in ((long, False), (short, True)):
        page = text_of(client.get(url(link) + query))
        assert ('data-panel="pages"' in page, said in page) == (is_listed, not is_listed)
        assert ("blog.example.net/hello" in page) is is_listed
    assert 'data-panel="countries"' in text_of(client.get(url(link) + long))
    assert "blog.example.net/hello" not in text_of(client.get(f"{url(link)}{long}&all=pages"))
    assert said not in text_of(client.get(url(share(visited, Section.TREND)) + long))
    client.force_login(viewer)
    page = text_of(client.get(f"/projects/blog/{long}"))
    assert ('data-panel="pages"' in page, said in page) == (True, False)


# In a frame


def ancestors(answer) -> list[str]:
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";"))
    return policy["frame-ancestors"].split()


@pytest.mark.parametrize(
    ("embedded_on", "sites"),
    [
        ("*", ["*"]),
        ("https://blog.example.org", ["https://blog.example.org"]),
        ("https://blog.example.org\nhttp://localhost:8001", ["https://blog.example.org", "http://localhost:8001"]),
    ],
)
def test_a_chart_may_stand_in_frames_of_the_sites_that_its_link_names(client, visited, embedded_on, sites):
    answer = client.get(url(share(visited, embedded_on=embedded_on), "embed/"))

    assert answer.status_code == 200
    assert ancestors(answer) == sites
    assert "X-Frame-Options" not in answer.headers
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    assert not answer.cookies


@pytest.mark.parametrize(
    "fields",
    [{"embedded_on": ""}, {"embedded_on": "*", "password": PASSWORD}, {"embedded_on": "*", "shows": ["hours"]}],
)
def test_a_link_that_can_not_be_framed_looks_like_none(client, visited, fields):
    answer, unknown = client.get(url(share(visited, **fields), "embed/")), client.get("/share/unknown/embed/")

    assert answer.status_code == 404
    assert text_of(answer) == text_of(unknown)
    assert answer.headers.items() == unknown.headers.items()


def test_only_the_frame_may_be_framed(client, visited):
    link = share(visited, embedded_on="*")
    for more in ("", "?embed=1"):
        assert client.get(url(link, more)).headers["X-Frame-Options"] == "DENY"
        assert ancestors(client.get(url(link, more))) == ["'none'"]


def test_a_frame_shows_the_trend_and_the_total_and_nothing_else(client, visited, take):
    take(*visits(visited, 4, at="2026-10-01T10:00"))
    link = share(visited, embedded_on="*")
    page = text_of(client.get(url(link, "embed/?range=all")))

    assert re.findall(r'data-figure="(\w+)" data-value="(\d+)"', page) == [("visits", "11")]
    assert re.findall(r'data-panel="(\w+)"', page) == ["trend"]
    assert 'data-value="7"' in text_of(client.get(url(link, "embed/?range=7d")))
    for word in ("France", "Firefox", "blog.example.net", "<form", "/admin/", "sharelink"):
        assert word not in page


def test_a_frame_of_an_article_is_headed_by_it(client, visited):
    page = text_of(client.get(url(share(visited, pixel=visited, embedded_on="*"), "embed/")))

    assert "<h1>Hello</h1>" in page
    assert "Blog" not in page


def test_a_frame_may_be_told_its_theme(client, visited):
    link = share(visited, embedded_on="*")

    assert 'data-theme="dark"' in text_of(client.get(url(link, "embed/?theme=dark")))
    assert "data-theme" not in text_of(client.get(url(link, "embed/?theme=%22onload=x")))


# What the pages cost


@pytest.mark.parametrize(("more", "queries"), [("", 19), ("embed/", 7)])
def test_shared_pages_ask_as_many_queries_at_any_traffic(
    client, visited, take, more, queries, django_assert_num_queries
):
    link = share(visited, embedded_on="*")
    for number in (12, 40):
        pixels = [Pixel.objects.create(project=visited.project, title=f"Article {place}") for place in range(number)]
        days = [f"2026-{10 + day // 30}-{1 + day % 30:02}T10:00" for day in range(20, 50)]
        take(*[one for pixel, day in zip(pixels, cycle(days)) for one in visits(pixel, number, day)])
        take(*visits(visited, 3, "2026-10-10T10:00", placement=f"site-{number}", country="DE"))
        cache.clear()  # of what is remembered of days that are over
        with django_assert_num_queries(queries):
            client.get(url(link, more))


def test_what_is_not_shown_is_not_asked_for(client, visited, django_assert_num_queries):
    with django_assert_num_queries(11):
        client.get(url(share(visited, shows=[])))
