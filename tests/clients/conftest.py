"""Fixtures for the tests of clients: a device to run one on, and a server that it reports to."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.clients.declared import client_text, declared
from tests.clients.device import Device
from tests.clients.go_program import build
from tests.clients.stub import Stub, stub_server


@pytest.fixture
def device(tmp_path) -> Device:
    return Device(tmp_path / "device")


@pytest.fixture
def stub() -> Iterator[Stub]:
    with stub_server() as stub:
        yield stub


@pytest.fixture(scope="session")
def go_program(tmp_path_factory) -> Path:
    """Return the path of a program in Go: `tests.clients.go_program` says what it does."""
    return build(tmp_path_factory.mktemp("go"), client_text("go", "http://server.test"))


@pytest.fixture(scope="session")
def older_go_program(tmp_path_factory) -> Path:
    """Return the path of a release with a narrower schema."""
    older = declared(with_crash=False, formats=("html",))
    return build(tmp_path_factory.mktemp("older-go"), client_text("go", "http://server.test", older))


@pytest.fixture
def run_go(device, go_program, stub) -> Callable[..., str]:
    """Return a function that runs the program in Go on a day, without a terminal, and waits for its sender."""

    def run(day: str, *arguments: str, **variables: str) -> str:
        result = device.run([go_program, *arguments], TEST_NOW=day, **{"TEST_SERVER": stub.url, **variables})
        device.wait_for_senders()
        assert (result.code, result.err) == (0, b""), result
        return result.out.decode()

    return run
