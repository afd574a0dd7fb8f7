"""A real Chromium, and the test's own skip or failure where there is none."""

import os
import shutil

import pytest
from playwright.sync_api import sync_playwright

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Without these, Chromium asks its maker's servers for updates and the like while it is tested.
ARGUMENTS = ["--disable-background-networking", "--disable-component-update", "--disable-quic", "--disable-sync"]


@pytest.fixture(scope="module")  # no longer: while Playwright's loop runs in this thread, Django refuses the ORM
def chromium():
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if path is None:
        reason = "there is no Chromium; install the package `chromium`, or name its path in CHROMIUM"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        # Chromium's sandbox does not start for root, as whom containers run tests.
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS, chromium_sandbox=os.geteuid() != 0)
        yield browser
        browser.close()
