"""The addresses that people copy: where they begin, and who can reach them."""

import re
from ipaddress import ip_address
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from collector.classify.private_hosts import is_private_host

_LOOPBACK_NAME = re.compile(r"(?:.+\.)?localhost")  # RFC 6761, 6.3


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
    if is_private_host(parts.netloc.lower()):
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
