"""Fixtures for the tests of clients: a device to run one on, and a server that it reports to."""

from collections.abc import Iterator

import pytest

from tests.clients.device import Device
from tests.clients.stub import Stub, stub_server


@pytest.fixture
def device(tmp_path) -> Device:
    return Device(tmp_path / "device")


@pytest.fixture
def stub() -> Iterator[Stub]:
    with stub_server() as stub:
        yield stub
