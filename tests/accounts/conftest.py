"""Fixtures of the tests of accounts."""

from tests.collector.admin.conftest import superuser  # noqa: F401
from tests.dashboard.conftest import empty_cache, noon, reader  # noqa: F401
