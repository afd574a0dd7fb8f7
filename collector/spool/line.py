"""The format of the spool: one hit is one JSON line.

A line is whole when it ends with a newline. The hit of a last line without one was never acknowledged.
"""

from collections.abc import Callable
from typing import Annotated, NamedTuple, TypeVar

import msgspec
from msgspec import Meta

from collector.models import Verdict

MAX_HIT_BYTES = 16 * 1024
MAX_LINE_BYTES = 66 * 1024  # of any line: a report has at most the 64 KB of its request, and a token and a moment

# Maximum lengths in characters. The intake cuts texts to them; the drain refuses longer ones.
MAX_AGENT = 512
MAX_PAGE = 512
MAX_HINTS = 40


Parsed = TypeVar("Parsed")  # from a line


def decoded(decode: Callable[[bytes], Parsed], line: bytes, max_bytes: int = MAX_LINE_BYTES) -> Parsed:
    """Parse a line; raise ValueError with the reason if it is not what `decode` reads, or longer than we write."""
    if len(line) > max_bytes:
        raise ValueError("longer than any line we write")
    try:
        return decode(line)
    except RecursionError:
        raise ValueError("nested too deep") from None


class SpooledHit(msgspec.Struct, frozen=True, omit_defaults=True, rename={"at_us": "at", "is_end": "end"}):
    """One hit as it was received. Unknown values are empty strings or None.

    `at_us` is microseconds since the epoch. `visitor` is a signed 64-bit hash. `verdict` is the web process's Verdict;
    the drain may still recognise a bot.
    """

    token: Annotated[str, Meta(min_length=1, max_length=40)]
    at_us: Annotated[int, Meta(gt=0, lt=2**52)]
    placement: Annotated[str, Meta(max_length=40)] = ""
    is_end: bool = False
    verdict: Annotated[int, Meta(ge=0, le=int(max(Verdict)))] = 0
    agent: Annotated[str, Meta(max_length=MAX_AGENT)] = ""
    page: Annotated[str, Meta(max_length=MAX_PAGE)] = ""
    language: Annotated[str, Meta(max_length=8)] = ""
    country: Annotated[str, Meta(max_length=2)] = ""
    visitor: Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)] | None = None
    hints: Annotated[str, Meta(max_length=MAX_HINTS)] = ""
    is_private: bool = False

    def to_line(self) -> bytes:
        """Return the hit as one JSON line, without fields that have their default."""
        return _encode(self) + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> "SpooledHit":
        """Parse a line; raise ValueError with the reason if it is not one of ours."""
        if b"\\u0000" in line:  # PostgreSQL can't store NUL
            line = line.replace(b"\\u0000", b"\\ufffd")
        return decoded(_decode, line, MAX_HIT_BYTES)


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(SpooledHit).decode


class Line(NamedTuple):
    """One line of a segment, without its newline. `offset` and `end` are bytes from the segment's start."""

    segment: str
    offset: int
    end: int
    content: bytes
    is_torn: bool = False
