"""What the path of a badge names: a pixel, the platform that the badge was pasted on, and SVG or JSON.

`/p/<token>/badge.svg` and `/p/<token>/medium/badge.svg`. Mangled addresses are read as `targets` reads those of pixels.
"""

import re
from functools import lru_cache

import msgspec

from collector.classify.platforms import PLACEMENT_FORM
from collector.intake.targets import (
    CACHE_SIZE,
    MAX_PATH,
    PREFIX,
    Target,
    beginning_of,
    cleaned_path,
    placement_of,
    target_of,
)

_PLAIN = re.compile(
    rf"/p/(?P<token>[a-z0-9]{{16,40}})(?:/(?P<placement>{PLACEMENT_FORM.pattern}))?/badge\.(?P<form>svg|json)"
)
_REST = re.compile(r"(?:/(?P<placement>[^/]*?))?/[^a-z0-9/]*badge[^a-z0-9/.]*\.(?P<form>svg|json)(?![a-z0-9])")


class BadgeTarget(msgspec.Struct, frozen=True):
    """What a path names. `query` is the beginning of a query that was escaped with the path, or empty."""

    target: Target
    is_json: bool
    query: bytes = b""


def is_for_images(path: str) -> bool:
    """Whether the collector answers a path with an image, a pixel or a badge, rather than the site with a page."""
    return path.startswith(PREFIX) or target_of(path) is not None or badge_target_of(path) is not None


@lru_cache(CACHE_SIZE)
def badge_target_of(path: str) -> BadgeTarget | None:
    """Return what a path names, or None if it is not the path of a badge. `path` is decoded once."""
    match = _PLAIN.fullmatch(path)
    if match is not None:
        return BadgeTarget(Target(match["token"], match["placement"] or "", False), match["form"] == "json")
    text = cleaned_path(path[:MAX_PATH])
    beginning = beginning_of(text)
    rest = _REST.match(text, beginning.end()) if beginning else None
    if beginning is None or rest is None:
        return None
    target = Target(beginning["token"], placement_of(rest["placement"] or ""), False)
    return BadgeTarget(target, rest["form"] == "json", path.partition("?")[2].encode("utf-8", "replace"))
