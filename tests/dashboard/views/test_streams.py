"""Downloads are sent while they are made and compressed once, by WSGI and by ASGI."""

import zlib

import pytest
from asgiref.sync import async_to_sync
from django.middleware.gzip import GZipMiddleware
from django.test import RequestFactory
from django.test.client import AsyncRequestFactory

from dashboard.views.streams import CSV, stream
from tests.dashboard.views.downloads import fetched_by_asgi
from tests.hits import hit

pytestmark = pytest.mark.usefixtures("noon")


@pytest.mark.parametrize("accepted", ["", "br", "identity"])
def test_clients_that_do_not_accept_gzip_get_plain_text(reader, pixel, accepted):
    response = reader.get("/projects/blog/hits.csv", headers={"accept-encoding": accepted})
    assert "Content-Encoding" not in response.headers


def test_a_head_reads_no_hit(reader, take, pixel, django_assert_max_num_queries):
    take(hit(pixel))
    with django_assert_max_num_queries(5):  # session, user, project, first day
        response = reader.head("/projects/blog/hits.csv")
    assert (response.status_code, response.getvalue()) == (200, b"")
    assert list(stream(RequestFactory().head("/"), ["line"], CSV, "x.csv")) == []


def test_a_head_has_no_body_even_if_get_is_compressed():
    request = RequestFactory().head("/", headers={"accept-encoding": "gzip"})
    response = GZipMiddleware(lambda request: stream(request, ["line"], CSV, "x.csv"))(request)
    assert (response.headers["Content-Encoding"], list(response)) == ("gzip", [])


@pytest.mark.parametrize("accepted", ["gzip", "gzip;q=0", "br;q=1.0, gzip;q=0.8"])
def test_by_asgi_a_download_is_one_gzip_file(viewer, take, pixel, monkeypatch, accepted):
    """Browsers read only the first gzip file, and GZipMiddleware would make one of each part."""
    monkeypatch.setattr("dashboard.views.streams.PART_CHARACTERS", 1)
    take(hit(pixel), hit(pixel))
    file = zlib.decompressobj(wbits=31)
    content = file.decompress(fetched_by_asgi(viewer, "/projects/blog/hits.jsonl", accept_encoding=accepted))
    assert (len(content.splitlines()), file.unused_data) == (2, b"")


class Lines:
    """A number of lines; `read` counts those that were read."""

    def __init__(self, number: int) -> None:
        self.read = 0
        self._number = number

    def __iter__(self):
        for _ in range(self._number):
            self.read += 1
            yield "x" * 1023 + "\n"


def test_by_wsgi_the_first_part_is_sent_before_the_second_is_made():
    lines = Lines(1000)
    parts = iter(stream(RequestFactory().get("/"), lines, CSV, "x.csv"))
    assert len(next(parts)) == 32 * 1024
    assert lines.read == 32
    assert sum(map(len, parts)) == 968 * 1024


def test_by_asgi_the_first_part_is_sent_before_the_second_is_made():
    lines = Lines(1000)

    async def read() -> int:
        parts = aiter(stream(AsyncRequestFactory().get("/"), lines, CSV, "x.csv"))
        assert len(await anext(parts)) == 32 * 1024
        assert lines.read == 32
        return sum([len(part) async for part in parts])

    assert async_to_sync(read)() == 968 * 1024


def test_a_client_that_disconnects_stops_the_reading():
    lines = Lines(1000)

    async def read() -> None:
        parts = aiter(stream(AsyncRequestFactory().get("/"), lines, CSV, "x.csv"))
        await anext(parts)
        await parts.aclose()

    async_to_sync(read)()
    assert lines.read == 32
