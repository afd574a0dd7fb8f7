"""Downloads of any length, sent while they are made, by ASGI and by WSGI. Only one part is in memory at a time. And
tables of a page's size, which are sent at once (`csv_file`).

Django streams asynchronous iterators by ASGI and synchronous ones by WSGI. It first turns the other kind into a list.
That is why a download gets the kind of iterator that its server can stream. By ASGI each part is made in the thread of
the request, which owns the database connection, while the event loop answers other requests. If the client disconnects,
no further part is made.
"""

import re
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from io import StringIO

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils.cache import patch_vary_headers
from django.utils.http import content_disposition_header
from django.utils.text import compress_sequence

from collector.storage.export import table_lines

CSV = "text/csv; charset=utf-8"
JSON_LINES = "application/jsonl; charset=utf-8"
PART_CHARACTERS = 32_768
MAX_PADDING_BYTES = 100  # random padding against guessing by length (BREACH), as in GZipMiddleware

_accepts_gzip = re.compile(r"\bgzip\b")  # as in GZipMiddleware: it must find nothing left to compress


def stream(request: HttpRequest, lines: Iterable[str], content_type: str, filename: str) -> StreamingHttpResponse:
    """Return an answer that browsers save as `filename`. Lines are read while they are sent; for HEAD none is read.

    The answer is compressed here if the client accepts gzip. By ASGI, GZipMiddleware would make a gzip file of each
    part, and browsers read only the first one.
    """
    has_body = request.method == "GET"
    parts = _parts(lines if has_body else ())
    headers = {"Content-Disposition": content_disposition_header(True, filename) or ""}
    if _accepts_gzip.search(request.headers.get("Accept-Encoding", "")):
        if has_body:  # even an empty gzip file has a header, and HEAD must have no body
            parts = compress_sequence(parts, max_random_bytes=MAX_PADDING_BYTES)
        headers["Content-Encoding"] = "gzip"
    content = _in_request_thread(parts) if isinstance(request, ASGIRequest) else parts
    response = StreamingHttpResponse(content, content_type=content_type, headers=headers)
    patch_vary_headers(response, ["Accept-Encoding"])
    return response


def csv_file(filename: str, head: Sequence[str | int], rows: Iterable[Sequence[object]]) -> HttpResponse:
    """Return a table as an answer that browsers save as `filename`, at once: for tables of a page's size."""
    headers = {"Content-Disposition": content_disposition_header(True, filename) or ""}
    return HttpResponse("".join(table_lines(head, rows)), content_type=CSV, headers=headers)


def _parts(lines: Iterable[str]) -> Iterator[bytes]:
    """Join lines to parts of about `PART_CHARACTERS`."""
    part = StringIO()
    for line in lines:
        part.write(line)
        if part.tell() >= PART_CHARACTERS:
            yield part.getvalue().encode()
            part = StringIO()
    if part.tell():
        yield part.getvalue().encode()


async def _in_request_thread(parts: Iterator[bytes]) -> AsyncIterator[bytes]:
    next_part = sync_to_async(lambda: next(parts, None))
    while (part := await next_part()) is not None:
        yield part
