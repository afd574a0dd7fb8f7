from urllib.parse import quote

import pytest

from collector.intake.pages import is_preview, page_of
from collector.models import Dimension
from collector.storage.campaigns import campaign_of

TOKEN = "k7m2q9x4w8z3n5p6r2ab"


@pytest.fixture(autouse=True)
def public_url(settings):
    settings.PUBLIC_URL = "https://hits.example.org"
    for function in (page_of, is_preview):
        function.cache_clear()
    yield
    for function in (page_of, is_preview):
        function.cache_clear()


@pytest.mark.parametrize(
    ("referer", "host", "page"),
    [
        ("http://127.0.0.1:8000/", "127.0.0.1:8000", ""),  # Dillo, http_referer=host
        (f"http://127.0.0.1:8000/p/{TOKEN}/medium.gif", "127.0.0.1:8000", ""),  # Dillo, http_referer=path
        (f"http://127.0.0.1:8000//P/{TOKEN}/medium.gif&x", "127.0.0.1:8000", ""),
        ("http://127.0.0.1:8000", "127.0.0.1:8000", ""),
        ("http://[::1]:8000/", "[::1]:8000", ""),
        ("https://hits.example.org/", "127.0.0.1:8000", ""),  # a proxy that changes Host
        ("https://hits.example.org:443/?utm_source=x", "hits.example.org", ""),
        ("http://HITS.example.org/", "hits.example.org:80", ""),
        ("https://hits.example.org/blog/hello", "hits.example.org", "https://hits.example.org/blog/hello"),
        ("http://127.0.0.1:9000/", "127.0.0.1:8000", "http://127.0.0.1:9000/"),
        ("https://example.org/", "hits.example.org", "https://example.org/"),
        ("https://xhits.example.org/", "hits.example.org", "https://xhits.example.org/"),
        (f"https://example.org/p/{TOKEN}.gif", "hits.example.org", f"https://example.org/p/{TOKEN}.gif"),
        ("https://medium.com/", "", "https://medium.com/"),
    ],
)
def test_a_referer_that_names_the_image_or_its_host_names_no_page(referer, host, page):
    assert page_of(referer.encode(), host.encode()) == page


def test_the_front_page_of_a_site_on_our_host_is_a_page_if_the_browser_says_so():
    referer, host = b"https://hits.example.org/", b"hits.example.org"

    assert page_of(referer, host, is_same_origin=True) == "https://hits.example.org/"
    assert page_of(referer, host) == ""


@pytest.mark.parametrize(
    ("query", "campaign"),
    [
        ("utm_source=x&utm_medium=y", "utm_source=x&utm_medium=y"),
        ("utm_source=x&amp;utm_medium=y", "utm_source=x&utm_medium=y"),
        ("utm_source=x&amp;amp;utm_medium=y", "utm_source=x&utm_medium=y"),
        ("utm_source=x&amp%3Butm_medium=y", "utm_source=x&utm_medium=y"),
        ("amp;utm_source=x", "utm_source=x"),
        ("a=1;utm_source=x;utm_medium=y", "utm_source=x&utm_medium=y"),
        ("a=1?utm_source=x", "utm_source=x"),
        ("token=secret&amp;key=utm_source", ""),
        ("next=https://a.example/?utm_source", ""),
        ("xutm_source=x&amp;utm_id=7", "utm_id=7"),
        ("utm_id=7&utm_source=x&utm_campaign=y", "utm_campaign=y&utm_source=x&utm_id=7"),
    ],
)
def test_campaign_parameters_are_found_in_links_that_were_escaped_too_often(query, campaign):
    page = page_of(f"https://a.example/b?{query}".encode())
    assert page == f"https://a.example/b{'?' if campaign else ''}{campaign}"


@pytest.mark.parametrize(
    ("query", "value"),
    [
        ("utm_campaign=spring|sale", "spring|sale"),
        ("utm_campaign=a,b", "a,b"),
        ("utm_campaign=x:y", "x:y"),
        ("utm_campaign=sale!", "sale!"),
        ("utm_campaign=Summer(1)", "summer(1)"),
        ("utm_campaign=l.facebook.com/ads", "l.facebook.com/ads"),
        ("utm_campaign=@x", "@x"),
        ("utm_campaign={ad}", "{ad}"),
        ("utm_campaign=a=b", "a=b"),
        ("utm_campaign=it's", "it's"),
        ("UTM_CAMPAIGN=x", "x"),
        ("Utm_Campaign=x&utm_campaign=y", "x"),
        ("utm_campaign=spring+sale%20now", "spring sale now"),
        ("utm_campaign=a%26b%3Bc%3Fd%23e%2Bf%25g", "a&b;c?d#e+f%g"),
        ("utm_campaign=%3Cscript%3E", "<script>"),
        (f"utm_campaign={quote('双十一全场大促销活动')}", "双十一全场大促销活动"),
        (f"utm_campaign={quote('Новогодняя распродажа')}", "новогодняя распродажа"),
        ("utm_campaign=Äpfel", "äpfel"),
        (f"utm_campaign={quote('新' * 100)}", "新" * 80),
        (f"utm_campaign={quote('é' * 79)}+x", "é" * 79),
        ("utm_campaign=" + quote("a\u202eb\u2066c\u200fd") + "%00%0D%0A%7F", "a b c d"),
        ("utm_campaign=" + quote("👩\u200d💻 क\u200cष"), "👩\u200d💻 क\u200cष"),
        ("utm_campaign=\u3164\u200d\u2800", ""),
        ("utm_campaign=%20", ""),
        ("utm_campaign=", ""),
        ("utm_campaign", ""),
        ("utm_campaigns=x", ""),
    ],
)
def test_a_campaign_may_have_any_name(query, value):
    page = page_of(f"https://a.example/b?{query}".encode())

    assert campaign_of(page) == (((int(Dimension.UTM_CAMPAIGN), value),) if value else ())


def test_parameters_that_an_address_has_no_room_for_are_left_out():
    page = f"https://a.example/{'b' * 380}"
    campaign = f"utm_id={'i' * 80}&utm_campaign={'x' * 80}&utm_source=y"

    assert page_of(f"{page}?{campaign}".encode()) == f"{page}?utm_campaign={'x' * 80}&utm_source=y"
    assert page_of(f"{page}{'b' * 119}?{campaign}".encode()) == f"{page}{'b' * 114}"


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("http://localhost:3000/draft", True),
        ("https://gitlab.internal/team/tool/-/blob/main/README.md?utm_source=x", True),
        ("http://[::1]:8000/", True),
        ("https://example.org/localhost/", False),
        ("android-app://launcher/", False),  # the name of an app, not a host
        ("", False),
    ],
)
def test_pages_on_private_hosts_are_previews(page, expected):
    assert is_preview(page) == expected


@pytest.mark.parametrize(
    ("our_url", "expected"),
    [
        ("", True),
        ("https://hits.example.org", True),
        ("http://footfall.internal", False),
        ("http://10.0.0.5:8000", False),
    ],
)
def test_on_a_private_network_readers_of_private_hosts_count(settings, our_url, expected):
    settings.PUBLIC_URL = our_url
    assert is_preview("https://wiki.internal/") == expected
