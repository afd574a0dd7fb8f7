"""The embedding page that a `Referer` header names."""

import re
from collections.abc import Collection
from functools import lru_cache
from urllib.parse import urlsplit

from django.conf import settings

from collector.classify.pages import counted_page
from collector.classify.private_hosts import is_private_host
from collector.intake.badge_targets import is_for_images
from collector.intake.prefix import prefix, without_prefix
from collector.spool.line import MAX_PAGE
from collector.storage.campaigns import campaign_in, with_campaign

CACHE_SIZE = 4096  # pages
MAX_HOST = 260  # bytes of a `Host` header: a name (RFC 1035, 2.3.4) and a port
_REFERER = re.compile(
    r"(https?|android-app)://(?:[^/?#]*@)?([^/?#@\s\\]+)(/[^?#]*)?(?:\?([^#]*))?(?:#.*)?", re.IGNORECASE | re.DOTALL
)
# Parameters follow `&`; in links that were escaped once too often `&amp;` or `&amp%3B`; in some sites' links `;`; and a
# second `?` where a campaign was added to an address with a query. `&#38;` can't arrive: it begins a fragment.
_BETWEEN_PARAMETERS = re.compile(r"[&;?](?:amp%3b)*", re.IGNORECASE)
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


@lru_cache(CACHE_SIZE)
def page_of(referer: bytes, host: bytes = b"", is_same_origin: bool = False) -> str:
    """Return the embedding page of a `Referer`: scheme, host, path, and its campaign as `with_campaign` writes it.

    Credentials, fragment and all other parameters are dropped, because they may hold secrets such as a login token.

    Dillo names the image itself in `Referer`, or only its host. That says nothing of a page, so the result is empty
    where a pixel's address or the front page of our own host is named: the one in `host`, the request's `Host` header,
    or in PUBLIC_URL. A site that shares our host still has all its pages, and its front page too if the browser says
    that it loads the image for a page of the same origin (`Sec-Fetch-Site`), as Dillo does not.
    """
    match = _REFERER.fullmatch(referer.decode("utf-8", "replace"))
    if match is None:
        return ""
    scheme, named_host, path, query = match.groups()
    scheme, named_host, path = scheme.lower(), named_host.lower(), path or "/"
    if not is_same_origin and _is_our_path(path) and _is_our_host(scheme, named_host, host):
        return ""
    page = f"{scheme}://{named_host}{path}"[:MAX_PAGE]
    return with_campaign(page, campaign_in(_BETWEEN_PARAMETERS.split(query))) if query else page


@lru_cache(CACHE_SIZE)
def is_preview(page: str) -> bool:
    """Say whether only its author, and people nearby, can open a page: `page` is what `page_of` returns.

    Never so where PUBLIC_URL is itself on a private host: on an intranet, or on this computer alone, all readers are
    nearby. Nor where no page is named, as by a file that a browser opens from the disk.
    """
    scheme, _, rest = page.partition("://")
    if scheme not in _DEFAULT_PORTS or not is_private_host(rest.partition("/")[0]):
        return False
    return not is_private_host(urlsplit(settings.PUBLIC_URL).netloc)


def is_on_host(page: str, hosts: Collection[str]) -> bool:
    """Say whether a page is on one of these bare hosts, or on a subdomain of one. `page` is what `page_of` returns."""
    host = counted_page(page).bare_host if hosts else ""
    return any(f".{host}".endswith(f".{other}") for other in hosts)


def _is_our_path(path: str) -> bool:
    """Whether a path may be a pixel's or the front page's. A path beside PUBLIC_URL's is a page of another site."""
    if path == "/":
        return True
    return path.startswith(f"{prefix()}/") and is_for_images(without_prefix(path))


def _is_our_host(scheme: str, named_host: str, host: bytes) -> bool:
    port = _DEFAULT_PORTS.get(scheme, "")
    our_hosts = (host.decode("latin-1"), urlsplit(settings.PUBLIC_URL).netloc)
    return named_host.removesuffix(port) in {our_host.lower().removesuffix(port) for our_host in our_hosts if our_host}
