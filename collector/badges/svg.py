"""Draws a badge as SVG, without scripts, styles or references to anything outside it.

Text is drawn at ten times its size and scaled down, as browsers place small letters on whole pixels otherwise. Its
`textLength` is what we measured, so that a badge has the same width in every font.
"""

from html import escape
from typing import NamedTuple

from collector.badges.colours import WHITE, ink_on, needs_edge
from collector.badges.layout import LOGO_SIZE, Box, Layout, Text, flat_layout, large_layout
from collector.badges.logos import SIZE as OUTLINE_SIZE
from collector.badges.logos import logos

_FONT = 'font-family="Verdana,Geneva,DejaVu Sans,sans-serif"'
_GRADIENTS = {
    "flat": '<stop offset="0" stop-color="#bbb" stop-opacity=".1"/><stop offset="1" stop-opacity=".1"/>',
    "plastic": (
        '<stop offset="0" stop-color="#fff" stop-opacity=".7"/><stop offset=".1" stop-color="#aaa" stop-opacity=".1"/>'
        '<stop offset=".9" stop-opacity=".3"/><stop offset="1" stop-opacity=".5"/>'
    ),
}
_SHADOW = "#010101"
_EDGE = "#8b949e"  # can be seen on light and dark pages


class Look(NamedTuple):
    """How one style differs from the others. `baseline` is that of its text, in tenths of a pixel."""

    height: int
    radius: int
    baseline: int
    font_size: int
    has_shadow: bool
    gradient: str


_LOOKS = {
    "flat": Look(20, 3, 140, 110, True, _GRADIENTS["flat"]),
    "flat-square": Look(20, 0, 140, 110, False, ""),
    "plastic": Look(18, 4, 130, 110, True, _GRADIENTS["plastic"]),
    "for-the-badge": Look(28, 0, 175, 100, False, ""),
}


class Badge(NamedTuple):
    """What to draw. Texts are ones that `text.clean` has let through; colours are hexadecimal, with `#`.

    `spoken` is what screen readers and tooltips say. `splits` tells that the part for the label is there even if the
    label is empty. `logo` is a name, or empty.
    """

    label: str
    message: str
    spoken: str
    style: str
    color: str
    label_color: str
    splits: bool
    logo: str = ""
    logo_color: str = ""


def draw(badge: Badge) -> str:
    """Return the SVG of a badge."""
    look = _LOOKS[badge.style]
    is_large = badge.style == "for-the-badge"
    texts = [text.upper() if is_large else text for text in (badge.label, badge.message)]
    place = large_layout if is_large else flat_layout
    layout = place(*texts, has_logo=bool(badge.logo), splits=badge.splits)
    spoken = escape(badge.spoken)
    size = f'width="{_number(layout.width)}" height="{look.height}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{spoken}"><title>{spoken}</title>'
        f"{_background(badge, look, layout)}{_foreground(badge, look, layout)}</svg>\n"
    )


def _background(badge: Badge, look: Look, layout: Layout) -> str:
    """Return the coloured parts, their corners and gradient, and an edge if a page has the same colour."""
    boxes = [(layout.label, badge.label_color)] if layout.label else []
    boxes.append((layout.message, badge.color))
    rects = "".join(_rect(box, colour, look) for box, colour in boxes)
    width = _number(layout.width)
    edge = ""
    if needs_edge(*(colour for _, colour in boxes)):
        inner = f'width="{_number(layout.width - 1)}" height="{look.height - 1}" rx="{max(0, look.radius - 0.5):g}"'
        edge = f'<rect x=".5" y=".5" {inner} fill="none" stroke="{_EDGE}"/>'
    if not look.radius:
        return f'<g shape-rendering="crispEdges">{rects}</g>{edge}'
    # The same id always names the same thing, should two badges be in one document.
    gradient_id, clip_id = f"s-{badge.style}", f"r-{badge.style}-{width}"
    return (
        '<filter id="b-blur"><feGaussianBlur stdDeviation="16"/></filter>'
        f'<linearGradient id="{gradient_id}" x2="0" y2="100%">{look.gradient}</linearGradient>'
        f'<clipPath id="{clip_id}"><rect width="{width}" height="{look.height}" rx="{look.radius}"/></clipPath>'
        f'<g clip-path="url(#{clip_id})">{rects}'
        f'<rect width="{width}" height="{look.height}" fill="url(#{gradient_id})"/></g>{edge}'
    )


def _rect(box: Box, colour: str, look: Look) -> str:
    x = f'x="{_number(box.x)}" ' if box.x else ""
    return f'<rect {x}width="{_number(box.width)}" height="{look.height}" fill="{colour}"/>'


def _foreground(badge: Badge, look: Look, layout: Layout) -> str:
    behind_logo = badge.label_color if layout.label else badge.color
    label = _text(layout.label.text, badge.label_color, look) if layout.label else ""
    message = _text(layout.message.text, badge.color, look, is_bold=badge.style == "for-the-badge")
    return (
        f"{_logo(badge, look, layout, behind_logo)}"
        f'<g text-anchor="middle" {_FONT} text-rendering="geometricPrecision" font-size="{look.font_size}"'
        f' aria-hidden="true">{label}{message}</g>'
    )


def _logo(badge: Badge, look: Look, layout: Layout, behind: str) -> str:
    if layout.logo_x is None:
        return ""
    top = (look.height - LOGO_SIZE) / 2
    place = f"translate({_number(layout.logo_x)} {_number(top)}) scale({LOGO_SIZE / OUTLINE_SIZE:.4f})"
    fill = badge.logo_color or ink_on(behind)
    return f'<path transform="{place}" fill="{fill}" d="{logos()[badge.logo].path}"/>'


def _text(text: Text | None, behind: str, look: Look, *, is_bold: bool = False) -> str:
    """Return a text, above its shadow if the style has one."""
    if text is None or not text.content:
        return ""
    ink = ink_on(behind)
    # Spacing would tear apart the letters of Arabic or Devanagari, and we only guessed how wide they are.
    adjust = "" if text.is_measured else ' lengthAdjust="spacingAndGlyphs"'
    weight = ' font-weight="bold"' if is_bold else ""
    place = f'x="{_number(10 * text.middle)}" textLength="{_number(10 * text.length)}"{adjust}{weight}'
    content = escape(text.content)
    shown = f'<text y="{look.baseline}" {place} fill="{ink}">{content}</text>'
    shadow = ""
    if look.has_shadow and ink == WHITE:
        below = f'y="{look.baseline + 10}" {place} fill="{_SHADOW}"'
        blurred = f'<text {below} fill-opacity=".8" filter="url(#b-blur)">{content}</text>'
        shadow = f'{blurred}<text {below} fill-opacity=".3">{content}</text>'
    return f'<g transform="scale(.1)">{shadow}{shown}</g>'


def _number(number: float) -> str:
    return f"{number:.6g}"
