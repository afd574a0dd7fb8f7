"""Hosts that only people nearby can open: this computer, a private network, or names that the public DNS never has.

Not here are `.example` and `.invalid`, which nobody can open, and `.onion`, where readers are real.
"""

import re
from ipaddress import ip_address, ip_network

_LOOPBACK_NAME = re.compile(r"(?:.+\.)?localhost\.?")  # RFC 6761, 6.3
# Names, with everything below them.
_NAMES = frozenset(
    {
        "localhost",  # RFC 6761, 6.3
        "localdomain",  # `localhost.localdomain` in the hosts file of many Linux distributions
        "test",  # RFC 6761, 6.2
        "local",  # RFC 6762, 3: multicast DNS
        "home.arpa",  # RFC 8375
        "internal",  # reserved for private use by ICANN's board (resolution 2024.07.29.06)
        # RFC 6762, appendix G: in use on private networks, and never delegated
        "corp", "home", "intranet", "lan", "private",
    }
)  # fmt: skip
_NETWORKS = tuple(
    ip_network(network)
    for network in (
        "0.0.0.0/8",  # RFC 1122, 3.2.1.3: this host
        "127.0.0.0/8", "::1/128",  # loopback (RFC 1122, RFC 4291)
        "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",  # RFC 1918
        "100.64.0.0/10",  # RFC 6598: behind a provider's NAT, and overlay networks such as Tailscale
        "169.254.0.0/16", "fe80::/10",  # link-local (RFC 3927, RFC 4291)
        "fc00::/7",  # RFC 4193
        "::/128",  # RFC 4291: unspecified
    )
)  # fmt: skip


def is_private_host(host: str) -> bool:
    """Say whether a host of a URL is private. It is in lower case; a port may follow, and IPv6 is in brackets."""
    name = _without_port(host)
    try:
        address = ip_address(name)
    except ValueError:
        return _is_private_name(name.removesuffix("."))
    mapped = getattr(address, "ipv4_mapped", None) or address
    return any(mapped.version == network.version and mapped in network for network in _NETWORKS)


def is_loopback_host(host: str) -> bool:
    """Say whether a host of a URL, as in `is_private_host`, is the computer itself that asks for it."""
    name = _without_port(host)
    try:
        address = ip_address(name)
    except ValueError:
        return _LOOPBACK_NAME.fullmatch(name) is not None
    return address.is_loopback or address.is_unspecified


def _without_port(host: str) -> str:
    return host.rpartition("]")[0].removeprefix("[") if host.startswith("[") else host.partition(":")[0]


def _is_private_name(name: str) -> bool:
    """Say whether a name is private. Every public name has a dot: no top-level domain is a host (RFC 7085)."""
    labels = name.split(".")
    return bool(name) and (len(labels) == 1 or labels[-1] in _NAMES or ".".join(labels[-2:]) in _NAMES)
