"""The addresses that people copy: where they begin, and who can reach them."""

import re
from ipaddress import ip_address
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

# RFC 6761 and 6762, and what routers and companies use at home (ICANN, "internal", 2024; RFC 8375).
_LOOPBACK_NAME = re.compile(r"(?:.+\.)?localhost")
_PRIVATE_NAME = re.compile(r"[^.]+|.+\.(?:local|lan|internal|intranet|home|corp|home\.arpa|test)")


def origin_of(base: str) -> str:
    """Return the scheme and host of an address from `base_url`. Paths from `reverse` follow it."""
    parts = urlsplit(base)
    return f"{parts.scheme}://{parts.netloc}"


def address_warning(base: str, *, is_for_images: bool = True) -> str:
    """Say who can't reach an address that begins with `base`, and what to do. An empty string if all can.

    For programs (`is_for_images` is false), http is as good as https: no page forbids it.
    """
    parts = urlsplit(base)
    host, named = parts.hostname or "", {"address": base}
    if _is_loopback(host):
        return _("%(address)s works only on this computer. Set PUBLIC_URL to the server’s public address.") % named
    if _is_private(host):
        return _("%(address)s works only in your own network. Set PUBLIC_URL to the server’s public address.") % named
    if is_for_images and parts.scheme == "http":
        return (
            _(
                "%(address)s is not https. On pages that use https, browsers block its images or ask for them over "
                "https. Serve Footfall over https, and set PUBLIC_URL to that address."
            )
            % named
        )
    return ""


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback or ip_address(host).is_unspecified
    except ValueError:
        return _LOOPBACK_NAME.fullmatch(host) is not None


def _is_private(host: str) -> bool:
    try:
        return not ip_address(host).is_global
    except ValueError:
        return _PRIVATE_NAME.fullmatch(host) is not None
