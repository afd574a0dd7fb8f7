"""The chart of a share link in other sites' frames."""

import re

import pytest

from tests.collector.admin.browsing import text_of
from tests.dashboard.views.share_links import PASSWORD, share, url, visits

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon", "empty_cache"), pytest.mark.one_database]


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
def test_the_sites_that_a_link_names_may_frame_its_chart(client, visited_pixel, embedded_on, sites):
    answer = client.get(url(share(visited_pixel, embedded_on=embedded_on), "embed/"))

    assert answer.status_code == 200
    assert ancestors(answer) == sites
    assert "X-Frame-Options" not in answer.headers
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    assert not answer.cookies


@pytest.mark.parametrize(
    "fields",
    [{"embedded_on": ""}, {"embedded_on": "*", "password": PASSWORD}, {"embedded_on": "*", "shows": ["hours"]}],
)
def test_a_link_that_can_not_be_framed_looks_like_an_unknown_one(client, visited_pixel, fields):
    answer, unknown = client.get(url(share(visited_pixel, **fields), "embed/")), client.get("/share/unknown/embed/")

    assert answer.status_code == 404
    assert text_of(answer) == text_of(unknown)
    assert answer.headers.items() == unknown.headers.items()


def test_only_the_embedded_chart_may_be_framed(client, visited_pixel):
    link = share(visited_pixel, embedded_on="*")
    for more in ("", "?embed=1"):
        assert client.get(url(link, more)).headers["X-Frame-Options"] == "DENY"
        assert ancestors(client.get(url(link, more))) == ["'none'"]


def test_a_frame_shows_the_trend_and_the_total_and_nothing_else(client, visited_pixel, take):
    take(*visits(visited_pixel, 4, at="2026-10-01T10:00"))
    link = share(visited_pixel, embedded_on="*")
    page = text_of(client.get(url(link, "embed/?range=all")))

    assert re.findall(r'data-figure="(\w+)" data-value="(\d+)"', page) == [("visits", "11")]
    assert re.findall(r'data-panel="(\w+)"', page) == ["trend"]
    assert 'data-value="7"' in text_of(client.get(url(link, "embed/?range=7d")))
    for word in ("France", "Firefox", "blog.example.net", "<form", "/admin/", "sharelink"):
        assert word not in page


def test_a_frame_of_an_article_has_its_title_as_heading(client, visited_pixel):
    page = text_of(client.get(url(share(visited_pixel, pixel=visited_pixel, embedded_on="*"), "embed/")))

    assert "<h1>Hello</h1>" in page
    assert "Blog" not in page


def test_the_address_of_a_frame_can_name_its_theme(client, visited_pixel):
    link = share(visited_pixel, embedded_on="*")

    assert 'data-theme="dark"' in text_of(client.get(url(link, "embed/?theme=dark")))
    assert "data-theme" not in text_of(client.get(url(link, "embed/?theme=%22onload=x")))
