"""Makes `collector/badges/dejavu.tsv` from two files of DejaVu Sans: how far each character moves the pen.

    python -m tests.collector.badges.font_widths [REGULAR.ttf BOLD.ttf]

Reads the tables `head`, `hhea`, `hmtx` and `cmap` (OpenType specification, ISO/IEC 14496-22). No kerning: browsers
apply hardly any at this size, and `textLength` corrects what is left.
"""

import struct
import sys
from itertools import groupby
from pathlib import Path

FONTS = Path("/usr/share/fonts/truetype/dejavu")  # Debian's fonts-dejavu-core
REGULAR, BOLD = FONTS / "DejaVuSans.ttf", FONTS / "DejaVuSans-Bold.ttf"
TABLE = Path(__file__).resolve().parents[3] / "collector" / "badges" / "dejavu.tsv"
# ASCII is in `verdana.tsv`. Latin to Hebrew; Georgian; Latin and Greek with accents; punctuation, arrows to dingbats.
BLOCKS = ((0x7F, 0x5FF), (0x10A0, 0x10FF), (0x1E00, 0x1FFF), (0x2010, 0x27BF))
HEAD = """\
# How far characters of DejaVu Sans and DejaVu Sans Bold move the pen, in 2048ths of the font size: first and last code
# point (hexadecimal), regular, bold. Made by tests/collector/badges/font_widths.py from DejaVu fonts 2.37, as packaged
# by Debian (fonts-dejavu-core). https://dejavu-fonts.github.io. Their licence allows use, copying and modification:
# fonts (c) Bitstream (Bitstream Vera licence) and Tavmjong Bah (Arev licence); DejaVu changes are in the public domain.
"""


def widths(path: Path) -> dict[int, int]:
    """Return the advance width of each character of a TrueType font, in 2048ths of its size, by code point."""
    data = path.read_bytes()
    tables = {}
    for number in range(struct.unpack_from(">H", data, 4)[0]):
        tag, _, offset, _ = struct.unpack_from(">4sLLL", data, 12 + 16 * number)
        tables[tag] = offset
    units = struct.unpack_from(">H", data, tables[b"head"] + 18)[0]
    measured = struct.unpack_from(">H", data, tables[b"hhea"] + 34)[0]
    advances = [struct.unpack_from(">H", data, tables[b"hmtx"] + 4 * glyph)[0] for glyph in range(measured)]
    return {code: advances[min(glyph, measured - 1)] * 2048 // units for code, glyph in _glyphs(data, tables[b"cmap"])}


def _glyphs(data: bytes, cmap: int) -> list[tuple[int, int]]:
    """Return the code points of a font and their glyphs, from the subtable of format 4 (Windows, Unicode BMP)."""
    for number in range(struct.unpack_from(">H", data, cmap + 2)[0]):
        platform, encoding, offset = struct.unpack_from(">HHL", data, cmap + 4 + 8 * number)
        if (platform, encoding) == (3, 1):
            break
    start = cmap + offset
    segments = struct.unpack_from(">H", data, start + 6)[0] // 2
    array = f">{segments}H"
    ends = struct.unpack_from(array, data, start + 14)
    starts = struct.unpack_from(array, data, start + 16 + 2 * segments)
    deltas = struct.unpack_from(array, data, start + 16 + 4 * segments)
    places = start + 16 + 6 * segments
    offsets = struct.unpack_from(array, data, places)
    found = []
    for segment in range(segments):
        for code in range(starts[segment], min(ends[segment], 0xFFFE) + 1):
            glyph = code
            if offsets[segment]:
                place = places + 2 * segment + offsets[segment] + 2 * (code - starts[segment])
                glyph = struct.unpack_from(">H", data, place)[0]
            if glyph or not offsets[segment]:
                found.append((code, (glyph + deltas[segment]) % 0x10000))
    return found


def table(regular: Path = REGULAR, bold: Path = BOLD) -> str:
    """Return the content of the table."""
    thin, thick = widths(regular), widths(bold)
    rows = [
        (code, thin[code], thick.get(code, thin[code])) for first, last in BLOCKS for code in range(first, last + 1)
        if code in thin
    ]  # fmt: skip
    lines = []
    for (_, *advances), group in groupby(enumerate(rows), lambda pair: (pair[1][0] - pair[0], *pair[1][1:])):
        codes = [row[0] for _, row in group]
        lines.append(f"{codes[0]:x}\t{codes[-1]:x}\t{advances[0]}\t{advances[1]}\n")
    return HEAD + "".join(lines)


if __name__ == "__main__":
    TABLE.write_text(table(*map(Path, sys.argv[1:])), "utf-8")
