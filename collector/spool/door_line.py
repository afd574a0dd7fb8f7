"""The line of the spool with what another SDK reported of one installation, or of one run of a program, on one day.

It has no id, only marks: keyed hashes of one, for the day, its week and its month. Nobody can compute or compare them
once the salts of these are deleted. Its first key tells it from other lines.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, get_args

import msgspec
from msgspec import Meta

from collector.programs.forms import MAX_BINS, MAX_PROPERTIES
from collector.programs.program import Door
from collector.programs.report import Value
from collector.spool.line import decoded

BEGINNING = b'{"door":'
MAX_USES = 100  # in one line
MAX_DROPPED = 20
MAX_DAYS_LATE = 1
_Mark = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
_Text = Annotated[str, Meta(max_length=40)]
_Bin = Annotated[int, Meta(ge=0, lt=MAX_BINS)]


class DoorUse(msgspec.Struct, frozen=True, omit_defaults=True):
    """One use of a declared event. `key` is a keyed hash that is the same when it is sent again, or None."""

    event: _Text
    key: _Mark | None = None
    p: Annotated[dict[_Text, Value], Meta(max_length=MAX_PROPERTIES)] = {}
    h: Annotated[dict[_Text, _Bin], Meta(max_length=MAX_PROPERTIES)] = {}


class Marks(msgspec.Struct, frozen=True, array_like=True):
    """The keyed hashes of an id, each with a salt of its own."""

    day: _Mark
    week: _Mark
    month: _Mark


class SpooledUse(msgspec.Struct, frozen=True, omit_defaults=True, rename={"token": "door", "at_us": "at"}):
    """What was reported of one installation on the UTC day `day`, or of one session if `is_session`.

    Without `marks`, nobody knows of which. `dropped` are names that the declaration does not have. `is_excess`: its
    network had sent more than `collector.intake.network_caps` lets count.
    """

    token: Annotated[str, Meta(min_length=1, max_length=40)]
    at_us: Annotated[int, Meta(gt=0, lt=2**52)]
    day: Annotated[str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
    sdk: Annotated[str, Meta(max_length=12)]
    is_session: bool = False
    marks: Marks | None = None
    version: _Text = ""
    os: _Text = ""
    arch: _Text = ""
    runtime: _Text = ""
    country: Annotated[str, Meta(max_length=2)] = ""
    uses: Annotated[list[DoorUse], Meta(max_length=MAX_USES)] = []
    dropped: Annotated[list[Annotated[str, Meta(max_length=81)]], Meta(max_length=MAX_DROPPED)] = []
    is_excess: bool = False

    def to_line(self) -> bytes:
        """Return the line."""
        return _encode(self) + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> "SpooledUse":
        """Parse a line; raise ValueError with the reason if it is not one of ours."""
        if b"\\u0000" in line:  # PostgreSQL can't store NUL, and nothing in it has one
            raise ValueError("contains NUL")
        spooled = decoded(_decode, line)
        if spooled.sdk not in get_args(Door):
            raise ValueError("of an SDK that we don't know")
        taken_on = datetime.fromtimestamp(spooled.at_us // 1_000_000, UTC).date()
        # A day more than the intake allows: its clock may have been set meanwhile.
        if not -timedelta(1) <= taken_on - date.fromisoformat(spooled.day) <= timedelta(MAX_DAYS_LATE + 1):
            raise ValueError("its day is not near the moment when it was taken")
        return spooled


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(SpooledUse).decode
