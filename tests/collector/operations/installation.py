"""A second installation in the same process: its own database, spool and key, and no data yet."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.db import connection

from collector.models import Hit
from collector.storage import shards
from tests.server import database

FRESH_KEY = "a-fresh-key-" * 5


@contextmanager
def fresh_installation(directory: Path, settings: Any) -> Iterator[None]:
    """Use an installation without data in `directory` for the length of a block."""
    directory.mkdir()
    (directory / "secret_key").write_text(FRESH_KEY)
    former = connection.settings_dict["NAME"], settings.DATA_DIR, settings.SPOOL_DIR, settings.SECRET_KEY
    with database(directory) as url:
        connection.close()
        is_file = url.startswith("sqlite")
        connection.settings_dict["NAME"] = url.removeprefix("sqlite:///") if is_file else urlsplit(url).path[1:]
        settings.DATA_DIR, settings.SPOOL_DIR, settings.SECRET_KEY = directory, directory / "spool", FRESH_KEY
        shards.forget()  # on Citus, its tables are not distributed
        try:
            yield
        finally:
            connection.close()
            shards.forget()
            connection.settings_dict["NAME"], settings.DATA_DIR, settings.SPOOL_DIR, settings.SECRET_KEY = former


def stored_numbers() -> Counter[int]:
    """Return how often the hit of each number is stored. The number is its placement."""
    return Counter(int(placement) for placement in Hit.objects.values_list("placement", flat=True))
