from collections.abc import Iterator

import pytest

from collector.models import Hit
from tests.collector.storage.hit_tables import to_months, to_one_table


@pytest.fixture
def months(transactional_db: None) -> Iterator[None]:
    """Partitions of hits that a test may change, made from the beginning: other tests let months expire, too."""
    to_one_table()
    to_months()
    yield
    Hit.objects.all().delete()
    to_one_table()
    to_months()
