"""Draw our badges beside those of Shields, at one and two pixels per point, on light and dark pages.

    npm install --prefix /tmp/shields badge-maker
    python tests/browser/badges.py DIR --shields /tmp/shields

It prints the sizes of both, writes `badges-1x.png` and `badges-2x.png` into DIR, and exits with 1 if two badges differ
in height, or in ASCII by more than a pixel in width. Other letters are measured in another font than theirs.
"""

import argparse
import base64
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[0] = str(ROOT)  # not this directory: its pages.py could hide another module

from collector.badges.colours import LABEL, PAGES, colour_of  # noqa: E402
from collector.badges.logos import logos  # noqa: E402
from collector.badges.options import STYLES  # noqa: E402
from collector.badges.svg import Badge, draw  # noqa: E402
from tests.browser.chromium import MISSING, installed, launched  # noqa: E402

MAX_DIFFERENCE = 1.0  # pixels
CASES: list[tuple[str, str, str, dict[str, str]]] = [
    ("visits", "12.3k", "blue", {}),
    ("visitors", "1.2k/month", "brightgreen", {"logo": "github"}),
    ("installations", "3,456", "orange", {"labelColor": "black"}),
    ("version", "v2.4.1", "red", {"logo": "pypi", "labelColor": "white"}),
    ("on the newest version", "63%", "yellow", {}),
    ("", "just text", "lightgrey", {}),
    ("", "3,456", "blue", {"logo": "github"}),
    ("", "v2.5.0-rc1", "white", {"logo": "npm", "labelColor": "black"}),
    ("WAVE, Iii / lll", "AV 100%", "blueviolet", {}),
    ("Прочтений", "Ελλάδα", "ff69b4", {}),
    ("訪問", "12.3k", "blue", {}),
    ("زيارات", "12.3k", "blue", {}),
]
SCRIPT = """
import { makeBadge } from 'badge-maker';
import { readFileSync } from 'node:fs';
console.log(JSON.stringify(JSON.parse(readFileSync(0)).map(makeBadge)));
"""


class Pair(NamedTuple):
    """The same badge as Shields and as we draw it, as SVG."""

    name: str
    theirs: str
    ours: str


def pairs(shields: Path) -> list[Pair]:
    """Draw each case in each style, by both."""
    drawn, wanted = [], []
    for style in STYLES:
        for label, message, color, more in CASES:
            wanted.append(_for_shields(style, label, message, color, more))
            color_of_label = colour_of(more.get("labelColor", "")) or LABEL
            splits = "labelColor" in more
            badge = Badge(
                label, message, message, style, colour_of(color) or "", color_of_label, splits, more.get("logo", "")
            )
            drawn.append((f"{style} {label!r} {message!r}", draw(badge)))
    command = ["node", "--input-type=module", "--eval", SCRIPT]
    done = subprocess.run(command, input=json.dumps(wanted), cwd=shields, capture_output=True, text=True, check=True)
    return [Pair(name, theirs, ours) for (name, ours), theirs in zip(drawn, json.loads(done.stdout), strict=True)]


def _for_shields(style: str, label: str, message: str, color: str, more: dict[str, str]) -> dict[str, Any]:
    wanted = {"style": style, "label": label, "message": message, "color": color}
    if "labelColor" in more:
        wanted["labelColor"] = more["labelColor"]
    if "logo" in more:
        path = f'<path fill="whitesmoke" d="{logos()[more["logo"]].path}"/>'
        wanted["logoBase64"] = _data(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">{path}</svg>')
    return wanted


def _data(svg: str) -> str:
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}"


def size(svg: str) -> tuple[float, float]:
    """Return the width and height of an SVG."""
    width, height = (re.search(rf'{name}="([\d.]+)"', svg) for name in ("width", "height"))
    assert width
    assert height
    return float(width[1]), float(height[1])


def differences(drawn: list[Pair]) -> int:
    """Print the sizes of each pair; return how many differ by too much."""
    wrong = 0
    for pair in drawn:
        theirs, ours = size(pair.theirs), size(pair.ours)
        is_too_wide = pair.name.isascii() and abs(theirs[0] - ours[0]) > MAX_DIFFERENCE
        is_wrong = is_too_wide or theirs[1] != ours[1]
        wrong += is_wrong
        print(f"{'!' if is_wrong else ' '} {theirs} {ours} {pair.name}")
    return wrong


def sheet(drawn: list[Pair]) -> str:
    """Return a page with each pair on a light and on a dark page: theirs on the left, ours on the right."""
    rows = "".join(f'<tr><td><img src="{_data(p.theirs)}"><td><img src="{_data(p.ours)}">' for p in drawn)
    halves = (f'<div style="background:{page};padding:12px"><table>{rows}</table></div>' for page in PAGES)
    return f'<!doctype html><body style="margin:0;display:flex;width:max-content">{"".join(halves)}'


def main() -> None:
    parser = argparse.ArgumentParser(description="Draw our badges beside those of Shields.")
    parser.add_argument("target", type=Path, metavar="DIR")
    parser.add_argument("--shields", type=Path, required=True, help="where npm has installed badge-maker")
    options = parser.parse_args()
    chromium = installed()
    if chromium is None:
        sys.exit(MISSING)
    drawn = pairs(options.shields)
    options.target.mkdir(parents=True, exist_ok=True)
    with launched(chromium) as browser:
        for scale in (1, 2):
            page = browser.new_page(device_scale_factor=scale, viewport={"width": 900, "height": 600})
            page.set_content(sheet(drawn))
            page.screenshot(path=options.target / f"badges-{scale}x.png", full_page=True)
    sys.exit(1 if differences(drawn) else 0)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "telemetry_site.settings")
    main()
