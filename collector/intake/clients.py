"""The client of a request: its address as the trusted proxy saw it, its network and its country."""

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache, lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from socket import AF_INET, AF_INET6, inet_ntop, inet_pton

import iptocc
import maxminddb
from django.conf import settings
from django.http import HttpRequest

logger = logging.getLogger(__name__)

Network = IPv4Network | IPv6Network
MAX_NETWORK_LISTS = 256  # in memory
_PRIVATE = re.compile(
    r"10\.|127\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|169\.254\.|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\."
    r"|::1$|f[cd]|fe[89ab]"
)  # RFC 1918, 6598, 3927, 4193 and 4291, and loopback
_FOR = re.compile(r'(?:^|;)\s*for=("[^"]*"|[^;,\s"]+)', re.IGNORECASE)
_MAPPED = bytes(10) + b"\xff\xff"  # ::ffff:0:0/96, IPv4 within IPv6 (RFC 4291, 2.5.5.2)


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


def network_of(request: HttpRequest) -> str:
    """Return the network of a request's client."""
    names = {b"x-forwarded-for": "HTTP_X_FORWARDED_FOR", b"forwarded": "HTTP_FORWARDED"}
    headers = {
        name: request.META[key].encode("latin-1", "replace") for name, key in names.items() if key in request.META
    }
    return network_of_address(client_address(request.META.get("REMOTE_ADDR") or "", headers, settings.TRUSTED_PROXIES))


def network_of_address(address: str) -> str:
    """Return an address as text; for IPv6 its /64, because all addresses of a /64 usually belong to one client."""
    if ":" not in address:
        return address
    return str(ip_network((ip_address(address), 64), strict=False))


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
    """Return the networks in a project's list, one per line."""
    return tuple(ip_network(line, strict=False) for line in text.split())


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
    if packed.startswith(_MAPPED):
        return inet_ntop(AF_INET, packed[len(_MAPPED) :])
    return inet_ntop(AF_INET6, packed)


@cache
def country_lookup() -> Callable[[str], str]:
    """Return a function that maps an address to its ISO 3166 country code, or to an empty string.

    It reads the MMDB file in `GEOIP_DB` (`country_code`, or MaxMind's `country.iso_code`). Without `GEOIP_DB` it reads
    the registries' data in `iptocc`. If the file is missing or broken, it logs that once and knows no countries.
    """
    path = settings.GEOIP_DB
    if not path:
        return lambda address: iptocc.country_code(address) or ""
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
