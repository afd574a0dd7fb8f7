"""The body of a report's request: which kinds of body are accepted, and how much of one is ever held."""

import zlib
from collections.abc import Mapping

from collector.intake.answers import Answer
from collector.intake.problems import problem_answer

MAX_BYTES = 64 * 1024  # as sent, and as inflated
# For zlib: a gzip header and trailer (RFC 1952), or zlib's (RFC 1950), and nothing else.
_WINDOW_BITS = {b"gzip": 16 + zlib.MAX_WBITS, b"deflate": zlib.MAX_WBITS}


class BadBodyError(ValueError):
    """A body can't be read. `answer` says why."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def refusal_by_head(headers: Mapping[bytes, bytes]) -> Answer | None:
    """Return the answer to a request whose headers already tell that its body can't be taken."""
    content_type = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    if content_type != b"application/json":
        accept = ((b"accept", b"application/json"),)
        return problem_answer(415, "Send Content-Type: application/json.", headers=accept)
    if encoding_of(headers) not in {b"", b"identity", b"gzip"}:
        accept = ((b"accept-encoding", b"gzip, identity"),)  # RFC 9110, 15.5.16
        return problem_answer(415, "Send the body as it is, or with Content-Encoding: gzip.", headers=accept)
    return refusal_by_length(headers)


def refusal_by_length(headers: Mapping[bytes, bytes], most: int = MAX_BYTES) -> Answer | None:
    """Return the answer to a request whose headers tell that its body is larger than `most` bytes."""
    length = headers.get(b"content-length", b"").strip().lstrip(b"0")
    is_too_large = length.isdigit() and (len(length) > len(str(most)) or int(length) > most)
    return too_large(most) if is_too_large else None


def encoding_of(headers: Mapping[bytes, bytes]) -> bytes:
    """Return the name of the encoding of a request's body, in lower case; empty if it names none."""
    return headers.get(b"content-encoding", b"").strip().lower()


def too_large(most: int = MAX_BYTES) -> Answer:
    """Return the answer to a body that is larger than `most` bytes."""
    detail = f"The body is larger than {most // 1024} KB. Send fewer reports in one request."
    return problem_answer(413, detail)


def inflated(body: bytes, encoding: bytes, most: int = MAX_BYTES) -> bytes:
    """Return a body of at most `most` bytes as it was before it was compressed. Raises BadBodyError.

    Never inflates more than `most` bytes and one, whatever the body contains.
    """
    if len(body) > most:
        raise BadBodyError(too_large(most))
    if encoding not in _WINDOW_BITS or not body:
        return body
    inflater = zlib.decompressobj(_WINDOW_BITS[encoding])
    try:
        content = inflater.decompress(body, most + 1)
    except zlib.error:
        detail = f"The body is not {encoding.decode()}, as Content-Encoding says."
        raise BadBodyError(problem_answer(400, detail)) from None
    if len(content) > most:
        raise BadBodyError(too_large(most))
    if not inflater.eof or inflater.unused_data:
        raise BadBodyError(problem_answer(400, f"The body is not one whole {encoding.decode()} file."))
    return content
