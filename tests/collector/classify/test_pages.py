"""One page has many addresses, and one label."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.classify.pages import MAX_LABEL, counted_page
from collector.classify.sites import sites_of

SITES = sites_of("My blog: example.com, old.example.net\nMedium: stories.example.com")


@pytest.mark.parametrize(
    ("url", "label"),
    [
        ("https://a.example/post", "a.example/post"),
        ("https://a.example/post/", "a.example/post"),
        ("http://www.a.example/post//?utm_source=x", "a.example/post"),
        ("https://A.example./Post", "a.example/Post"),
        ("https://a.example:443/post", "a.example/post"),
        ("http://a.example:80/post", "a.example/post"),
        ("https://a.example:80/post", "a.example:80/post"),
        ("https://a.example:8443/", "a.example:8443/"),
        ("https://a.example/", "a.example/"),
        ("https://a.example", "a.example/"),
        ("https://a.example/docs/index.html", "a.example/docs"),
        ("https://a.example/index.htm", "a.example/"),
        ("https://a.example/index.php", "a.example/index.php"),
        ("https://a.example/my-index.html", "a.example/my-index.html"),
        ("https://a.example/%7euser/caf%c3%a9", "a.example/~user/caf%C3%A9"),
        ("https://a.example/caf\u00e9", "a.example/caf%C3%A9"),
        ("https://a.example/a%2Fb%3F%25", "a.example/a%2Fb%3F%25"),
        ("https://a.example/100%", "a.example/100%"),
        ("https://www.example.com/post/", "example.com/post"),
        ("https://OLD.example.net/post", "example.com/post"),
        ("https://old.example.net:8080/post", "example.com:8080/post"),
        ("https://docs.example.com/post", "docs.example.com/post"),
        ("https://stories.example.com/post", "stories.example.com/post"),
        ("https://web.archive.org/web/2026/https://www.old.example.net/post", "example.com/post"),
        ("https://www.com/", "www.com/"),
        ("https://[2001:db8::1]:8080/a/", "[2001:db8::1]:8080/a"),
        ("android-app://com.example.reader/a/", "com.example.reader/a/"),
        ("https:///", "/"),
        ("(other)", "(other)"),
    ],
)
def test_addresses_of_one_page_have_one_label(url, label):
    page = counted_page(url, SITES)

    assert page.label == label
    if page.host and not url.startswith("android-app"):
        assert counted_page(f"https://{label}", SITES).label == label


@given(st.text(max_size=400), st.text(max_size=400))
def test_any_address_has_a_label_in_ascii_that_fits(host, path):
    page = counted_page(f"https://{host}/{path}", SITES)

    assert len(page.label) <= MAX_LABEL
    assert len(page.host) <= MAX_LABEL
    if page.host:
        assert page.label.isascii()


@pytest.mark.parametrize(
    ("host", "platform"),
    [
        ("example.com", "example.com"),
        ("old.example.net", "example.com"),
        ("docs.example.com", "example.com"),
        ("stories.example.com", "medium"),
        ("a.stories.example.com", "medium"),
        ("example.net", ""),
        ("notexample.com", ""),
        ("com", ""),
        ("", ""),
    ],
)
def test_a_site_has_its_hosts_and_their_subdomains(host, platform):
    assert SITES.platform_of(host) == platform
