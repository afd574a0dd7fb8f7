"""Where the parts of a badge lie, in the proportions of Shields (npm package badge-maker 5, `badge-renderers.js`)."""

from typing import NamedTuple

from collector.badges.text import Width, width_of

LOGO_SIZE = 14


class Text(NamedTuple):
    """A text, the middle of it, and how long it is drawn. All sizes are in pixels, if the badge is not enlarged."""

    content: str
    middle: float
    length: float
    is_measured: bool


class Box(NamedTuple):
    """One coloured part of a badge, from left to right, and the text in it, if any."""

    x: float
    width: float
    text: Text | None


class Layout(NamedTuple):
    """All parts of a badge. `label` is None for a badge of one part. `logo_x` is None without a logo."""

    width: float
    label: Box | None
    message: Box
    logo_x: float | None


def flat_layout(label: str, message: str, *, has_logo: bool, splits: bool) -> Layout:
    """Lay out a badge of the styles `flat`, `flat-square` and `plastic`.

    `splits` tells that there is a part for the label even without one: it has a colour of its own.
    """
    padding = 5
    logo_width = LOGO_SIZE + (3 if label else 0) if has_logo else 0
    label_box = None
    start = 0.0
    if label or splits:
        text_width = _odd(width_of(label)) if label else 0
        start = text_width + 2 * padding + logo_width
        # The text is a pixel to the right of the middle, because the two parts look like one shape.
        text = _text(label, logo_width + 1 + padding + text_width / 2, text_width) if label else None
        label_box = Box(0, start, text)
    text_width = _odd(width_of(message))
    width = text_width + 2 * padding
    middle = start + padding + text_width / 2
    if label_box is not None:
        middle -= 1
    elif has_logo:
        middle += logo_width + padding - 1
        width += logo_width + padding - 1
    box = Box(start, width, _text(message, middle, text_width))
    return Layout(start + width, label_box, box, padding if has_logo else None)


def large_layout(label: str, message: str, *, has_logo: bool, splits: bool) -> Layout:
    """Lay out a badge of the style `for-the-badge`. Both texts are in upper case already."""
    margin, logo_margin, gutter = 12, 9, 6
    before_text = logo_margin + LOGO_SIZE + gutter if has_logo else margin
    label_box = None
    start = 0.0
    if label:
        text_width = _spaced(label)
        start = before_text + text_width + margin
        label_box = Box(0, start, _text(label, before_text + text_width / 2, text_width))
    elif splits and has_logo:
        start = 2 * logo_margin + LOGO_SIZE
        label_box = Box(0, start, None)
    text_width = _spaced(message, is_bold=True)
    left = margin + (LOGO_SIZE + gutter if has_logo and label_box is None else 0)
    box = Box(start, left + text_width + margin, _text(message, start + left + text_width / 2, text_width))
    return Layout(start + box.width, label_box, box, logo_margin if has_logo else None)


def _text(content: str, middle: float, length: float) -> Text:
    return Text(content, middle, length, width_of(content).is_measured)


def _odd(width: Width) -> int:
    """Return the width of a text of 11 pixels in whole pixels, and odd: its middle is then on a pixel."""
    return int(width.size * 11) | 1


def _spaced(text: str, *, is_bold: bool = False) -> float:
    """Return the width of a text of 10 pixels, with the letters set apart."""
    return int(width_of(text, is_bold=is_bold).size * 10) + 1.25 * len(text)
