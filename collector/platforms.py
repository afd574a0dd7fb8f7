"""The catalogue of publishing platforms: names, colours, hosts, proxies, and what each lets us see.

The facts are in `catalogues/platforms.toml`, with a source each.
"""

import re
import tomllib
import zlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

DIRECT = "(direct)"  # nothing tells the platform
OTHER = "(other)"  # a placement that nobody declared, or one host too many
PLACEMENT_FORM = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
RESERVED_PLACEMENTS = frozenset({"end", "badge"})  # they mean something else in a pixel's URL

# Platforms outside the catalogue, such as an author's own site, take one of these by their name. None is a colour of
# the catalogue; a test holds that.
SPARE_COLOURS = ("#b8860b", "#5f7a1f", "#8c564b", "#6a3d9a", "#2f6f7e", "#b5485d", "#4d6db3", "#7f7f3a", "#a05195")
NEUTRAL_COLOUR = "#8a8a85"


@dataclass(frozen=True, slots=True)
class Platform:
    """One publishing platform. `proxy` is a lower-case part of its image proxy's user agent, or empty."""

    slug: str
    name: str
    colour: str
    hosts: tuple[str, ...]
    proxy: str
    accepts: str
    sees: str
    source: str


@cache
def catalogue() -> dict[str, Platform]:
    """Return every known platform by its slug, in the catalogue's order."""
    text = Path(__file__).with_name("catalogues").joinpath("platforms.toml").read_text("utf-8")
    rows = tomllib.loads(text)["platform"]
    return {row["slug"]: Platform(**{"proxy": "", **row, "hosts": tuple(row["hosts"])}) for row in rows}


@cache
def _slugs_by_host() -> dict[str, str]:
    return {host: platform.slug for platform in catalogue().values() for host in platform.hosts}


def platform_of_host(host: str) -> str:
    """Return the slug of the platform that `host` or a parent domain of it belongs to, or `host` itself."""
    slugs = _slugs_by_host()
    domain = host
    while domain:
        if domain in slugs:
            return slugs[domain]
        domain = domain.partition(".")[2]
    return host


def platform_name(slug: str) -> str:
    """Return the name that people know a platform by; hosts and `(direct)` are their own names."""
    known = catalogue().get(slug)
    return known.name if known else slug


def platform_colour(slug: str) -> str:
    """Return a platform's colour, the same on every page; those we don't know by name take a spare one."""
    known = catalogue().get(slug)
    if known:
        return known.colour
    if slug in {DIRECT, OTHER}:
        return NEUTRAL_COLOUR
    return SPARE_COLOURS[zlib.crc32(slug.encode()) % len(SPARE_COLOURS)]
