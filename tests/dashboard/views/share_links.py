"""Share links for tests, and the visits that they show."""

import re

from collector.models import Pixel, Section, ShareLink
from collector.spool.line import SpooledHit
from tests.hits import hit

PASSWORD = "a good password"


PAGE = "https://blog.example.net/hello?utm_campaign=spring"


def visits(pixel: Pixel, number: int, at: str = "2026-11-22T10:00", **fields: object) -> list[SpooledHit]:
    """Return visits of so many visitors on Medium in France."""
    defaults = {"placement": "medium", "country": "FR", "language": "cy", "page": PAGE}
    return [hit(pixel, at, visitor=visitor, **(defaults | fields)) for visitor in range(number)]


def share(pixel: Pixel, /, *shows: Section, password: str = "", **fields: object) -> ShareLink:
    """Make a link of the pixel's project that shows these sections, or all if none is named."""
    fields = {"project": pixel.project, "name": "For Bo", **fields}
    if shows:
        fields["shows"] = [str(section) for section in shows]
    link = ShareLink(**fields)
    link.set_password(password)
    link.save()
    return link


def url(link: ShareLink, more: str = "") -> str:
    return f"/share/{link.key}/{more}"


def unsigned(page: str) -> str:
    """Return a page without the hidden fields of its forms, which differ by request: a token and the page's address."""
    return re.sub(r'name="(csrfmiddlewaretoken|next)" value="[^"]*"', "", page)
