"""Fixtures of the tests of accounts."""

from tests.collector.admin.conftest import superuser  # noqa: F401
from tests.dashboard.conftest import noon, reader  # noqa: F401  (the clock, and a browser that is logged in)
