"""Which platform a hit is credited to, and on what evidence."""

from collections.abc import Collection
from typing import NamedTuple

from collector.classify.pages import APP, counted_page, platform_on
from collector.classify.platforms import DIRECT, OTHER, catalogue, showing_others
from collector.classify.sites import NO_SITES, Sites
from collector.models import Evidence


class Credit(NamedTuple):
    """A platform, and what named it: an `Evidence`."""

    platform: str
    evidence: int


_PLACEMENT, _PROXY, _PAGE = int(Evidence.PLACEMENT), int(Evidence.PROXY), int(Evidence.PAGE)
_NOTHING = Credit(DIRECT, int(Evidence.NONE))


def credit(placement: str, declared: Collection[str], proxy: str, page: str, sites: Sites = NO_SITES) -> Credit:
    """Credit a hit by the strongest evidence: placement in the URL, then image proxy, then page, else `(direct)`.

    `page` is the URL of the embedding page, or an empty string; `sites` are those of the project.

    A placement is believed if it is in the catalogue or the pixel declares it (`declared`). A stranger may have made up
    any other one, so it counts as `(other)`.
    """
    if placement:
        is_listed = placement in declared or placement in catalogue()
        return Credit(placement if is_listed else OTHER, _PLACEMENT)
    if proxy:
        return Credit(proxy, _PROXY)
    host = counted_page(page, sites).host if page else ""
    if host:
        return Credit(platform_on(host, sites, is_app=page.startswith(f"{APP}:")), _PAGE)
    return _NOTHING


def elsewhere(placement: str, host: str, sites: Sites = NO_SITES) -> str:
    """Return the `host` of a counted page that is not on the platform of `placement`, or an empty string if it may be.

    This shows an author where an article was copied to. The result is empty for a placement that only the pixel
    declares, which may be on any host, and for mail programs, feed readers, translators and archives, which show pages
    of other sites.
    """
    pasted_on = catalogue().get(placement)
    if pasted_on is None or not pasted_on.hosts or not host:
        return ""
    slug = platform_on(host, sites)
    return "" if slug == placement or slug in showing_others() else host
