"""What an author pastes."""

import re

import pytest
from django.test import RequestFactory

from collector.models import Pixel
from collector.models.projects import TOKEN_ALPHABET, TOKEN_LENGTH, make_token
from collector.platforms import catalogue
from collector.snippets import base_url, snippets

BASE = "https://hits.example.org"


def test_every_placement_has_its_snippet_in_every_form():
    pixel = Pixel(title="Hello", token="abc234", placements=["medium", "dev-to"])

    first, second = snippets(pixel, BASE)

    assert first.placement == "medium"
    assert first.platform == "Medium"
    assert first.url == "https://hits.example.org/p/abc234/medium.gif"
    assert first.end_url == "https://hits.example.org/p/abc234/medium/end.gif"
    assert first.html == (
        '<img src="https://hits.example.org/p/abc234/medium.gif" alt="" width="1" height="1" '
        'referrerpolicy="no-referrer-when-downgrade">'
    )
    assert first.markdown == "![](https://hits.example.org/p/abc234/medium.gif)"
    assert first.rst == ".. image:: https://hits.example.org/p/abc234/medium.gif\n   :alt:"
    assert first.bbcode == "[img]https://hits.example.org/p/abc234/medium.gif[/img]"
    assert first.sees == catalogue()["medium"].sees
    assert second.platform == "dev.to"


def test_a_pixel_without_placements_has_one_snippet_for_anywhere():
    (only,) = snippets(Pixel(token="abc234", placements=[]), BASE)

    assert (only.placement, only.url, only.end_url) == ("", "https://hits.example.org/p/abc234.gif", "")
    assert only.sees


def test_a_placement_of_the_authors_own_is_named_by_its_slug():
    (only,) = snippets(Pixel(token="abc234", placements=["team-wiki"]), BASE)

    assert only.platform == "team-wiki"
    assert only.sees


@pytest.mark.parametrize(
    ("placement", "forms"),
    [
        ("medium", ["html", "markdown", "url"]),
        ("pypi", ["html", "markdown", "rst", "url"]),
        ("forum", ["html", "markdown", "bbcode", "url"]),
    ],
)
def test_texts_hold_the_usual_forms_and_what_the_platform_takes(placement, forms):
    (only,) = snippets(Pixel(token="abc234", placements=[placement]), BASE)

    assert [form for form, _, _ in only.texts] == forms


def test_html_is_escaped():
    (only,) = snippets(Pixel(token='"><b>', placements=[]), "https://example.org/a&b")

    assert 'src="https://example.org/a&amp;b/p/&quot;&gt;&lt;b&gt;.gif"' in only.html


def test_the_public_url_comes_before_the_requests_own_origin(settings):
    request = RequestFactory().get("/admin/", headers={"host": "localhost:9000"})
    settings.PUBLIC_URL = BASE

    assert base_url(request) == BASE
    assert base_url() == BASE


def test_without_a_public_url_the_request_tells_the_origin(settings):
    settings.PUBLIC_URL = ""

    assert base_url(RequestFactory().get("/", headers={"host": "localhost:9000"})) == "http://localhost:9000"
    assert base_url(RequestFactory().get("/", headers={"host": "localhost"}, secure=True)) == "https://localhost"
    assert base_url() == "http://localhost:8000"


def test_no_url_holds_a_word_that_blockers_match():
    for placement in ["", *catalogue()]:
        (snippet,) = snippets(Pixel(token=make_token(), placements=[placement] if placement else []), BASE)
        assert not re.search("pixel|track|analytics|telemetry", snippet.url + snippet.end_url)


def test_a_token_has_80_bits_and_more_and_needs_no_escaping():
    assert len(TOKEN_ALPHABET) ** TOKEN_LENGTH >= 2**80
    assert len(set(TOKEN_ALPHABET)) == len(TOKEN_ALPHABET)
    assert re.fullmatch(r"[a-z0-9]{16,40}", make_token())


def test_tokens_differ_and_use_the_whole_alphabet():
    tokens = {make_token() for _ in range(500)}

    assert len(tokens) == 500
    assert set("".join(tokens)) == set(TOKEN_ALPHABET)


def test_each_pixel_gets_a_token_of_its_own(project):
    tokens = {Pixel.objects.create(project=project, title="x").token for _ in range(20)}

    assert len(tokens) == 20
