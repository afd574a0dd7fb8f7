"""Finds and starts the Chromium for browser tests and screenshots."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MISSING = "Chromium is not installed: install the package chromium, or set CHROMIUM to its path."
# Without the first ones, Chromium contacts servers of its maker during the tests, for updates and the like. The last
# one leads hosts such as blog.example to this machine: pages at localhost are previews, and their visits don't count.
ARGUMENTS = [
    "--disable-background-networking", "--disable-component-update", "--disable-quic", "--disable-sync",
    "--host-resolver-rules=MAP *.example 127.0.0.1",
]  # fmt: skip


def installed() -> str | None:
    """Return the path of Chromium, or None."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def launched(path: str) -> Iterator[Browser]:
    """Run Chromium during the block."""
    with sync_playwright() as playwright:
        # Chromium's sandbox does not start for root, and tests in containers often run as root.
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS, chromium_sandbox=os.geteuid() != 0)
        yield browser
        browser.close()
