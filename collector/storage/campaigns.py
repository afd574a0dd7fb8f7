"""Campaigns: what the `utm_…` parameters of an embedding page's address say about the link that its reader followed.

Authors add them to links they share. The names are those of Google Analytics, which other tools took over. Case doesn't
matter: links are written by hand, and nobody means two campaigns by `Newsletter` and `newsletter`.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import quote_plus, unquote_plus

from collector.models import Dimension

CAMPAIGN_DIMENSIONS = (
    Dimension.UTM_CAMPAIGN, Dimension.UTM_SOURCE, Dimension.UTM_MEDIUM, Dimension.UTM_TERM, Dimension.UTM_CONTENT,
    Dimension.UTM_ID,
)  # fmt: skip
Campaign = tuple[tuple[int, str], ...]  # dimension and value
PARAMETERS = {int(dimension): str(dimension.label) for dimension in CAMPAIGN_DIMENSIONS}
_DIMENSIONS = {parameter: dimension for dimension, parameter in PARAMETERS.items()}
_UNPRINTABLE = re.compile(r"[\x00-\x20\x7f-\xa0]+")


@lru_cache(maxsize=4096)
def campaign_of(url: str) -> Campaign:
    """Return what the address of a page counts in: the first value of each parameter, decoded and in lower case."""
    campaign: dict[int, str] = {}
    for part in url.partition("?")[2].split("&"):
        parameter, _, text = part.partition("=")
        value = _UNPRINTABLE.sub(" ", unquote_plus(text)).strip().lower()
        if value and parameter in _DIMENSIONS:
            campaign.setdefault(_DIMENSIONS[parameter], value)
    return tuple(campaign.items())


def with_campaign(url: str, campaign: Iterable[tuple[int, str]]) -> str:
    """Return the address of a page with these campaign parameters instead of its own."""
    page = url.partition("?")[0]
    query = "&".join(f"{PARAMETERS[dimension]}={quote_plus(value, safe='()')}" for dimension, value in campaign)
    return f"{page}?{query}" if query else page
