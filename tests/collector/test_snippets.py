"""The snippets that authors paste."""

import html
import re

import pytest
from django.test import RequestFactory

from collector.classify.platforms import catalogue
from collector.models import Hit, Pixel, Position
from collector.models.projects import TOKEN_ALPHABET, TOKEN_LENGTH, make_token
from collector.snippets import base_url, snippet, snippets
from tests.endpoints import AsgiEndpoint, ViewEndpoint
from tests.hits import drain

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


def test_a_pixel_without_placements_has_one_snippet_for_any_platform():
    (only,) = snippets(Pixel(token="abc234", placements=[]), BASE)

    assert (only.placement, only.url) == ("", "https://hits.example.org/p/abc234.gif")
    assert only.end_url == "https://hits.example.org/p/abc234/end.gif"
    assert only.sees


def test_an_authors_own_placement_is_named_by_its_slug():
    (only,) = snippets(Pixel(token="abc234", placements=["team-wiki"]), BASE)

    assert only.platform == "team-wiki"
    assert only.sees


@pytest.mark.parametrize(
    ("placement", "forms"),
    [
        ("medium", ["html", "markdown", "rst", "bbcode", "url"]),
        ("dev-to", ["markdown", "html", "rst", "bbcode", "url"]),
        ("pypi", ["rst", "html", "markdown", "bbcode", "url"]),
        ("forum", ["bbcode", "html", "markdown", "rst", "url"]),
        ("reddit", ["url", "html", "markdown", "rst", "bbcode"]),
        ("team-wiki", ["html", "markdown", "rst", "bbcode", "url"]),
    ],
)
def test_texts_have_every_form_and_begin_with_the_form_of_the_platform(placement, forms):
    only = snippet("abc234", placement, BASE)

    assert [form for form, _, _ in only.texts] == forms
    assert only.texts[0].text == getattr(only, only.accepts)


@pytest.mark.parametrize(
    "placement", [platform.slug for platform in catalogue().values() if platform.kind in {"mail", "feed"}]
)
def test_mail_programs_and_feed_readers_get_an_image_without_the_size_that_they_drop_trackers_by(placement):
    only = snippet("abc234", placement, BASE)

    assert only.html == f'<img src="{only.url}" alt="" referrerpolicy="no-referrer-when-downgrade">'
    assert (only.bbcode, only.markdown) == (f"[img]{only.url}[/img]", f"![]({only.url})")


@pytest.mark.parametrize("placement", ["medium", "website", "wordpress", "team-wiki", ""])
def test_other_platforms_get_an_image_with_its_size(placement):
    assert ' width="1" height="1" ' in snippet("abc234", placement, BASE).html


@pytest.mark.parametrize("placement", ["website", "github-pages", "ghost", "team-wiki", ""])
def test_the_second_image_loads_late_on_platforms_that_take_html(placement):
    only = snippet("abc234", placement, BASE)

    assert only.why_no_end == ""
    assert only.end_html == (
        f'<img src="{only.end_url}" loading="lazy" alt="" width="1" height="1" '
        'referrerpolicy="no-referrer-when-downgrade">'
    )
    assert only.end == ("end-html", "HTML", only.end_html)
    assert "lazy" not in only.html


def test_restructuredtext_has_its_own_option_to_load_the_second_image_late():
    only = snippet("abc234", "read-the-docs", BASE)

    assert only.end == ("end-rst", "reStructuredText", f".. image:: {only.end_url}\n   :alt:\n   :loading: lazy")
    assert only.end_html == ""


@pytest.mark.parametrize(
    ("placement", "reason"),
    [
        ("dev-to", "dev.to loads images for its readers"),
        ("github", "GitHub loads images for its readers"),
        ("medium", "Medium keeps its own copy of images"),
        ("reddit", "Reddit shows no images of other sites"),
        ("newsletter", "mail programs load all images"),
        ("netnewswire", "each feed reader decides when"),
        ("stack-exchange", "on Stack Exchange, snippets can't"),
        ("forum", "snippets can't make an image load late"),
    ],
)
def test_a_platform_without_a_second_image_gives_the_reason(placement, reason):
    only = snippet("abc234", placement, BASE)

    assert reason in only.why_no_end
    assert (only.end, only.end_html, only.end_rst) == (None, "", "")


def test_only_platforms_where_readers_load_images_get_a_second_image():
    with_second_image = [platform for platform in catalogue().values() if snippet("abc234", platform.slug, BASE).end]

    assert len(with_second_image) >= 15
    assert {(platform.images, platform.lazy) for platform in with_second_image} == {("reader", False)}
    assert {platform.kind for platform in with_second_image} & {"mail", "feed"} == set()


URLS = re.compile(r"https://[^\s\"\])\[]+\.gif")


@pytest.mark.django_db(transaction=True)  # the fast path reads the database in another thread
@pytest.mark.parametrize("entry_point", [AsgiEndpoint, ViewEndpoint])
def test_the_collector_counts_every_address_in_every_form(entry_point, project, tmp_path):
    placements = [*catalogue(), "team-wiki", ""]
    # One pixel for each, because the platforms of a pixel are capped by day.
    pixels = Pixel.objects.bulk_create(Pixel(project=project, title=p, placements=["team-wiki"]) for p in placements)
    endpoint = entry_point(tmp_path / "spool")
    expected = set()
    for pixel, placement in zip(pixels, placements, strict=True):
        pasted = snippet(pixel.token, placement, BASE)
        texts = [form.text for form in (*pasted.texts, pasted.end) if form]
        urls = {html.unescape(url) for text in texts for url in URLS.findall(text)}
        assert urls == ({pasted.url, pasted.end_url} if pasted.end else {pasted.url})
        for url in urls:
            assert endpoint.get(url.removeprefix(BASE)).reason == "counted"
        expected.add((pixel.pk, placement or "(direct)", placement, Position.START))
        if pasted.end:
            expected.add((pixel.pk, placement or "(direct)", placement, Position.END))
    endpoint.close()
    drain(tmp_path / "spool")

    stored = list(Hit.objects.values_list("pixel_id", "platform", "placement", "position"))
    assert len(stored) == len(expected)
    assert set(stored) == expected


def test_html_is_escaped():
    (only,) = snippets(Pixel(token='"><b>', placements=[]), "https://example.org/a&b")

    assert 'src="https://example.org/a&amp;b/p/&quot;&gt;&lt;b&gt;.gif"' in only.html


def test_the_public_url_wins_over_the_origin_of_the_request(settings):
    request = RequestFactory().get("/admin/", headers={"host": "localhost:9000"})
    settings.PUBLIC_URL = BASE

    assert base_url(request) == BASE
    assert base_url() == BASE


def test_without_a_public_url_the_origin_of_the_request_is_used(settings):
    settings.PUBLIC_URL = ""

    assert base_url(RequestFactory().get("/", headers={"host": "localhost:9000"})) == "http://localhost:9000"
    assert base_url(RequestFactory().get("/", headers={"host": "localhost"}, secure=True)) == "https://localhost"
    assert base_url() == "http://localhost:8000"


def test_no_url_contains_a_word_that_ad_blockers_match():
    for placement in ["", *catalogue()]:
        (only,) = snippets(Pixel(token=make_token(), placements=[placement] if placement else []), BASE)
        assert not re.search("pixel|track|analytics|telemetry", only.url + only.end_url)


def test_a_token_has_at_least_80_bits_and_needs_no_escaping():
    assert len(TOKEN_ALPHABET) ** TOKEN_LENGTH >= 2**80
    assert len(set(TOKEN_ALPHABET)) == len(TOKEN_ALPHABET)
    assert re.fullmatch(r"[a-z0-9]{16,40}", make_token())


def test_tokens_differ_and_use_the_whole_alphabet():
    tokens = {make_token() for _ in range(500)}

    assert len(tokens) == 500
    assert set("".join(tokens)) == set(TOKEN_ALPHABET)


def test_each_pixel_gets_its_own_token(project):
    tokens = {Pixel.objects.create(project=project, title="x").token for _ in range(20)}

    assert len(tokens) == 20
