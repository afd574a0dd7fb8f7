"""A real Chromium, and the test's own skip or failure where there is none."""

import os

import pytest

from tests.browser.chromium import MISSING, installed, launched


@pytest.fixture(scope="module")  # no longer: while Playwright's loop runs in this thread, Django refuses the ORM
def chromium():
    path = installed()
    if path is None:
        if os.environ.get("CI"):
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    with launched(path) as browser:
        yield browser
