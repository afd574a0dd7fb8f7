"""The line of the spool that tells that a visitor is a member who uses the dashboard. Not a hit: nothing is counted.

Its first key tells it from other lines. It names nobody: neither the user nor their address. There is one line for each
project, and no line says which others are of the same member, because visitors of two projects can't be linked. Only
their places beside each other hint at it, until they are drained.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from collector.spool.line import decoded

BEGINNING = b'{"own":'


class SpooledMember(msgspec.Struct, frozen=True, rename={"project_id": "own", "at_us": "at"}):
    """One browser of a member, as it is a visitor of one project on one of its local days, in ISO 8601.

    `at_us` is as in `SpooledHit`, but in whole seconds: the same microsecond would tell that two are of one request.
    """

    project_id: Annotated[int, Meta(gt=0, lt=2**31)]
    date: Annotated[str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
    visitor: Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
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
