"""What one installation says of one day: the report on the wire, in the spool, and in the database.

Its values are checked against the declaration by `collector.programs.wire`. What comes out of here is trusted.
"""

import msgspec

Value = str | bool


class Used(msgspec.Struct, frozen=True, omit_defaults=True):
    """How often an event was used on one earlier day, with one set of properties.

    `p` has choices, flags and versions by property; `h` the bins of each bucket property, which sum up what `n` uses
    had. `gap` is the days since this installation's previous day with this event, at most 32; null if there was none.
    All entries of the same day and event have the same `gap`.
    """

    day: str
    event: str
    n: int
    gap: int | None = None
    p: dict[str, Value] = {}
    h: dict[str, list[int]] = {}


class ProgramReport(msgspec.Struct, frozen=True, omit_defaults=True, rename={"from_version": "from"}):
    """One report. `day` is a UTC day in ISO 8601, `since` an ISO week. `from_version` is empty without an upgrade."""

    id: str
    day: str
    since: str
    version: str
    os: str
    arch: str
    runtime: str
    driver: str
    gap: int | None = None
    from_version: str = ""
    country: str = ""
    used: list[Used] = []
