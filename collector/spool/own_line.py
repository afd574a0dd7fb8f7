"""The line of the spool that tells which visitors are members who use the dashboard. Not a hit: nothing is counted.

Its first key tells it from other lines. It names nobody: neither the user nor their address.
"""

from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta

from collector.spool.line import decoded

BEGINNING = b'{"own":'
MAX_VISITORS = 500  # in one line: each takes at most 49 bytes


class MemberVisitor(NamedTuple):
    """A visitor of a project on one of its local days, in ISO 8601."""

    project_id: Annotated[int, Meta(gt=0, lt=2**31)]
    date: Annotated[str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
    visitor: Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]


class SpooledMember(msgspec.Struct, frozen=True, rename={"visitors": "own", "at_us": "at"}):
    """One browser of a member, as it is a visitor of each of their projects. `at_us` is as in `SpooledHit`."""

    visitors: Annotated[list[MemberVisitor], Meta(max_length=MAX_VISITORS)]
    at_us: Annotated[int, Meta(gt=0, lt=2**52)]

    def to_line(self) -> bytes:
        """Return the line."""
        return _encode(self) + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> "SpooledMember":
        """Parse a line; raise ValueError with the reason if it is not one of ours."""
        return decoded(_decode, line)


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(SpooledMember).decode
