import logging
import random
from ipaddress import ip_address, ip_network

import pytest

from collector.intake.clients import country_lookup, country_of
from collector.intake.geofeeds import Geofeeds

FEED = """# Example
172.224.224.0/27,GB,GB-EN,London,
172.224.224.32/31,fr,FR-IDF,"Paris, France",
172.224.0.0/16,US,,,
2a02:26f7:b180::/45,DE,DE-BE,Berlin,
2a02:26f7:b180:4000::/64,JP,JP-13,Tokyo,
2a02:26f7:b180:4000::7,KR

203.0.113.0/24,,,,
198.51.100.0/24,ZZ,,,
192.0.2.1,AT
::ffff:198.18.0.0/111,CH
"""


@pytest.fixture
def feed(tmp_path):
    """Return a function that writes a file and returns the feeds in it."""

    def write(*contents: str | bytes) -> Geofeeds:
        paths = []
        for number, content in enumerate(contents):
            paths.append(tmp_path / f"{number}.csv")
            paths[-1].write_bytes(content if isinstance(content, bytes) else content.encode())
        return Geofeeds([str(path) for path in paths])

    return write


@pytest.mark.parametrize(
    ("address", "country"),
    [
        ("172.224.224.0", "GB"), ("172.224.224.31", "GB"), ("172.224.224.32", "FR"), ("172.224.224.33", "FR"),
        ("172.224.224.34", "US"), ("172.224.0.0", "US"), ("172.224.255.255", "US"), ("172.225.0.0", None),
        ("172.223.255.255", None), ("2a02:26f7:b180::1", "DE"), ("2a02:26f7:b180:4000::1", "JP"),
        ("2a02:26f7:b180:4000::7", "KR"), ("2a02:26f7:b180:4000::8", "JP"), ("2a02:26f7:b180:4001::", "DE"),
        ("2a02:26f7:b188::", None), ("203.0.113.9", ""), ("198.51.100.1", ""), ("192.0.2.1", "AT"),
        ("192.0.2.2", None), ("198.19.1.1", "CH"), ("0.0.0.0", None), ("::", None),
        ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", None), ("255.255.255.255", None),
    ],
)  # fmt: skip
def test_the_longest_prefix_names_the_country(feed, address, country):
    assert feed(FEED).country(address) == country


def test_random_nested_prefixes_are_found_as_a_search_of_all_finds_them(feed):
    rng = random.Random(1)
    prefixes = {}
    for _ in range(300):
        address = rng.randrange(1 << 12) << 20
        network = ip_network((address, rng.randrange(4, 33)), strict=False)
        prefixes.setdefault(network, rng.choice(["DE", "FR", "US", ""]))
    feeds = feed("\n".join(f"{network},{country},,," for network, country in prefixes.items()))

    for _ in range(2000):
        address = ip_address(rng.randrange(1 << 32) if rng.random() < 0.3 else rng.randrange(1 << 12) << 20)
        containing = [network for network in prefixes if address in network]
        longest = max(containing, key=lambda network: network.prefixlen, default=None)
        assert feeds.country(str(address)) == (prefixes[longest] if longest else None)


def test_of_several_files_the_longest_prefix_speaks_and_of_equal_ones_the_first(feed):
    feeds = feed("192.0.2.0/24,DE\n203.0.113.0/24,DE", "192.0.2.0/24,FR\n203.0.113.8/29,FR")

    assert [feeds.country(address) for address in ("192.0.2.9", "203.0.113.9", "203.0.113.1")] == ["DE", "FR", "DE"]


def test_broken_lines_are_ignored_and_logged_once(feed, caplog):
    caplog.set_level(logging.WARNING)
    broken = (
        "nonsense\n192.0.2.0/33,DE\n192.0.2.1/24,DE\n192.0.2.0/24,DEU\n192.0.2.0/x,DE\n,DE\n192.0.2.0/-1,DE\n\xff,DE\n"
    )
    feeds = feed("\ufeff198.51.100.0/24,FR\r\n" + broken + "203.0.113.0/24,US,\r\n", b"\xff\xfe\x00,\n")

    assert feeds.country("198.51.100.1") == "FR"
    assert feeds.country("203.0.113.1") == "US"
    assert feeds.country("192.0.2.1") is None
    assert [record.getMessage().partition(": ")[2] for record in caplog.records] == [
        "ignored 8 unreadable lines, line 2 first.",
        "ignored 1 unreadable lines, line 1 first.",
    ]


@pytest.fixture
def geoip_feeds(settings):
    """Set GEOIP_FEEDS for one test."""

    def name(*paths):
        settings.GEOIP_FEEDS = [str(path) for path in paths]
        country_lookup.cache_clear()

    yield name
    country_lookup.cache_clear()


def test_feeds_speak_before_the_registries(geoip_feeds, tmp_path):
    path = tmp_path / "feed.csv"
    path.write_text("8.8.8.0/25,DE,,Berlin,\n8.8.8.128/25,,,,\n2001:4860::/32,JP\n")
    geoip_feeds(path)

    addresses = ("8.8.8.8", "8.8.8.200", "8.8.4.4", "2001:4860:4860::8888", "193.0.6.139", "")
    assert [country_of(address) for address in addresses] == ["DE", "", "US", "JP", "NL", ""]


def test_a_missing_feed_is_logged_and_the_others_still_speak(geoip_feeds, tmp_path, caplog):
    path = tmp_path / "feed.csv"
    path.write_text("8.8.8.0/24,DE\n")
    geoip_feeds(tmp_path / "missing.csv", tmp_path, path)

    assert (country_of("8.8.8.8"), country_of("8.8.4.4")) == ("DE", "US")
    assert [record.levelname for record in caplog.records] == ["ERROR", "ERROR"]
    assert "GEOIP_FEEDS" in caplog.text
