"""The addresses that people copy: where they begin, and who can reach them."""

from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from collector.classify.private_hosts import is_loopback_host, is_private_host


def origin_of(base: str) -> str:
    """Return the scheme and host of an address from `base_url`. Paths from `reverse` follow it."""
    parts = urlsplit(base)
    return f"{parts.scheme}://{parts.netloc}"


def address_warning(base: str, *, is_for_images: bool = True) -> str:
    """Say who can't reach an address that begins with `base`, and what to do. An empty string if all can.

    For programs (`is_for_images` is false), http is as good as https: no page forbids it.
    """
    parts = urlsplit(base)
    host, named = parts.netloc.lower(), {"address": base}
    if is_loopback_host(host):
        return _("%(address)s works only on this computer. Set PUBLIC_URL to the server’s public address.") % named
    if is_private_host(host):
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
