"""Answers of any length, sent as they are made: by ASGI as by WSGI, in the memory of one part.

Django sends an asynchronous iterator by ASGI and a synchronous one by WSGI as they come; of the other kind it first
makes a list. So an answer gets the kind that its server takes. By ASGI each part is made in the request's own thread,
which the database connection belongs to, while the event loop answers others; who hangs up stops it after one part.
"""

import re
from collections.abc import AsyncIterator, Iterable, Iterator
from io import StringIO

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse
from django.utils.cache import patch_vary_headers
from django.utils.http import content_disposition_header
from django.utils.text import compress_sequence

CSV = "text/csv; charset=utf-8"
JSON_LINES = "application/jsonl; charset=utf-8"
PART_CHARACTERS = 32_768
PADDING_BYTES = 100  # at most and at random, as GZipMiddleware pads against guessing by length (BREACH)

_takes_gzip = re.compile(r"\bgzip\b")  # as GZipMiddleware finds it: what it would compress must be compressed here


def streamed(request: HttpRequest, lines: Iterable[str], content_type: str, filename: str) -> StreamingHttpResponse:
    """Return an answer that browsers save as `filename`. Lines are asked for as they are sent, of a HEAD none.

    It compresses by itself, where the client takes that: of an answer by ASGI, GZipMiddleware makes one gzip file a
    part, and browsers read the first of them alone.
    """
    is_read = request.method == "GET"
    parts = _parts(lines if is_read else ())
    headers = {"Content-Disposition": content_disposition_header(True, filename) or ""}
    if _takes_gzip.search(request.headers.get("Accept-Encoding", "")):
        if is_read:  # of nothing, a gzip file still has a head
            parts = compress_sequence(parts, max_random_bytes=PADDING_BYTES)
        headers["Content-Encoding"] = "gzip"
    content = _made_in_thread(parts) if isinstance(request, ASGIRequest) else parts
    response = StreamingHttpResponse(content, content_type=content_type, headers=headers)
    patch_vary_headers(response, ["Accept-Encoding"])
    return response


def _parts(lines: Iterable[str]) -> Iterator[bytes]:
    """Join lines into parts of about `PART_CHARACTERS`."""
    part = StringIO()
    for line in lines:
        part.write(line)
        if part.tell() >= PART_CHARACTERS:
            yield part.getvalue().encode()
            part = StringIO()
    if part.tell():
        yield part.getvalue().encode()


async def _made_in_thread(parts: Iterator[bytes]) -> AsyncIterator[bytes]:
    next_part = sync_to_async(lambda: next(parts, None))
    while (part := await next_part()) is not None:
        yield part
