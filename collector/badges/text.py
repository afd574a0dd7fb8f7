"""The text of badges: what of it may be shown, and how wide it is."""

import unicodedata
from bisect import bisect_right
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

MAX_LENGTH = 100  # characters of a label
# In fonts that we don't know, in parts of the font size: CJK characters fill a square. Emoji are about as wide as in
# Noto Color Emoji (1.17 to 1.25). All others, such as Devanagari or Thai, are guessed: most are between 0.4 and 0.9.
_FULL_WIDTH, _EMOJI, _GUESS = 1.0, 1.2, 0.65
_UNITS = 2048
# Controls, surrogates, characters of no font, and what turns the direction of the text that follows.
_DROPPED = frozenset({"Cc", "Cs", "Co", "Cn"})
_DIRECTIONS = frozenset({*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C})
_NO_WIDTH = frozenset({"Mn", "Me", "Cf"})


class Width(NamedTuple):
    """How wide a text is, in parts of the font size. `is_measured` unless it has characters whose font is unknown."""

    size: float
    is_measured: bool


def clean(text: str) -> str:
    """Return what of a text may be shown, on one line, with at most `MAX_LENGTH` characters."""
    kept = [
        character
        for character in " ".join(text[: 4 * MAX_LENGTH].split())
        if unicodedata.category(character) not in _DROPPED and ord(character) not in _DIRECTIONS
    ]
    return "".join(kept[:MAX_LENGTH])


@lru_cache(2048)
def width_of(text: str, *, is_bold: bool = False) -> Width:
    """Return how wide a text is in Verdana or DejaVu Sans, which are equally wide but for a few letters."""
    size, is_measured = 0.0, True
    for character in text:
        advance = _advance(ord(character), is_bold)
        if advance is None:
            advance = _estimate(character)
            is_measured = False
        size += advance
    return Width(size, is_measured)


def _advance(code: int, is_bold: bool) -> float | None:
    firsts, runs = _runs()
    place = bisect_right(firsts, code) - 1
    if place < 0 or code > runs[place].last:
        return None
    return (runs[place].bold if is_bold else runs[place].regular) / _UNITS


def _estimate(character: str) -> float:
    """Return how wide a character roughly is, in whatever font a device has for it."""
    if unicodedata.category(character) in _NO_WIDTH:
        return 0.0
    if ord(character) >= 0x1F000:
        return _EMOJI if unicodedata.category(character) == "So" else _FULL_WIDTH
    return _FULL_WIDTH if unicodedata.east_asian_width(character) in {"W", "F"} else _GUESS


class _Run(NamedTuple):
    """Characters up to `last` that are equally wide."""

    last: int
    regular: int
    bold: int


@cache
def _runs() -> tuple[list[int], list[_Run]]:
    """Return the first code point of each run of equally wide characters, in order, and the runs."""
    rows = []
    for name in ("verdana.tsv", "dejavu.tsv"):
        for line in Path(__file__).with_name(name).read_text("utf-8").splitlines():
            if not line.startswith("#"):
                first, last, regular, bold = line.split("\t")
                rows.append((int(first, 16), _Run(int(last, 16), int(regular), int(bold))))
    rows.sort()
    return [first for first, _ in rows], [run for _, run in rows]
