"""Who asked: the client's address from the trusted hop, and its country. The address goes no further than this."""

import logging
from collections.abc import Callable
from functools import cache
from socket import AF_INET, AF_INET6, inet_ntop, inet_pton

import iptocc
import maxminddb
from django.conf import settings

logger = logging.getLogger(__name__)

_MAPPED = bytes(10) + b"\xff\xff"  # ::ffff:0:0/96, IPv4 within IPv6 (RFC 4291, 2.5.5.2)


def client_address(peer: str, forwarded_for: bytes, trusted_proxies: int) -> str:
    """Return the client's address as text, IPv4-mapped ones unmapped; an empty string where nobody can tell.

    `trusted_proxies` hops in front of us append to `X-Forwarded-For`, so the address that the outermost of them saw is
    that many places from the right; what stands further left, the client wrote itself. With 0 the socket is believed.
    """
    if trusted_proxies and forwarded_for:
        hops = forwarded_for.decode("latin-1").split(",")
        return _canonical(hops[-trusted_proxies if len(hops) >= trusted_proxies else 0].strip())
    return _canonical(peer)


def _canonical(address: str) -> str:
    if address.startswith("["):  # [2001:db8::1]:4711
        address = address[1:].partition("]")[0]
    elif address.count(":") == 1:  # 192.0.2.1:4711
        address = address.partition(":")[0]
    try:
        if ":" not in address:
            inet_pton(AF_INET, address)  # takes nothing but the one way to write it
            return address
        packed = inet_pton(AF_INET6, address.partition("%")[0])
    except (OSError, ValueError):
        return ""
    if packed.startswith(_MAPPED):
        return inet_ntop(AF_INET, packed[len(_MAPPED) :])
    return inet_ntop(AF_INET6, packed)


@cache
def country_lookup() -> Callable[[str], str]:
    """Return the function from an address to its ISO 3166 country code, or an empty string.

    It reads the MMDB that `GEOIP_DB` names (`country_code`, or `country.iso_code` as MaxMind writes it), and without
    one the registries' own data in `iptocc`. A database that is missing or broken is reported once; no country then.
    """
    path = settings.GEOIP_DB
    if not path:
        return lambda address: iptocc.country_code(address) or ""
    try:
        reader = maxminddb.open_database(path)
    except (OSError, ValueError, maxminddb.InvalidDatabaseError) as error:
        logger.error("GEOIP_DB %s can't be used (%s): countries stay unknown. Name an MMDB file.", path, error)
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
    """Return the country code of an address, or an empty string where it is not a matter of record."""
    return country_lookup()(address) if address else ""
