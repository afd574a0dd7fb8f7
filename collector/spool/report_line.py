"""The format of the spool for programs: one report, or one run that a shell reported, is one JSON line.

The first key tells what a line is: no hit begins with `report`, `run`, `flood`, `door` or `own`.
"""

from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Annotated

import msgspec
from msgspec import Meta

from collector.models import Driver
from collector.programs.forms import DRIVERS, MAX_DAYS_LATE, REPORT_ID, WEEK
from collector.programs.report import ProgramReport
from collector.spool import door_line, own_line
from collector.spool.door_line import SpooledUse
from collector.spool.line import SpooledHit, decoded
from collector.spool.own_line import SpooledMember

_REPORT, _RUN, _FLOOD = b'{"report":', b'{"run":', b'{"flood":'
_OTHER_BEGINNINGS = (_REPORT, _RUN, _FLOOD, door_line.BEGINNING, own_line.BEGINNING)
_Token = Annotated[str, Meta(min_length=1, max_length=40)]
_Moment = Annotated[int, Meta(gt=0, lt=2**52)]
_Day = Annotated[str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
_Id = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
MAX_FLOOD = 500  # reports in one line


class SpooledReport(msgspec.Struct, frozen=True, omit_defaults=True, rename={"token": "report", "at_us": "at"}):
    """One report of a program as it was accepted. `at_us` is microseconds since the epoch.

    `is_excess`: its network had sent more of this program's reports than `collector.intake.network_caps` lets count.
    """

    token: _Token
    at_us: _Moment
    body: ProgramReport
    is_excess: bool = False

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


class SpooledFlood(msgspec.Struct, frozen=True, rename={"token": "flood", "at_us": "at"}):
    """Reports of a program that were spooled before, of a network that then turned out to flood us.

    Each is named by its day and its id, as `Report` has them.
    """

    token: _Token
    at_us: _Moment
    reports: Annotated[list[tuple[_Day, _Id]], Meta(max_length=MAX_FLOOD)]

    def to_line(self) -> bytes:
        """Return them as one JSON line."""
        return _encode(self) + b"\n"


OfClient = SpooledReport | SpooledRun | SpooledFlood
OfProgram = OfClient | SpooledUse
NUMBER_OF_DRIVER = {driver.label: int(driver) for driver in Driver if driver.label in DRIVERS}
Spooled = SpooledHit | OfProgram | SpooledMember

_encode = msgspec.json.Encoder().encode
_decode_report = msgspec.json.Decoder(SpooledReport).decode
_decode_run = msgspec.json.Decoder(SpooledRun).decode
_decode_flood = msgspec.json.Decoder(SpooledFlood).decode


def from_line(line: bytes) -> Spooled:
    """Parse any line of a spool; raise ValueError with the reason if it is not one of ours."""
    if not line.startswith(_OTHER_BEGINNINGS):
        return SpooledHit.from_line(line)
    if line.startswith(own_line.BEGINNING):
        return SpooledMember.from_line(line)
    return SpooledUse.from_line(line) if line.startswith(door_line.BEGINNING) else _of_client(line)


def _of_client(line: bytes) -> OfClient:
    if b"\\u0000" in line:  # PostgreSQL can't store NUL, and no value of a report has one
        raise ValueError("contains NUL")
    if line.startswith(_RUN):
        return decoded(_decode_run, line)
    if line.startswith(_FLOOD):
        flood = decoded(_decode_flood, line)
        for day, _ in flood.reports:
            day_of(day)
        return flood
    spooled = decoded(_decode_report, line)
    _check(spooled)
    return spooled


def _check(spooled: SpooledReport) -> None:
    """Raise ValueError for what would break the counts: they rely on days, ids and drivers."""
    report = spooled.body
    day = day_of(report.day)
    # One day more than the intake allows: its clock may have been set meanwhile.
    if not -1 <= (_date_of(spooled.at_us // 86_400_000_000) - day).days <= MAX_DAYS_LATE + 1:
        raise ValueError("the day of the report is not near the moment when it was taken")
    if not REPORT_ID.fullmatch(report.id) or not WEEK.fullmatch(report.since) or report.driver not in NUMBER_OF_DRIVER:
        raise ValueError("the report has no valid id, week or driver")
    for used in report.used:
        if not 1 <= (day - day_of(used.day)).days <= MAX_DAYS_LATE:
            raise ValueError("a day of use is not shortly before the day of the report")


@lru_cache(maxsize=4096)
def day_of(text: str) -> date:
    """Return the date that a report writes as 2026-11-25; raise ValueError for any other form."""
    day = date.fromisoformat(text)
    if day.isoformat() != text:
        raise ValueError("a day is not written like 2026-11-25")
    return day


@lru_cache(maxsize=64)
def _date_of(days_since_epoch: int) -> date:
    return datetime.fromtimestamp(days_since_epoch * 86_400, UTC).date()
