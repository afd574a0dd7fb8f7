"""The own sites of a project: which hosts belong together, and what they are called.

One line is one site: `My blog: example.com, old.example.net`. Its hosts have the same pages, which count under the
first one; subdomains that no line names belong to the site, with pages of their own. A site whose name is that of a
platform, such as `Medium: stories.example.com`, is that platform on a host of the author. A host without a dot, as on
an intranet, is written as an address: `Wiki: http://wiki`.
"""

import re
from collections.abc import Container
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import NamedTuple

import idna
from django.utils.translation import gettext as _

from collector.classify.domains import MAX_HOST
from collector.classify.platforms import catalogue, is_listed_host, named_platforms, platform_name, platform_of_host
from collector.classify.private_hosts import is_private_host

MAX_SITES = 50
MAX_HOSTS = 50  # of a site
MAX_NAME = 100  # characters
REMEMBERED = 256  # projects
# Colon, commas and semicolon as Chinese and Japanese keyboards write them.
_EAST_ASIAN_SIGNS = str.maketrans({"\uff1a": ":", "\uff0c": ",", "\u3001": ",", "\uff1b": ","})
_SCHEME = re.compile(r"https?://", re.IGNORECASE)
_SHORT_HOST = re.compile(r"https?://([a-z][a-z0-9-]*)(?![^:/,;\s])", re.IGNORECASE)
_PORT = re.compile(r":\d{1,5}(?=[/,;\s]|$)")
_HOST = re.compile(r"(?!-)(?:[a-z0-9_-]+\.)+[a-z0-9-]*[a-z0-9]")


class Site(NamedTuple):
    """One site. `platform` is what its visits are counted as: a platform of a catalogue, or else the first host."""

    name: str
    platform: str
    hosts: tuple[str, ...]

    @property
    def is_own_platform(self) -> bool:
        """Whether it is no platform of a catalogue."""
        return self.platform == self.hosts[0]


@dataclass(frozen=True, slots=True, eq=False)
class Sites:
    """The sites of one project, which `sites_of` reads."""

    listed: tuple[Site, ...] = ()
    _by_host: dict[str, Site] = field(default_factory=dict)

    def canonical(self, host: str) -> str:
        """Return the host that the pages of `host` are counted under. Both are bare (`bare_host`)."""
        site = self._by_host.get(host)
        return site.hosts[0] if site else host

    def hosts_beside(self, host: str) -> tuple[str, ...]:
        """Return the hosts whose pages are counted under those of `host`, with itself."""
        site = self._by_host.get(host)
        return site.hosts if site else (host,)

    def has_host(self, host: str) -> bool:
        """Whether a line has this very host: strangers can invent any number of subdomains, but not this."""
        return host in self._by_host

    def platform_of(self, host: str) -> str:
        """Return the platform of the site that `host` is or belongs to, empty if it is in none."""
        domain = host
        while domain and self._by_host:
            site = self._by_host.get(domain)
            if site:
                return site.platform
            domain = domain.partition(".")[2]
        return ""

    def name_of(self, platform: str) -> str:
        """Return the name of a site by its platform; empty if that is none of these sites, or a catalogue's."""
        return next((site.name for site in self.listed if site.platform == platform and site.is_own_platform), "")

    def private_hosts(self) -> tuple[str, ...]:
        """Return those of the hosts that are private: the project has readers there."""
        return tuple(host for host in self._by_host if is_private_host(host))

    def has_platform(self, platform: str) -> bool:
        return any(site.platform == platform for site in self.listed)


NO_SITES = Sites()


class SiteError(Exception):
    """Why a line is no site. `str` says it to its author."""


@lru_cache(REMEMBERED)
def sites_of(text: str) -> Sites:
    """Return the sites of a project, the same object for the same text. Lines that are no sites are left out."""
    return read_sites(text)[0] if text else NO_SITES


def read_sites(text: str) -> tuple[Sites, list[str]]:
    """Return the sites that a text lists, and what is wrong with its other lines."""
    sites: list[Site] = []
    by_host: dict[str, Site] = {}
    problems: list[str] = []
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if len(lines) > MAX_SITES:
        problems.append(_("List at most %(limit)s sites.") % {"limit": MAX_SITES})
    for number, line in lines[:MAX_SITES]:
        try:
            site = _site(line)
            _check_once(site, sites, by_host)
        except SiteError as error:
            problems.append(_("Line %(number)s: %(problem)s") % {"number": number, "problem": error})
            continue
        sites.append(site)
        by_host |= dict.fromkeys(site.hosts, site)
    return Sites(tuple(sites), by_host), problems


def bare_host(host: str) -> str:
    """Return a host without `www.`, which is the same site in practice."""
    bare = host.removeprefix("www.")
    return bare if "." in bare else host


def _site(line: str) -> Site:
    line = line.translate(_EAST_ASIAN_SIGNS)
    short_hosts = {"localhost", *map(str.lower, _SHORT_HOST.findall(line))} - _platforms_by_name().keys()
    name, _colon, rest = _PORT.sub("", _SCHEME.sub("", line)).rpartition(":")
    words = re.split(r"[,;\s]+", rest.strip(",; \t"))
    if len(words) > MAX_HOSTS:
        raise SiteError(_("List at most %(limit)s hosts in one line.") % {"limit": MAX_HOSTS})
    if not words[0]:
        raise SiteError(_("Write hosts after the colon, such as blog.example.com."))
    hosts = tuple(dict.fromkeys(_host(word, short_hosts) for word in words))
    name = " ".join(name.split())
    if len(name) > MAX_NAME:
        raise SiteError(_("Write a name of at most %(limit)s characters.") % {"limit": MAX_NAME})
    return Site(name, _platforms_by_name().get(name.casefold()) or hosts[0], hosts)


def _host(word: str, short_hosts: Container[str]) -> str:
    """Return the bare host that a person wrote, as browsers send it (UTS 46). Only `short_hosts` need no dot."""
    host = word.removesuffix("/").removesuffix(".").lower()[: MAX_HOST + 1]
    with suppress(idna.IDNAError):  # such as of my_blog.example.com, which is a host all the same
        host = idna.encode(host, uts46=True).decode("ascii")
    if not (_HOST.fullmatch(host) or host in short_hosts) or len(host) > MAX_HOST:
        raise SiteError(_("“%(word)s” is not a host. Write one like blog.example.com.") % {"word": word[:MAX_HOST]})
    host = bare_host(host)
    if is_listed_host(host):
        platform = platform_name(platform_of_host(host))
        raise SiteError(
            _("“%(host)s” belongs to %(platform)s. List only hosts of your own.") % {"host": host, "platform": platform}
        )
    return host


def _check_once(site: Site, sites: list[Site], by_host: dict[str, Site]) -> None:
    for host in site.hosts:
        if host in by_host:
            raise SiteError(_("“%(name)s” is listed twice.") % {"name": host})
    names = {other.name.casefold() for other in sites if other.is_own_platform} - {""}
    if site.is_own_platform and site.name.casefold() in names:
        raise SiteError(_("“%(name)s” is listed twice.") % {"name": site.name})


@cache
def _platforms_by_name() -> dict[str, str]:
    """Return the slugs of all platforms by slug and by name, in lower case. The slug is stronger."""
    names = {platform.name.casefold(): slug for slug, platform in named_platforms().items()}
    names |= {platform.name.casefold(): slug for slug, platform in catalogue().items()}
    return names | {slug: slug for slug in (*named_platforms(), *catalogue())}
