"""What the path of a pixel request names: a pixel, the platform that it was pasted on, and start or end."""

import re
from functools import lru_cache

import msgspec

from collector.classify.platforms import OTHER, PLACEMENT_FORM

CACHE_SIZE = 4096  # paths
# The placement may be any text, because an author's typo must not lose the hit.
_ROUTE = re.compile(r"/p/(?P<token>[a-z0-9]{16,40})(?:/(?P<placement>[^/]*?))?(?P<end>/end)?\.gif")


class Target(msgspec.Struct, frozen=True):
    """What the path of a pixel request names."""

    token: str
    placement: str
    is_end: bool


@lru_cache(CACHE_SIZE)
def target_of(path: str) -> Target | None:
    """Return what a path names, or None if it is not the path of a pixel."""
    match = _ROUTE.fullmatch(path)
    if match is None:
        return None
    placement, is_end = (match["placement"] or "").lower(), bool(match["end"])
    if placement == "end" and not is_end:  # /p/<token>/end.gif: the end of an article without placements
        placement, is_end = "", True
    if placement and not PLACEMENT_FORM.fullmatch(placement):
        placement = OTHER
    return Target(match["token"], placement, is_end)
