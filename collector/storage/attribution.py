"""To which platform a hit is credited, and on what evidence."""

from collections.abc import Collection
from typing import NamedTuple

from collector.classify.platforms import DIRECT, OTHER, catalogue, platform_of_host
from collector.models import Evidence

_SHOWING_OTHERS = frozenset({"mail", "feed"})  # kinds of platforms where an article may be read that stands elsewhere


class Credit(NamedTuple):
    """A platform, and the Evidence for it."""

    platform: str
    evidence: int


_PLACEMENT, _PROXY, _PAGE = int(Evidence.PLACEMENT), int(Evidence.PROXY), int(Evidence.PAGE)
_NOTHING = Credit(DIRECT, int(Evidence.NONE))


def credit(placement: str, declared: Collection[str], proxy: str, page_host: str) -> Credit:
    """Credit a hit by the strongest evidence: placement in the URL, proxy user agent, page host, otherwise `(direct)`.

    A placement is taken at its word where the catalogue knows it or the pixel declares it (`declared`); any other one
    may have been made up by a stranger and counts as `(other)`.
    """
    if placement:
        known = placement in declared or placement in catalogue()
        return Credit(placement if known else OTHER, _PLACEMENT)
    if proxy:
        return Credit(proxy, _PROXY)
    if page_host:
        return Credit(platform_of_host(page_host), _PAGE)
    return _NOTHING


def elsewhere(placement: str, page_host: str) -> str:
    """Return the host of a page that is not on the platform of `placement`, an empty string where it may well be.

    So an author learns who has copied an article. A placement that the pixel declares itself may stand anywhere, and
    mail programs and feed readers show what was published elsewhere.
    """
    pasted = catalogue().get(placement)
    if pasted is None or not pasted.hosts or not page_host:
        return ""
    found = platform_of_host(page_host)
    if found == placement:
        return ""
    shown_by = catalogue().get(found)
    return "" if shown_by and shown_by.kind in _SHOWING_OTHERS else page_host
