"""What an embedding page counts as: its label and its host.

One page has many addresses: with `www.` or without, with a slash at its end or without, on several hosts of an author,
translated, or archived. Hits keep the address that was sent, so these rules can change, and apply to what is stored.
"""

import re
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote

from collector.classify.domains import plain_host
from collector.classify.platforms import platform_of_host
from collector.classify.sites import NO_SITES, Sites, bare_host
from collector.classify.viewers import original_of

MAX_LABEL = 255  # characters of `DailyCount.value`
REMEMBERED = 4096  # pages: strangers can invent any number
APP = "android-app"  # the scheme of a page that is shown by an Android app
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}
# What web servers send for a directory. Not `index.php`: there the query, which is dropped, says which page it is.
_DEFAULT_DOCUMENT = re.compile(r"/index\.html?$")
_ESCAPE = re.compile(r"%[0-9a-fA-F]{2}")
_PLAIN_PATH = re.compile(r"[A-Za-z0-9._~/@-]*")
_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]")
_KEPT = "%!$&'()*+,;=:@/~"  # what may stand in a path beside unreserved characters (RFC 3986, 3.3)


class CountedPage(NamedTuple):
    """A page as it is counted. `label` is host and path, such as `a.example/b`; `host` has no port.

    `bare_host` is the host of the page itself, before the sites of a project make it one with others.
    """

    label: str
    host: str
    bare_host: str


NO_PAGE = CountedPage("", "", "")


@lru_cache(REMEMBERED)
def counted_page(url: str, sites: Sites = NO_SITES) -> CountedPage:
    """Return what the page of a URL counts as in a project with these sites.

    `www.` and the port of the scheme are left out, and so are a slash at the end and the name of a default document.
    The case of a path is kept: on most servers it matters.
    """
    scheme, _, rest = url.partition("://")
    authority, slash, path = rest.partition("?")[0].partition("/")
    host, port = _host_and_port(authority)
    path = slash + path
    if scheme == APP or not host:
        return CountedPage(f"{authority}{path}"[:MAX_LABEL] or url[:MAX_LABEL], host[:MAX_LABEL], host[:MAX_LABEL])
    original, path = original_of(host, path or "/")
    port = "" if port == _DEFAULT_PORTS.get(scheme) or original != host else port
    bare = bare_host(plain_host(original))
    host = sites.canonical(bare)
    label = f"{_ascii(host + port)}{_canonical_path(path)}"
    return CountedPage(label[:MAX_LABEL], host[:MAX_LABEL], bare[:MAX_LABEL])


def page_host(url: str) -> str:
    """Return the host of a page as it was sent, without its port; empty if it has none."""
    return _host_and_port(url.partition("://")[2].partition("/")[0])[0][:MAX_LABEL]


def platform_on(host: str, sites: Sites = NO_SITES, *, is_app: bool = False) -> str:
    """Return the platform of a page's host: that of the project's site, or what the catalogues say."""
    return sites.platform_of(host) or platform_of_host(host, is_app=is_app)


def _host_and_port(authority: str) -> tuple[str, str]:
    """Split `a.example:8080` into host and `:8080`."""
    if authority.endswith("]"):  # an IPv6 address
        return authority, ""
    host, colon, port = authority.rpartition(":")
    return (host, colon + port) if host else (authority, "")


def _canonical_path(path: str) -> str:
    if not _PLAIN_PATH.fullmatch(path):
        path = quote(_ESCAPE.sub(_canonical_escape, path), safe=_KEPT)
    return _DEFAULT_DOCUMENT.sub("/", path).rstrip("/") or "/"


def _canonical_escape(escape: re.Match[str]) -> str:
    """Write an escape as RFC 3986 (6.2.2) compares it: unreserved characters plain, hexadecimal digits as capitals."""
    character = chr(int(escape[0][1:], 16))
    return character if _UNRESERVED.fullmatch(character) else escape[0].upper()


def _ascii(host: str) -> str:
    """Return a host that DNS can't hold in ASCII, as paths are written."""
    return host if host.isascii() else quote(host, safe="[]:%")
