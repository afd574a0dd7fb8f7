"""The catalogue of publishing platforms: names, colours, hosts, proxies, and what each lets us see.

The facts are in `catalogues/`, with a source each: `platforms.toml` has the platforms where authors paste a pixel,
`hosts.tsv` the pages and apps that are only named, such as assistants and search engines.
"""

import re
import tomllib
import zlib
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from django.utils.translation import gettext, gettext_noop

DIRECT = gettext_noop("(direct)")  # nothing tells the platform
OTHER = gettext_noop("(other)")  # a placement that nobody declared, or one host too many
PLACEMENT_FORM = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
RESERVED_PLACEMENTS = frozenset({"end", "badge"})  # they mean something else in a pixel's URL
MAX_HOST = 253  # characters (RFC 1035, 2.3.4); a platform that is a host is stored
REMEMBERED = 4096  # hosts; strangers may invent any number

# The kinds of platforms that an author chooses from, in the order in which they are offered. A platform of any other
# kind is no place: nobody pastes a pixel into an image proxy. Who shows the headings translates them.
KINDS = {
    "blog": gettext_noop("Blogs and magazines"),
    "mail": gettext_noop("Newsletters and mail"),
    "code": gettext_noop("Code and packages"),
    "document": gettext_noop("Documents"),
    "forum": gettext_noop("Forums and questions"),
    "social": gettext_noop("Social networks and chat"),
    "feed": gettext_noop("Feed readers"),
    "china": gettext_noop("China"),
    "asia": gettext_noop("Elsewhere in Asia"),
}

# Platforms outside the catalogue, such as an author's own site, take one of these by their name. None is a colour of
# the catalogue; a test holds that.
SPARE_COLOURS = ("#b8860b", "#5f7a1f", "#925b50", "#8155b4", "#337382", "#b5485d", "#4d6db3", "#7f7f3a", "#a05195")
NEUTRAL_COLOUR = "#8a8a85"

# Names that are words, and not names of anybody.
WORDS = {
    DIRECT: DIRECT,
    OTHER: OTHER,
    "website": gettext_noop("Own site"),
    "newsletter": gettext_noop("Newsletter"),
    "forum": gettext_noop("Forum"),
    "image-proxy": gettext_noop("Image proxy"),
}

_CATALOGUES = Path(__file__).with_name("catalogues")


@dataclass(frozen=True, slots=True)
class Platform:
    """One publishing platform.

    `phrase` is what it lets us see, with `%(platform)s` for its name: it is translated so, once for all that share it.
    `apps` are Android packages, which stand for a host in a `Referer`; `proxies` are lower-case parts of its image
    proxies' user agents; `accepts` is html, markdown, rst, bbcode or url; `images` says who fetches them: reader,
    proxy, copy (the platform, once) or none.
    """

    slug: str
    name: str
    kind: str
    colour: str
    hosts: tuple[str, ...]
    accepts: str
    images: str
    phrase: str
    source: str
    apps: tuple[str, ...] = ()
    proxies: tuple[str, ...] = ()
    lazy: bool = False

    @property
    def sees(self) -> str:
        """Say in the active language what it lets us see."""
        return gettext(self.phrase) % {"platform": platform_name(self.slug)}


@dataclass(frozen=True, slots=True)
class NamedPlatform:
    """Pages and apps that have a name, and are no place for a pixel."""

    slug: str
    name: str
    source: str
    hosts: tuple[str, ...]


@cache
def catalogue() -> dict[str, Platform]:
    """Return every platform that a hit may name as its placement, by slug, in the catalogue's order."""
    rows = tomllib.loads(_CATALOGUES.joinpath("platforms.toml").read_text("utf-8"))["platform"]
    lists = ("hosts", "apps", "proxies")
    return {
        row["slug"]: Platform(phrase=row.pop("sees"), **{**row, **{key: tuple(row.get(key, ())) for key in lists}})
        for row in rows
    }


@cache
def named_platforms() -> dict[str, NamedPlatform]:
    """Return the platforms that are only named, by slug."""
    lines = _CATALOGUES.joinpath("hosts.tsv").read_text("utf-8").splitlines()
    rows = (line.split("\t") for line in lines if line and not line.startswith("#"))
    return {slug: NamedPlatform(slug, name, source, tuple(hosts.split())) for slug, name, source, hosts in rows}


def platforms_by_kind() -> dict[str, list[Platform]]:
    """Return the platforms to choose a placement from, under the headings of their kinds."""
    return {
        heading: [platform for platform in catalogue().values() if platform.kind == kind]
        for kind, heading in KINDS.items()
    }


@cache
def _slugs_by_host() -> dict[str, str]:
    slugs = {host: named.slug for named in named_platforms().values() for host in named.hosts}
    slugs |= {host: platform.slug for platform in catalogue().values() for host in (*platform.hosts, *platform.apps)}
    return slugs


@lru_cache(REMEMBERED)
def platform_of_host(host: str) -> str:
    """Return the slug of the platform that `host` belongs to: of the longest known domain it is or is part of.

    `host` may have a port. An unknown one is its own platform: returned in lower case, without port and trailing dot.
    """
    slugs = _slugs_by_host()
    domain = host = _plain(host)
    while domain:
        if domain in slugs:
            return slugs[domain]
        domain = domain.partition(".")[2]
    return host


def _plain(host: str) -> str:
    """Return `host` as DNS knows it (RFC 5890), or in lower case where DNS could not."""
    host = host.lower()
    if not host.startswith("["):  # an IPv6 address has colons of its own
        host = host.partition(":")[0]
    host = host.removesuffix(".")
    if host.isascii():
        return host
    try:
        known = host.encode("idna").decode("ascii")
    except UnicodeError:
        return host
    return known if len(known) <= MAX_HOST else host


@cache
def lazy_platforms() -> frozenset[str]:
    """Return the slugs of the platforms where read-through can't be told."""
    return frozenset(platform.slug for platform in catalogue().values() if platform.lazy)


def platform_name(slug: str) -> str:
    """Return the name that people know a platform by, translated where it is a word; hosts are their own names."""
    if slug in WORDS:
        return gettext(WORDS[slug])
    known = catalogue().get(slug) or named_platforms().get(slug)
    return known.name if known else slug


def platform_colour(slug: str) -> str:
    """Return a platform's colour, the same on every page; those outside the catalogue take a spare one."""
    known = catalogue().get(slug)
    if known:
        return known.colour
    if slug in {DIRECT, OTHER}:
        return NEUTRAL_COLOUR
    return SPARE_COLOURS[zlib.crc32(slug.encode()) % len(SPARE_COLOURS)]
