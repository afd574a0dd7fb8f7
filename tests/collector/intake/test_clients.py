import logging

import pytest

from collector.intake.clients import (
    client_address,
    country_lookup,
    country_of,
    is_private,
    is_within,
    networks,
    networks_of,
)


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "trusted_proxies", "address"),
    [
        ("192.0.2.1", "", 0, "192.0.2.1"),
        ("192.0.2.1", "203.0.113.9", 0, "192.0.2.1"),
        ("10.0.0.1", "203.0.113.9", 1, "203.0.113.9"),
        ("10.0.0.1", "6.6.6.6, 203.0.113.9", 1, "203.0.113.9"),
        ("10.0.0.1", "6.6.6.6, 203.0.113.9, 10.0.0.2", 2, "203.0.113.9"),
        ("10.0.0.1", "203.0.113.9", 2, "203.0.113.9"),
        ("10.0.0.1", "", 1, "10.0.0.1"),
        ("10.0.0.1", "203.0.113.9:4711", 1, "203.0.113.9"),
        ("10.0.0.1", "[2001:db8::1]:4711", 1, "2001:db8::1"),
        ("::ffff:192.0.2.1", "", 0, "192.0.2.1"),
        ("fe80::1%eth0", "", 0, "fe80::1"),
        ("2001:DB8:0:0::1", "", 0, "2001:db8::1"),
        ("", "", 0, ""),
        ("10.0.0.1", "unknown", 1, ""),
        ("10.0.0.1", "<script>", 1, ""),
        ("/run/web.sock", "", 0, ""),
    ],
)
def test_the_client_is_the_address_that_the_trusted_proxy_saw(peer, forwarded_for, trusted_proxies, address):
    headers = {b"x-forwarded-for": forwarded_for.encode()} if forwarded_for else {}
    assert client_address(peer, headers, trusted_proxies) == address


@pytest.mark.parametrize(
    ("forwarded", "forwarded_for", "trusted_proxies", "address"),
    [
        ("for=203.0.113.9", "", 0, "10.0.0.1"),
        ("for=203.0.113.9", "", 1, "203.0.113.9"),
        ("for=6.6.6.6, for=203.0.113.9;proto=https;by=10.0.0.1", "", 1, "203.0.113.9"),
        ('for=6.6.6.6, For="[2001:db8::17]:4711";by="_b", for=10.0.0.2', "", 2, "2001:db8::17"),
        ("for=6.6.6.6, proto=https", "", 1, ""),
        ("for=_hidden", "", 1, ""),
        ("", "", 1, ""),
        ('for="6.6.6.6, for=203.0.113.9', "", 1, "203.0.113.9"),
        ('for=6.6.6.6;x=", for="[2001:db8::1]:4711"', "", 1, "2001:db8::1"),
        ('for=6.6.6.6;x=", for="192.0.2.9:1234"', "", 1, "192.0.2.9"),
        ('for=6.6.6.6;x=", for=192.0.2.9;by="_p"', "", 1, "192.0.2.9"),
        ("for=203.0.113.9", "6.6.6.6, 203.0.113.9", 1, "203.0.113.9"),
        ("for=6.6.6.6", "203.0.113.9", 1, ""),
        ("for=203.0.113.9", "6.6.6.6", 1, ""),
    ],
)
def test_forwarded_works_like_x_forwarded_for_and_a_contradiction_gives_no_address(
    forwarded, forwarded_for, trusted_proxies, address
):
    headers = {b"forwarded": forwarded.encode()}
    if forwarded_for:
        headers[b"x-forwarded-for"] = forwarded_for.encode()
    assert client_address("10.0.0.1", headers, trusted_proxies) == address


@pytest.mark.parametrize(
    ("address", "private"),
    [
        ("10.1.2.3", True), ("127.0.0.1", True), ("192.168.0.9", True), ("172.16.0.1", True), ("172.31.255.1", True),
        ("169.254.1.1", True), ("100.64.0.1", True), ("::1", True), ("fd12::1", True), ("fe80::1", True),
        ("172.32.0.1", False), ("100.128.0.1", False), ("192.169.0.1", False), ("11.0.0.1", False), ("::2", False),
        ("2001:db8::fd", False), ("", False),
    ],
)  # fmt: skip
def test_private_addresses_are_recognised(address, private):
    assert is_private(address) is private


def test_networks_contain_only_addresses_of_their_ip_version():
    networks = networks_of("203.0.113.7\n2001:db8::1/48")
    for address in ("203.0.113.7", "2001:db8:0:ffff::1"):
        assert is_within(address, networks)
    for address in ("203.0.113.8", "2001:db9::1", ""):
        assert not is_within(address, networks)


@pytest.mark.parametrize(
    ("address", "local", "site"),
    [
        ("192.0.2.7", "192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "20010db800010002", "20010db80001"),
        ("2001:db8:1:2::9", "20010db800010002", "20010db80001"),
        ("::1", "0" * 16, "0" * 12),
        ("2002:c000:204:77::1", "192.0.2.4", "192.0.2.4"),  # 6to4
        ("2001:0:4136:e378:8000:63bf:3fff:fdd2", "192.0.2.45", "192.0.2.45"),  # Teredo (RFC 4380, 2.2)
        ("64:ff9b::c000:221", "192.0.2.33", "192.0.2.33"),  # NAT64 (RFC 6052, 2.4)
        ("", "", ""),
    ],
)
def test_a_network_of_ipv6_is_a_prefix_and_an_ipv4_address_within_stands_for_itself(address, local, site):
    assert networks(address) == (local, site)


@pytest.mark.parametrize(
    ("address", "country"),
    [("8.8.8.8", "US"), ("193.0.6.139", "NL"), ("2001:4860:4860::8888", "US"), ("10.0.0.1", ""), ("::1", ""), ("", "")],
)
def test_countries_are_known_by_default_and_private_addresses_have_none(address, country):
    assert country_of(address) == country


@pytest.fixture
def geoip_db(settings):
    """Set GEOIP_DB for one test."""

    def name(path):
        settings.GEOIP_DB = str(path)
        country_lookup.cache_clear()

    yield name
    country_lookup.cache_clear()


@pytest.mark.parametrize(
    "record", [{"country_code": "ZZ"}, {"country": {"iso_code": "ZZ"}}], ids=["country_code", "country.iso_code"]
)
def test_geoip_db_is_read_in_both_common_formats(geoip_db, tmp_path, record):
    path = tmp_path / "country.mmdb"
    path.write_bytes(mmdb_for_every_address(record))
    geoip_db(path)

    assert country_of("8.8.8.8") == "ZZ"
    assert country_of("2001:4860:4860::8888") == "ZZ"


@pytest.mark.parametrize("content", [None, b"no database"], ids=["missing", "broken"])
def test_an_unusable_geoip_db_is_logged_and_countries_stay_unknown(geoip_db, tmp_path, content, caplog):
    caplog.set_level(logging.ERROR)
    path = tmp_path / "country.mmdb"
    if content is not None:
        path.write_bytes(content)
    geoip_db(path)

    assert country_of("8.8.8.8") == ""
    assert "GEOIP_DB" in caplog.text


def mmdb_for_every_address(record):
    """Return a MaxMind DB with one record for all addresses (specification: maxmind.github.io/MaxMind-DB)."""

    def text(value):
        return bytes([0x40 | len(value)]) + value.encode()

    def mapping(items):
        return bytes([0xE0 | len(items)]) + b"".join(text(key) + value for key, value in items.items())

    def uint16(value):
        return bytes([0xA2]) + value.to_bytes(2, "big")

    def value_of(value):
        return mapping({key: value_of(part) for key, part in value.items()}) if isinstance(value, dict) else text(value)

    nodes = 1
    every_address = (nodes + 16).to_bytes(3, "big") * 2  # both branches point to the first byte of the data section
    metadata = {
        "node_count": bytes([0xC4]) + nodes.to_bytes(4, "big"),
        "record_size": uint16(24),
        "ip_version": uint16(6),
        "database_type": text("Test"),
        "languages": bytes([0x00, 0x04]),
        "binary_format_major_version": uint16(2),
        "binary_format_minor_version": uint16(0),
        "build_epoch": bytes([0x01, 0x02, 0x01]),
        "description": mapping({}),
    }
    return every_address + bytes(16) + value_of(record) + b"\xab\xcd\xefMaxMind.com" + mapping(metadata)
