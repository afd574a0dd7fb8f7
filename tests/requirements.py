"""What a test needs of the machine: without it the test is skipped, but fails in CI."""

import os
from typing import NoReturn

import pytest


def missing(reason: str) -> NoReturn:
    """End the test, and say what to install. Only where CI is set is that a failure."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
