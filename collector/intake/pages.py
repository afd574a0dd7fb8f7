"""The embedding page that a `Referer` header names."""

import re
from functools import lru_cache

from collector.spool.line import MAX_PAGE

CACHE_SIZE = 4096  # pages
_REFERER = re.compile(
    r"(https?|android-app)://(?:[^/?#]*@)?([^/?#@\s\\]+)(/[^?#]*)?(?:\?([^#]*))?(?:#.*)?", re.IGNORECASE | re.DOTALL
)
_CAMPAIGN_PARAMETER = re.compile(r"utm_(?:source|medium|campaign|term|content)=[\w.~%+-]{1,80}")


@lru_cache(CACHE_SIZE)
def page_of(referer: bytes) -> str:
    """Return the embedding page of a `Referer`: scheme, host, path, and the query's campaign parameters (`utm_…`).

    Credentials, fragment and all other parameters are dropped, because they may hold secrets such as a login token.
    """
    match = _REFERER.fullmatch(referer.decode("utf-8", "replace"))
    if match is None:
        return ""
    scheme, host, path, query = match.groups()
    page = f"{scheme.lower()}://{host.lower()}{path or '/'}"
    campaign = "&".join(part for part in (query or "").split("&") if _CAMPAIGN_PARAMETER.fullmatch(part))
    if campaign and len(page) + len(campaign) < MAX_PAGE:
        return f"{page}?{campaign}"
    return page[:MAX_PAGE]
