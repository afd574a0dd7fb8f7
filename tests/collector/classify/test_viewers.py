"""Pages that translators, caches and archives show belong to the original."""

import pytest

from collector.classify.pages import counted_page, platform_on
from collector.classify.platforms import named_platforms, showing_others
from collector.classify.viewers import spellings, viewer_forms
from collector.storage.attribution import credit, elsewhere


@pytest.mark.parametrize("line", viewer_forms(), ids=lambda line: f"{line.slug} {line.form}")
def test_each_line_of_the_catalogue_finds_the_original_of_its_page(line):
    original = counted_page(line.original)

    assert counted_page(line.page) == original
    assert credit("", (), "", line.page) == credit("", (), "", line.original)
    assert any(spelling in line.page for spelling in spellings(original.host))
    assert line.slug in named_platforms()
    assert line.source


@pytest.mark.parametrize(
    ("page", "label"),
    [
        ("https://my--blog-example-com.translate.goog/a", "my-blog.example.com/a"),
        ("https://www-example-com.translate.goog/", "example.com/"),
        ("https://0-bcher--kva-example.translate.goog/a", "xn--bcher-kva.example/a"),
        ("https://0-en--us-example-com-0.cdn.ampproject.org/", "en-us.example.com/"),
        ("https://xn--bcher-example-wob.cdn.ampproject.org/", "xn--bcher-kva.example/"),
        ("https://cdn.ampproject.org/v/example.com/a/", "example.com/a"),
        ("https://www.google.co.uk/amp/example.com/a", "example.com/a"),
        ("https://web.archive.org/web/2026if_/http:/Example.com:80/A", "example.com/A"),
        ("https://web.archive.org/web/20260102030405/example.com/a", "example.com/a"),
        ("https://archive.is/o/AbCdE/https://example.com/a", "example.com/a"),
        ("https://r.jina.ai/https%3A%2F%2Fexample.com%2Fa%20b", "example.com/a%20b"),
        ("https://r.jina.ai/https%3A%2F%2Fexample.com%2Fa%3Fmail=x%23b", "example.com/a"),
        ("https://r.jina.ai/https%3A%2F%2Fexample.com%3Fmail=x", "example.com/"),
        ("https://web.archive.org/web/2026/https://medium-com.translate.goog/@a/b", "medium.com/@a/b"),
        ("https://r.jina.ai/https://web.archive.org/web/2026/https://example.com/?utm_source=x", "example.com/"),
    ],
)
def test_the_original_is_found_in_every_way_of_writing_it(page, label):
    assert counted_page(page).label == label


@pytest.mark.parametrize(
    ("page", "slug"),
    [
        ("https://translate.google.com/translate", "google-translate"),
        ("https://translate.googleusercontent.com/translate_c", "google-translate"),
        (f"https://{'a' * 60}-co.translate.goog/", "google-translate"),  # 63 characters: the host may begin earlier
        ("https://nodots.translate.goog/", "google-translate"),
        ("https://3xjnlgo4ar2pzc6rxl5rk4crq2ed2pzwdvgrdaghmlgoy3jfrjqa.cdn.ampproject.org/", "amp-cache"),
        ("https://xn--a-b-.cdn.ampproject.org/", "amp-cache"),
        ("https://webcache.googleusercontent.com/search", "google-cache"),
        ("https://cc.bingj.com/cache.aspx", "bing-cache"),
        ("https://archive.ph/AbCdE", "archive-today"),
        ("https://web.archive.org/", "wayback-machine"),
        ("https://web.archive.org/web/2026/localhost/a", "wayback-machine"),
        ("https://perma.cc/ABCD-1234", "perma-cc"),
        ("https://r.jina.ai/https://", "jina-reader"),
        ("https://r.jina.ai/https://a..b.com/", "jina-reader"),
        ("https://translated.turbopages.org/", "yandex-translate"),
    ],
)
def test_a_page_whose_original_is_not_known_belongs_to_its_viewer_and_is_no_copy(page, slug):
    host = counted_page(page).host

    assert platform_on(host) == slug
    assert slug in showing_others()
    assert elsewhere("medium", host) == ""


@pytest.mark.parametrize(
    ("page", "host"),
    [
        ("https://www.google.com/search", "google.com"),
        ("https://example.com/web/2026/https://medium.com/a", "example.com"),
        ("https://translate.goog.example.com/", "translate.goog.example.com"),
        ("https://example.com/amp/s/medium.com/a", "example.com"),
        ("android-app://web.archive.org/web/2026/https://medium.com/a", "web.archive.org"),
    ],
)
def test_pages_of_other_sites_are_their_own(page, host):
    assert counted_page(page).host == host


def test_an_original_is_followed_only_a_few_times():
    nested = "https://r.jina.ai/" * 50 + "https://example.com/"

    assert counted_page(nested).host == "r.jina.ai"


def test_a_copy_in_an_archive_is_seen_elsewhere_as_its_original():
    host = counted_page("https://web.archive.org/web/2026/https://copycat.example/a").host

    assert elsewhere("medium", host) == "copycat.example"
