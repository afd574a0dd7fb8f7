"""Take a screenshot of every page in both themes and two widths.

    python tests/browser/shots.py DIR [--hits N] [--data DATA] [--only NAME …]

It starts its own server, with demo data or with a copy of the data directory DATA (which must have a project `demo`),
and writes files such as `project-dark-360.png` into DIR.
"""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[0] = str(ROOT)  # not this directory: its pages.py could hide another module

from tests.browser.chromium import MISSING, installed, launched  # noqa: E402
from tests.browser.pages import NARROW, PAGES, THEMES, WIDE, Page, Visitors, furnish, wear  # noqa: E402
from tests.server import running  # noqa: E402


def shoot(visitors: Visitors, pages: list[Page], target: Path) -> None:
    """Write the screenshots, and a line on stderr for each page."""
    for page in pages:
        for width in (WIDE, NARROW):
            window = visitors.window(page.who, width)
            tab = window.new_page()
            visitors.open(page, tab)
            for theme in THEMES:
                wear(tab, theme)
                tab.screenshot(path=target / f"{page.name}-{theme}-{width}.png", full_page=True)
            window.close()
        print(page.name, file=sys.stderr)


def main() -> None:
    parser = argparse.ArgumentParser(description="Take a screenshot of every page in both themes and two widths.")
    parser.add_argument("target", type=Path, metavar="DIR")
    parser.add_argument("--hits", default="20000", help="how many demo hits to seed (default %(default)s)")
    parser.add_argument("--data", type=Path, help="show a copy of this data directory instead of demo data")
    parser.add_argument(
        "--only", nargs="+", metavar="NAME", choices=[page.name for page in PAGES], help="only these pages"
    )
    options = parser.parse_args()
    pages = [page for page in PAGES if not options.only or page.name in options.only]
    chromium = installed()
    if chromium is None:
        sys.exit(MISSING)
    options.target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        directory = Path(scratch) / "data"
        if options.data:
            shutil.copytree(options.data, directory)
        else:
            directory.mkdir()
        with running(directory) as server, launched(chromium) as browser:
            if not options.data:
                server.manage("seed_demo", "--hits", options.hits)
            shoot(Visitors(browser, server, furnish(server)), pages, options.target)


if __name__ == "__main__":
    main()
