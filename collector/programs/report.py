"""What one installation says about one day: the report on the wire, in the spool, and in the database.

Its values are checked against the declaration by `collector.programs.wire`. What comes out of here is trusted.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from collector.programs.forms import MAX_BINS, MAX_GAP, MAX_NUMBER, MAX_PROPERTIES, MAX_USED

Value = Annotated[str, Meta(max_length=40)] | bool
_Text = Annotated[str, Meta(max_length=40)]
_Gap = Annotated[int, Meta(ge=1, le=MAX_GAP)]
_Number = Annotated[int, Meta(ge=0, le=MAX_NUMBER)]
_Bins = Annotated[list[_Number], Meta(max_length=MAX_BINS)]


class Used(msgspec.Struct, frozen=True, omit_defaults=True):
    """How often an event was used on one earlier day, with one set of properties.

    `p` has choices, flags and versions by property; `h` the bins of each bucket property, which sum up what `n` uses
    had. `gap` is the days since this installation's previous day with this event, at most 32; null if there was none.
    All entries of the same day and event have the same `gap`.
    """

    day: _Text
    event: _Text
    n: _Number
    gap: _Gap | None = None
    p: Annotated[dict[_Text, Value], Meta(max_length=MAX_PROPERTIES)] = {}
    h: Annotated[dict[_Text, _Bins], Meta(max_length=MAX_PROPERTIES)] = {}


class ProgramReport(msgspec.Struct, frozen=True, omit_defaults=True, rename={"from_version": "from"}):
    """One report. `day` is a UTC day in ISO 8601, `since` an ISO week. `from_version` is empty without an upgrade."""

    id: _Text
    day: _Text
    since: _Text
    version: _Text
    os: _Text
    arch: _Text
    runtime: _Text
    driver: _Text
    gap: _Gap | None = None
    from_version: _Text = ""
    country: _Text = ""
    used: Annotated[list[Used], Meta(max_length=MAX_USED)] = []


def number_of_id(report_id: str) -> int:
    """Return the first 64 bits of an id on the wire, as `Report` has them: a signed number."""
    return int.from_bytes(bytes.fromhex(report_id[:16]), signed=True)
