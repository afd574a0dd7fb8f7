"""PUBLIC_URL as we write it, and what is refused."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from telemetry_site.public_url import public_url


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("", ""),
        ("https://hits.example.org", "https://hits.example.org"),
        ("https://hits.example.org/", "https://hits.example.org"),
        ("HTTPS://Hits.Example.org:443/", "https://hits.example.org"),
        ("http://hits.example.org:80", "http://hits.example.org"),
        ("http://hits.example.org:8000", "http://hits.example.org:8000"),
        ("https://www.example.org/footfall/", "https://www.example.org/footfall"),
        ("https://www.example.org/apps/Foot_fall-2.0", "https://www.example.org/apps/Foot_fall-2.0"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("http://localhost:8000", "http://localhost:8000"),
    ],
)
def test_an_address_is_written_as_browsers_write_it(text, url):
    assert public_url(text) == url


@pytest.mark.parametrize(
    "text",
    [
        *["example.org", "//example.org", "ftp://example.org", "https://", "https://user:word@example.org"],
        *["https://exa mple.org", "https://example.org:port", "https://example.org?", "https://example.org/#top"],
        *["https://[::1", 'https://a"b.example', f"https://{'a' * 64}.example"],
        *["https://example.org//a", "https://example.org/a//b", "https://example.org/..", "https://example.org/a/../b"],
        *["https://example.org/a%2Fb", "https://example.org/a b", "https://example.org/ä", "https://example.org/a;b"],
    ],
)
def test_another_address_is_refused_with_an_example_of_a_right_one(text):
    with pytest.raises(ImproperlyConfigured, match=r"such as https://hits|as in https://www"):
        public_url(text)
