"""Which platform a hit is credited to, and on what evidence."""

from collections.abc import Collection
from typing import NamedTuple

from collector.classify.platforms import DIRECT, OTHER, catalogue, platform_of_host
from collector.models import Evidence

_SHOWING_OTHERS = frozenset({"mail", "feed"})  # kinds of platforms that show articles of other sites


class Credit(NamedTuple):
    """A platform, and what named it: an `Evidence`."""

    platform: str
    evidence: int


_PLACEMENT, _PROXY, _PAGE = int(Evidence.PLACEMENT), int(Evidence.PROXY), int(Evidence.PAGE)
_NOTHING = Credit(DIRECT, int(Evidence.NONE))


def credit(placement: str, declared: Collection[str], proxy: str, page_host: str) -> Credit:
    """Credit a hit by the strongest evidence: placement in the URL, then image proxy, then page host, else `(direct)`.

    A placement is believed if it is in the catalogue or the pixel declares it (`declared`). A stranger may have made up
    any other one, so it counts as `(other)`.
    """
    if placement:
        is_listed = placement in declared or placement in catalogue()
        return Credit(placement if is_listed else OTHER, _PLACEMENT)
    if proxy:
        return Credit(proxy, _PROXY)
    if page_host:
        return Credit(platform_of_host(page_host), _PAGE)
    return _NOTHING


def elsewhere(placement: str, page_host: str) -> str:
    """Return the host of a page that is not on the platform of `placement`, or an empty string if it may be.

    This shows an author where an article was copied to. The result is empty for a placement that only the pixel
    declares, which may be on any host, and for mail programs and feed readers, which show articles of other sites.
    """
    pasted_on = catalogue().get(placement)
    if pasted_on is None or not pasted_on.hosts or not page_host:
        return ""
    slug = platform_of_host(page_host)
    if slug == placement:
        return ""
    shown_on = catalogue().get(slug)
    return "" if shown_on and shown_on.kind in _SHOWING_OTHERS else page_host
