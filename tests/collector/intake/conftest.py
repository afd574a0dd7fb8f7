from collections.abc import Iterator

import pytest

from tests.endpoints import AsgiEndpoint, Endpoint, ViewEndpoint


@pytest.fixture(params=[AsgiEndpoint, ViewEndpoint], ids=["asgi", "view"])
def endpoint(request, tmp_path) -> Iterator[Endpoint]:
    endpoint = request.param(tmp_path / "spool")
    yield endpoint
    endpoint.close()


@pytest.fixture
def by_asgi(tmp_path) -> Iterator[AsgiEndpoint]:
    endpoint = AsgiEndpoint(tmp_path / "spool")
    yield endpoint
    endpoint.close()
