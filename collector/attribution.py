"""To which platform a hit is credited, and on what evidence."""

from collections.abc import Collection
from dataclasses import dataclass

from collector.models import Evidence
from collector.platforms import DIRECT, OTHER, catalogue, platform_of_host


@dataclass(frozen=True, slots=True)
class Credit:
    platform: str
    evidence: Evidence


def credit(placement: str, declared: Collection[str], proxy: str, page_host: str) -> Credit:
    """Credit a hit by the strongest evidence: placement in the URL, proxy user agent, page host, otherwise `(direct)`.

    A placement is taken at its word where the catalogue knows it or the pixel declares it (`declared`); any other one
    may have been made up by a stranger and counts as `(other)`.
    """
    if placement:
        known = placement in declared or placement in catalogue()
        return Credit(placement if known else OTHER, Evidence.PLACEMENT)
    if proxy:
        return Credit(proxy, Evidence.PROXY)
    if page_host:
        return Credit(platform_of_host(page_host), Evidence.PAGE)
    return Credit(DIRECT, Evidence.NONE)
