"""The body of a report's request: which kinds of body are accepted, and how much of one is ever held."""

import zlib
from collections.abc import Mapping

from collector.intake.answers import Answer
from collector.intake.problems import problem_answer

MAX_BYTES = 64 * 1024  # as sent, and as inflated
_GZIP = 16 + zlib.MAX_WBITS  # for zlib: a gzip header and trailer (RFC 1952), nothing else
_TOO_LARGE = "The body is larger than 64 KB. Send fewer reports in one request."


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
    length = headers.get(b"content-length", b"").strip().lstrip(b"0")
    if length.isdigit() and (len(length) > len(str(MAX_BYTES)) or int(length) > MAX_BYTES):
        return too_large()
    return None


def encoding_of(headers: Mapping[bytes, bytes]) -> bytes:
    """Return the name of the encoding of a request's body, in lower case; empty if it names none."""
    return headers.get(b"content-encoding", b"").strip().lower()


def too_large() -> Answer:
    """Return the answer to a body that is larger than `MAX_BYTES`."""
    return problem_answer(413, _TOO_LARGE)


def inflated(body: bytes, headers: Mapping[bytes, bytes]) -> bytes:
    """Return a body of at most `MAX_BYTES` as it was before it was compressed. Raises BadBodyError.

    Never inflates more than `MAX_BYTES` and one byte, whatever the body contains.
    """
    if len(body) > MAX_BYTES:
        raise BadBodyError(too_large())
    if encoding_of(headers) != b"gzip" or not body:
        return body
    inflater = zlib.decompressobj(_GZIP)
    try:
        content = inflater.decompress(body, MAX_BYTES + 1)
    except zlib.error:
        raise BadBodyError(problem_answer(400, "The body is not gzip, as Content-Encoding says.")) from None
    if len(content) > MAX_BYTES:
        raise BadBodyError(too_large())
    if not inflater.eof or inflater.unused_data:
        raise BadBodyError(problem_answer(400, "The body is not one whole gzip file."))
    return content
