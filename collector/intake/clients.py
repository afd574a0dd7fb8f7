"""The client of a request: its address as the trusted proxy saw it, its network and its country."""

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cache, lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from socket import AF_INET, AF_INET6, inet_ntop, inet_pton
from typing import NamedTuple

import iptocc
import maxminddb
from django.conf import settings
from django.http import HttpRequest

from collector.intake.geofeeds import IPV4_MAPPED, Geofeeds

logger = logging.getLogger(__name__)

Network = IPv4Network | IPv6Network
MAX_NETWORK_LISTS = 256  # in memory
_PRIVATE = re.compile(
    r"10\.|127\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|169\.254\.|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\."
    r"|::1$|f[cd]|fe[89ab]"
)  # RFC 1918, 6598, 3927, 4193 and 4291, and loopback
_FOR = re.compile(r'(?:^|;)\s*for=("[^"]*"|[^;,\s"]+)', re.IGNORECASE)
_HOPS = {b"x-forwarded-for": "HTTP_X_FORWARDED_FOR", b"forwarded": "HTTP_FORWARDED"}  # and what Django calls them
_6TO4 = b"\x20\x02"  # 2002::/16 (RFC 3056, 2)
_TEREDO = b"\x20\x01\x00\x00"  # 2001::/32 (RFC 4380, 4)
_NAT64 = b"\x00\x64\xff\x9b" + bytes(8)  # 64:ff9b::/96 (RFC 6052, 2.1)
_WITH_IPV4 = (_6TO4, _TEREDO, _NAT64)


def client_address(peer: str, headers: Mapping[bytes, bytes], trusted_proxies: int) -> str:
    """Return the client's address as text, or an empty string if it can't be known. IPv4-mapped addresses become IPv4.

    Each of the `trusted_proxies` in front of us appends one hop to `X-Forwarded-For` or `Forwarded` (RFC 7239). The
    hop of the outermost proxy is therefore that many places from the right, and it names the client. The client may
    have written everything further left. With 0 trusted proxies, the socket's address counts. If the two headers name
    different addresses, one is forged, and we can't know which: the result is then empty.
    """
    if not trusted_proxies:
        return _canonical(peer)
    forwarded_for = headers.get(b"x-forwarded-for")
    forwarded = headers.get(b"forwarded")
    old_style = _canonical(_hop(forwarded_for, trusted_proxies)) if forwarded_for else None
    if forwarded is None:
        return _canonical(peer) if old_style is None else old_style
    standard = _canonical(_for(_hop(forwarded, trusted_proxies)))
    return standard if old_style in {None, standard} else ""


def address_of(request: HttpRequest) -> str:
    """Return the address of a request's client, as `client_address` does."""
    headers = {
        name: request.META[key].encode("latin-1", "replace") for name, key in _HOPS.items() if key in request.META
    }
    return client_address(request.META.get("REMOTE_ADDR") or "", headers, settings.TRUSTED_PROXIES)


def came_through_other_proxies(request: HttpRequest) -> bool:
    """Whether a request names more proxies than the trusted ones. Its address may then be that of one of them."""
    hops = [request.META[key].count(",") + 1 for key in _HOPS.values() if request.META.get(key)]
    return max(hops, default=0) > settings.TRUSTED_PROXIES


def client_networks(request: HttpRequest) -> "Networks":
    """Return the networks of a request's client."""
    return networks(address_of(request))


class Networks(NamedTuple):
    """The networks of an address, as keys: for IPv4 the address, for IPv6 a prefix in hexadecimal digits.

    All addresses of a /64 are one local network, which is often one client: it chooses freely among them. A /48 is the
    most that one customer of a provider gets (RFC 6177; RIPE-690, 4.2).
    """

    local: str
    site: str


def networks(address: str) -> Networks:
    """Return the networks of an address from `client_address`.

    An address that contains an IPv4 address stands for that one, because a /64 of such addresses may be one client, or
    all clients of a server.
    """
    if ":" not in address:
        return Networks(address, address)
    packed = inet_pton(AF_INET6, address)
    if packed.startswith(_WITH_IPV4):
        ipv4 = inet_ntop(AF_INET, _ipv4_within(packed))
        return Networks(ipv4, ipv4)
    prefix = packed[:8].hex()
    return Networks(prefix, prefix[:12])


def _ipv4_within(packed: bytes) -> bytes:
    """Return the IPv4 address that an address with a prefix of `_WITH_IPV4` contains."""
    if packed.startswith(_6TO4):
        return packed[2:6]
    if packed.startswith(_TEREDO):
        return bytes(byte ^ 0xFF for byte in packed[12:])
    return packed[12:]


def _hop(header: bytes, trusted_proxies: int) -> str:
    """Return the hop that the outermost trusted proxy appended to a header; the first hop if there are fewer.

    A comma separates hops even within quotes. No address contains a comma, and a quote that the client leaves open must
    not hide what a proxy appends.
    """
    hops = header.decode("latin-1").rsplit(",", trusted_proxies)
    return hops[-trusted_proxies if len(hops) >= trusted_proxies else 0].strip()


def _for(element: str) -> str:
    """Return the `for` of one element of `Forwarded`, or an empty string if it has none."""
    match = _FOR.search(element)
    return match[1].strip('"') if match else ""


def is_private(address: str) -> bool:
    """Whether an address is private: no reader on the public internet has it."""
    return _PRIVATE.match(address) is not None


@lru_cache(MAX_NETWORK_LISTS)
def networks_of(text: str) -> tuple[Network, ...]:
    """Return the networks in a project's list, one per line.

    Forms refuse lines that can't be read. One that reached the database in another way is ignored: it must not keep the
    pixels of other projects from being looked up.
    """
    readable: list[Network] = []
    for line in text.split():
        with suppress(ValueError):
            readable.append(ip_network(line, strict=False))
    return tuple(readable)


def is_within(address: str, networks: Sequence[Network]) -> bool:
    """Whether an address is in one of the networks."""
    if not address:
        return False
    client = ip_address(address)
    return any(client.version == network.version and client in network for network in networks)


def _canonical(address: str) -> str:
    if address.startswith("["):  # [2001:db8::1]:4711
        address = address[1:].partition("]")[0]
    elif address.count(":") == 1:  # 192.0.2.1:4711
        address = address.partition(":")[0]
    try:
        if ":" not in address:
            inet_pton(AF_INET, address)  # accepts only the canonical form
            return address
        packed = inet_pton(AF_INET6, address.partition("%")[0])
    except (OSError, ValueError):
        return ""
    if packed.startswith(IPV4_MAPPED):
        return inet_ntop(AF_INET, packed[len(IPV4_MAPPED) :])
    return inet_ntop(AF_INET6, packed)


@cache
def country_lookup() -> Callable[[str], str]:
    """Return a function that maps an address to its ISO 3166 country code, or to an empty string.

    The geofeeds in `GEOIP_FEEDS` speak first. For all other addresses, it reads the MMDB file in `GEOIP_DB`
    (`country_code`, or MaxMind's `country.iso_code`), and without `GEOIP_DB` the registries' data in `iptocc`. A file
    that is missing or broken is logged once, and names no countries.
    """
    lookup = _database_lookup(settings.GEOIP_DB) if settings.GEOIP_DB else _registered_country
    if not settings.GEOIP_FEEDS:
        return lookup
    feeds = Geofeeds(settings.GEOIP_FEEDS)

    def country(address: str) -> str:
        published = feeds.country(address)
        return lookup(address) if published is None else published

    return country


def _registered_country(address: str) -> str:
    return iptocc.country_code(address) or ""


def _database_lookup(path: str) -> Callable[[str], str]:
    try:
        reader = maxminddb.open_database(path)
    except (OSError, ValueError, maxminddb.InvalidDatabaseError) as error:
        logger.error("Can't read GEOIP_DB %s (%s). Countries stay unknown. Set GEOIP_DB to an MMDB file.", path, error)
        return lambda address: ""

    def country(address: str) -> str:
        try:
            record = reader.get(address)
        except (ValueError, maxminddb.InvalidDatabaseError):
            return ""
        if not isinstance(record, dict):
            return ""
        code = record.get("country_code")
        if code is None and isinstance(record.get("country"), dict):
            code = record["country"].get("iso_code")  # type: ignore[union-attr]
        return code if isinstance(code, str) and len(code) == 2 else ""

    return country


def country_of(address: str) -> str:
    """Return the country code of an address, or an empty string if it is unknown."""
    return country_lookup()(address) if address else ""
