"""Hosts: how DNS writes them, and which domain somebody registered.

The registrable domain comes from the Public Suffix List, with its private section: `a.example.co.uk` belongs to
`example.co.uk`. The list is read when it is first needed (some 0.1 s and 4 MB), so that web processes never read it.
"""

import re
from functools import cache

from publicsuffixlist import PublicSuffixList

MAX_HOST = 253  # characters (RFC 1035, 2.3.4); an unlisted host is stored as a platform
_IP_ADDRESS = re.compile(r"\[.*|.*:.*|(.*\.)?\d+")  # no name's last label is a number (RFC 3696, 2)
_APP = re.compile(r"(?:com|net|org|[a-z]{2})\.")  # how the names of Android packages begin


def plain_host(host: str) -> str:
    """Return `host` as in DNS (RFC 5890), or only in lower case if DNS could not hold it. The port is cut off."""
    host = host.lower()
    if host.startswith("["):  # an IPv6 address: no name, and with colons of its own
        return host
    host = host.partition(":")[0].rstrip(".")
    if host.isascii():
        return host
    try:
        ascii_host = host.encode("idna").decode("ascii")
    except UnicodeError:
        return host
    return ascii_host if len(ascii_host) <= MAX_HOST else host


def registrable_domain(host: str) -> str:
    """Return the domain that somebody registered for a plain `host`, by the rules of publicsuffix.org.

    IP addresses, single labels, public suffixes and what DNS can't hold stay as they are. So do names such as
    `com.example.reader`, which are an Android app's: they begin as a domain ends, and end as none does.
    """
    if "." not in host or not host.isascii() or _IP_ADDRESS.fullmatch(host):
        return host
    suffixes = _public_suffixes()
    domain: str | None = suffixes.privatesuffix(host)
    if domain is None and not suffixes.is_public(host.rpartition(".")[2]) and not _APP.match(host):
        domain = ".".join(host.split(".")[-2:])  # the list's rule for what it doesn't know
    return domain or host


@cache
def _public_suffixes() -> PublicSuffixList:
    return PublicSuffixList(accept_unknown=False)
