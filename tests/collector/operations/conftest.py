from pathlib import Path

import pytest
from django.db import connection


@pytest.fixture
def spool_dir(tmp_path, settings) -> Path:
    """A spool and a data directory of the test's own."""
    settings.DATA_DIR = tmp_path
    settings.SPOOL_DIR = tmp_path / "spool"
    (tmp_path / "secret_key").write_text(settings.SECRET_KEY)
    return settings.SPOOL_DIR


@pytest.fixture
def on_sqlite() -> bool:
    return connection.vendor == "sqlite"
