"""The format of the spool for programs: one report, or one run that a shell reported, is one JSON line.

The first key tells what a line is: no hit begins with `report` or `run`.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from collector.programs.report import ProgramReport

REPORT_BEGINNING = b'{"report":'
RUN_BEGINNING = b'{"run":'
_Token = Annotated[str, Meta(min_length=1, max_length=40)]
_Moment = Annotated[int, Meta(gt=0, lt=2**52)]


class SpooledReport(msgspec.Struct, frozen=True, rename={"token": "report", "at_us": "at"}):
    """One report of a program as it was accepted. `at_us` is microseconds since the epoch."""

    token: _Token
    at_us: _Moment
    body: ProgramReport

    def to_line(self) -> bytes:
        """Return the report as one JSON line."""
        return _encode(self) + b"\n"


class SpooledRun(msgspec.Struct, frozen=True, omit_defaults=True, rename={"token": "run", "at_us": "at"}):
    """One run of a program that a shell reported with a GET. Event and version are declared ones, or empty."""

    token: _Token
    at_us: _Moment
    event: Annotated[str, Meta(max_length=40)] = ""
    version: Annotated[str, Meta(max_length=40)] = ""

    def to_line(self) -> bytes:
        """Return the run as one JSON line."""
        return _encode(self) + b"\n"


_encode = msgspec.json.Encoder().encode
report_from_line = msgspec.json.Decoder(SpooledReport).decode
run_from_line = msgspec.json.Decoder(SpooledRun).decode
