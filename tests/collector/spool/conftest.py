import pytest

from collector.spool.writer import SpoolWriter


@pytest.fixture
def directory(tmp_path):
    return tmp_path / "spool"


@pytest.fixture
def writer(directory):
    writer = SpoolWriter(directory)
    yield writer
    writer.close()
