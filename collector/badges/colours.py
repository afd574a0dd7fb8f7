"""The colours of badges: their names, and which text can be read on them."""

import re
from functools import cache, lru_cache
from pathlib import Path

# The names and values of Shields (npm package badge-maker 5, `color.js`), which READMEs use.
SHIELDS = {
    "brightgreen": "#4b0", "green": "#67ac09", "yellowgreen": "#95991a", "yellow": "#d8b800", "orange": "#ea7233",
    "red": "#dd4343", "blue": "#007ec6", "grey": "#555", "gray": "#555", "lightgrey": "#939393", "lightgray": "#939393",
    "success": "#4b0", "important": "#ea7233", "critical": "#dd4343", "informational": "#007ec6", "inactive": "#939393",
}  # fmt: skip
LABEL, MESSAGE, PROBLEM = "#555", "#007ec6", "#939393"  # without a choice
# READMEs are shown on these (GitHub's canvas, light and dark). A badge as dark or light as one of them gets an edge.
PAGES = ("#ffffff", "#0d1117")
_VISIBLE = 1.4  # contrast with a page from which on no edge is needed
# WCAG 2.2, 1.4.11, asks 3:1 of what must be seen to be understood; the shadow of white text adds to it.
_WHITE_ENOUGH = 3.0
_HEX = re.compile(r"#?([0-9a-f]{3}|[0-9a-f]{6})")
WHITE, DARK = "#fff", "#222"  # of texts


def colour_of(text: str) -> str | None:
    """Return the colour that a text names, as hexadecimal digits after `#`; None if it names none."""
    name = text.strip().lower()
    if match := _HEX.fullmatch(name):
        return f"#{match[1]}"
    return SHIELDS.get(name) or _css_names().get(name)


@cache
def _css_names() -> dict[str, str]:
    rows = Path(__file__).with_name("css_colours.tsv").read_text("utf-8").splitlines()
    return dict(row.split("\t") for row in rows if not row.startswith("#"))


@lru_cache(1024)
def ink_on(colour: str) -> str:
    """Return white where it can be read on a colour, and otherwise a dark colour."""
    return WHITE if contrast(WHITE, colour) >= _WHITE_ENOUGH else DARK


def needs_edge(*colours: str) -> bool:
    """Whether a badge of these colours can't be told from a light or a dark page."""
    return any(contrast(colour, page) < _VISIBLE for colour in colours for page in PAGES)


@lru_cache(1024)
def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, from 1 to 21 (WCAG 2.2, contrast ratio)."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    """Return the relative luminance of a colour (WCAG 2.2)."""
    digits = colour.removeprefix("#")
    if len(digits) == 3:
        digits = "".join(2 * digit for digit in digits)
    parts = [int(digits[start : start + 2], 16) / 255 for start in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
