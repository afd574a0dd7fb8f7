"""The catalogue of publishing platforms: names, colours, hosts, image proxies, and what each lets us see.

The facts are in `catalogues/`, each with its source. `platforms.toml` has the platforms where authors paste a pixel,
`hosts.tsv` the sites and apps that we only name, such as assistants and search engines.
"""

import re
import tomllib
import zlib
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from django.utils.translation import gettext, gettext_noop

from collector.classify.domains import plain_host, registrable_domain

DIRECT = gettext_noop("(direct)")  # nothing names the platform
OTHER = gettext_noop("(other)")  # an undeclared placement, or a host over the cap
PLACEMENT_FORM = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
RESERVED_PLACEMENTS = frozenset({"end", "badge"})  # they have another meaning in a pixel's URL
ANY_DOMAIN = ".*"  # the end of a pattern of hosts
REMEMBERED = 4096  # hosts: strangers can invent any number

# The kinds of platforms that an author chooses from, in the order of the choices. Platforms of any other kind are not
# offered: nobody pastes a pixel into an image proxy. Code that shows these headings translates them.
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

# What a platform lets us see, in a word or two, from most to least.
LEVELS = {
    "full": gettext_noop("Visits, countries, devices"),
    "visits": gettext_noop("Visits only"),
    "some": gettext_noop("Some visits"),
    "few": gettext_noop("Few visits or none"),
    "none": gettext_noop("No visits"),
}
_USUAL_LEVELS = {"reader": "full", "proxy": "visits", "copy": "few", "none": "none"}  # by `images`

# Platforms outside the catalogue, such as an author's own site, get one of these by their name. A test ensures that
# none is a colour of the catalogue.
SPARE_COLOURS = ("#b8860b", "#5f7a1f", "#925b50", "#8155b4", "#337382", "#b5485d", "#4d6db3", "#7f7f3a", "#a05195")
NEUTRAL_COLOUR = "#8a8a85"

# Platform names that are ordinary words, and so are translated.
TRANSLATED_NAMES = {
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

    `phrase` says what it lets us see, with `%(platform)s` for its name: platforms share phrases, and each is translated
    once. `apps` are Android packages, which a `Referer` names in place of a host. `proxies` are lower-case parts of the
    user agents of its image proxies. `accepts` is html, markdown, rst, bbcode or url. `images` says who fetches images:
    reader, proxy, copy (the platform, once) or none. `level`, a key of `LEVELS`, sums `phrase` up. `lazy` platforms
    load every image only when a reader comes to it.
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
    level: str
    apps: tuple[str, ...] = ()
    proxies: tuple[str, ...] = ()
    lazy: bool = False

    @property
    def sees(self) -> str:
        """What the platform lets us see, in the active language."""
        return gettext(self.phrase) % {"platform": platform_name(self.slug)}

    @property
    def instead(self) -> str:
        """What an author can do to have readers counted, in the active language. Empty where the pixel counts them.

        Also empty for mail and feed readers, which the author of a newsletter does not choose.
        """
        if self.level not in {"few", "none"} or self.kind in {"mail", "feed"}:
            return ""
        return gettext(_platforms_file()["instead"]) % {"platform": platform_name(self.slug)}


@dataclass(frozen=True, slots=True)
class NamedPlatform:
    """Sites and apps that we only name: nobody pastes a pixel there.

    `hosts` are hosts with their subdomains, Android packages, and patterns of hosts, as hosts.tsv explains.
    """

    slug: str
    name: str
    kind: str
    source: str
    hosts: tuple[str, ...]


@cache
def _platforms_file() -> dict[str, Any]:
    return tomllib.loads(_CATALOGUES.joinpath("platforms.toml").read_text("utf-8"))


@cache
def catalogue() -> dict[str, Platform]:
    """Return every platform of the catalogue by slug, in its order. Each slug may be a placement."""
    return {row["slug"]: _platform(row) for row in _platforms_file()["platform"]}


def _platform(row: dict[str, Any]) -> Platform:
    """Return the platform of a table in platforms.toml."""
    lists = {key: tuple(row.get(key, ())) for key in ("hosts", "apps", "proxies")}
    defaults = {"phrase": row["sees"], "level": _USUAL_LEVELS[row["images"]]}
    return Platform(**{**defaults, **{key: value for key, value in row.items() if key != "sees"}, **lists})


def usual_platforms() -> list[str]:
    """Return the slugs of the platforms to offer first to somebody who has not published anything here."""
    return list(_platforms_file()["usual"])


def preselected_platforms() -> dict[str, list[str]]:
    """Return which platforms to pick in advance for a new pixel, by its kind."""
    return dict(_platforms_file()["preselected"])


@cache
def named_platforms() -> dict[str, NamedPlatform]:
    """Return the platforms that we only name, by slug."""
    lines = _CATALOGUES.joinpath("hosts.tsv").read_text("utf-8").splitlines()
    rows = (line.split("\t") for line in lines if line and not line.startswith("#"))
    return {
        slug: NamedPlatform(slug, name, kind, source, tuple(hosts.split())) for slug, name, kind, source, hosts in rows
    }


def is_named(platform: str) -> bool:
    """Whether a catalogue names this platform: strangers can't invent it."""
    return platform in catalogue() or platform in named_platforms()


def is_listed_host(host: str) -> bool:
    """Whether a catalogue lists this very host, and not only one that it belongs to: strangers can't invent it."""
    return host in _slugs_by_host()


@cache
def showing_others() -> frozenset[str]:
    """Return the slugs of the platforms that show pages of other sites: mail, feed readers, translators and caches."""
    platforms: tuple[Platform | NamedPlatform, ...] = (*catalogue().values(), *named_platforms().values())
    return frozenset(platform.slug for platform in platforms if platform.kind in {"mail", "feed", "viewer"})


def platforms_by_kind() -> dict[str, list[Platform]]:
    """Return the platforms that an author can choose as placements, by the heading of their kind."""
    return {
        heading: [platform for platform in catalogue().values() if platform.kind == kind]
        for kind, heading in KINDS.items()
    }


@cache
def _slugs_by_host() -> dict[str, str]:
    """Return slugs by hosts, apps, and patterns such as `webmail.*`, whose first label is no pattern."""
    slugs = {host: named.slug for named in named_platforms().values() for host in named.hosts}
    slugs |= {host: platform.slug for platform in catalogue().values() for host in (*platform.hosts, *platform.apps)}
    return slugs


@cache
def _patterns() -> dict[str, list[tuple[re.Pattern[str], str]]]:
    """Return patterns of whole hosts and their slugs, by the domain that follows a pattern's last `*`.

    By an empty string: patterns that end with `*`.
    """
    patterns: dict[str, list[tuple[re.Pattern[str], str]]] = {}
    for host, slug in _slugs_by_host().items():
        if "*" not in host.removesuffix(ANY_DOMAIN):
            continue
        labels = re.escape(host.removesuffix(ANY_DOMAIN)).replace(r"\*", "[^.]*")
        domain = host.rpartition("*")[2].partition(".")[2]
        pattern = rf"(?:.+\.)?{labels}" if domain else rf"{labels}\..+"
        patterns.setdefault(domain, []).append((re.compile(pattern), slug))
    return patterns


@lru_cache(REMEMBERED)
def platform_of_host(host: str, *, is_app: bool = False) -> str:
    """Return the slug of the platform of `host`, by the longest domain in the catalogues that it is or belongs to.

    `host` may have a port. What no catalogue names is a platform of its own: the registrable domain of a host (see
    `domains`), in lower case and without port and trailing dot, or the whole Android package (`is_app`).
    """
    host = plain_host(host)
    slug = _slug_by_domain(host)
    if slug:
        return slug
    registrable = host if is_app else registrable_domain(host)
    if host == registrable:
        return host
    any_domain = _slugs_by_host().get(host.partition(".")[0] + ANY_DOMAIN)
    return any_domain or _by_pattern(host, _patterns().get("")) or registrable


@lru_cache(REMEMBERED)
def named_platform_of_host(host: str) -> str:
    """Return the slug of the platform whose domain `host` is or belongs to, empty if no catalogue names its domain.

    Of `webmail.example` the catalogues only name the first label: strangers can invent any number of such hosts.
    """
    return _slug_by_domain(plain_host(host))


def _slug_by_domain(host: str) -> str:
    slugs, patterns = _slugs_by_host(), _patterns()
    domain = host
    while domain:
        slug = _by_pattern(host, patterns.get(domain)) or slugs.get(domain)
        if slug:
            return slug
        domain = domain.partition(".")[2]
    return ""


def _by_pattern(host: str, patterns: list[tuple[re.Pattern[str], str]] | None) -> str:
    for pattern, slug in patterns or ():
        if pattern.fullmatch(host):
            return slug
    return ""


@cache
def lazy_platforms() -> frozenset[str]:
    """Return the slugs of the platforms that load every image late: there we can't compute read-through."""
    return frozenset(platform.slug for platform in catalogue().values() if platform.lazy)


def platform_name(slug: str) -> str:
    """Return the name of a platform for people. Ordinary words are translated; a host is its own name."""
    if slug in TRANSLATED_NAMES:
        return gettext(TRANSLATED_NAMES[slug])
    platform = catalogue().get(slug) or named_platforms().get(slug)
    return platform.name if platform else slug


def platform_colour(slug: str) -> str:
    """Return a platform's colour, the same everywhere. Platforms outside the catalogue get a spare one."""
    platform = catalogue().get(slug)
    if platform:
        return platform.colour
    if slug in {DIRECT, OTHER}:
        return NEUTRAL_COLOUR
    return SPARE_COLOURS[zlib.crc32(slug.encode()) % len(SPARE_COLOURS)]
