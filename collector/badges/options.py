"""What the query of a badge's address asks for. Names and values are those of Shields where it has them.

A badge never fails because of its address: what can't be read counts as not written.
"""

from functools import lru_cache
from urllib.parse import parse_qsl

import msgspec

from collector.badges.colours import colour_of
from collector.badges.logos import logo_name
from collector.badges.text import clean

STYLES = ("flat", "flat-square", "plastic", "for-the-badge")
VISITS, VISITORS, INSTALLATIONS, VERSION, NEWEST_SHARE = (
    "visits",
    "visitors",
    "installations",
    "version",
    "newest-share",
)
OF_ARTICLES, OF_PROGRAMS = (VISITS, VISITORS), (INSTALLATIONS, VERSION, NEWEST_SHARE)
ALL = "all"
RANGES = (ALL, "30d", "7d")
MAX_QUERY = 2048  # bytes
MAX_FIELDS = 40
MAX_BASE = 10**12


class Options(msgspec.Struct, frozen=True):
    """How a badge looks and what it shows. An empty string means that the address does not say.

    `show` may be a word that we don't know. `label` is None if the address does not say, and empty for a badge without
    one. Colours are hexadecimal. `base` was counted elsewhere before, or is left out if it is negative. `counts` tells
    whether loading the badge is a hit.
    """

    show: str = ""
    range: str = ALL
    style: str = STYLES[0]
    label: str | None = None
    color: str = ""
    label_color: str = ""
    logo: str = ""
    logo_color: str = ""
    base: int = 0
    counts: bool = True


@lru_cache(2048)
def options_of(query: bytes) -> Options:
    """Return the options that a query names. Later ones win. Names may be in any case."""
    values = _values(query)
    return Options(
        show=_show_of(values.get("show", "")),
        range=_listed(values.get("range", ""), RANGES),
        style=_listed(values.get("style", ""), STYLES),
        label=clean(values["label"]) if "label" in values else None,
        color=colour_of(values.get("color", "")) or "",
        label_color=colour_of(values.get("labelcolor", "")) or "",
        logo=logo_name(values.get("logo", "")),
        logo_color=colour_of(values.get("logocolor", "")) or "",
        base=_base_of(values.get("base", "")),
        counts=values.get("count", "").strip() != "0",
    )


def _values(query: bytes) -> dict[str, str]:
    """Return what a query names, by names in lower case. Editors write `&amp;` between them."""
    text = query[:MAX_QUERY].decode("utf-8", "replace").replace("&amp;", "&")
    parts = text.split("&")[:MAX_FIELDS]
    return {name.strip().lower(): value for part in parts for name, value in parse_qsl(part, keep_blank_values=True)}


def _show_of(text: str) -> str:
    return clean(text.lower())[:40]


def _listed(text: str, values: tuple[str, ...]) -> str:
    """Return the value that a text is, or the first one."""
    text = text.strip().lower()
    return text if text in values else values[0]


def _base_of(text: str) -> int:
    """Return a base count, 0 if the text is no whole number. Digits may be in groups: 12,345."""
    digits = text.strip().replace(",", "").replace("_", "")
    sign, number = (-1, digits[1:]) if digits.startswith("-") else (1, digits)
    if not (number.isascii() and number.isdecimal() and len(number) <= len(str(MAX_BASE))):
        return 0
    return sign * min(int(number), MAX_BASE)
