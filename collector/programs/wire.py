"""Checks the body of a request against a program's declaration: it becomes reports that may be trusted, and rejections.

No value of the body goes into an answer: a rejection names the field and the reason. A name is repeated only if it has
the form of a name.

Any schema is accepted: a client that was made from an older declaration goes on reporting. Today's declaration decides
what is taken.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Set
from datetime import date, timedelta
from typing import Any, NamedTuple

import msgspec

from collector.programs.forms import (
    ARCHITECTURES,
    DRIVERS,
    FIRST_WEEK,
    MAX_DAYS_LATE,
    MAX_GAP,
    MAX_NUMBER,
    MAX_REPORTS,
    MAX_USED,
    NAME,
    OTHER,
    REPORT_ID,
    RUNTIME,
    SCHEMA,
    SYSTEMS,
    WEEK,
    is_version,
)
from collector.programs.program import Event, Program
from collector.programs.report import ProgramReport, Used, Value
from collector.programs.weeks import monday_of_week, week_of

MAX_REJECTIONS = 100  # in one answer, so that a small request never gets a large one
MAX_WRONG_USED = 100  # of one report; the rest is not read, so that no request keeps others waiting
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_ENVELOPE = frozenset({"v", "schema", "today", "reports"})
_USED = frozenset({"day", "event", "n", "gap", "p", "h"})
Fields = Mapping[str, Any]


class Rejection(msgspec.Struct, frozen=True):
    """What was not accepted of a request: the report with this index, from 0 on, or one entry of its `used`."""

    index: int
    field: str
    reason: str


class Checked(NamedTuple):
    """The reports of a request that may be kept, and what was not accepted: the first `MAX_REJECTIONS`."""

    reports: list[ProgramReport]
    rejections: list[Rejection]


class MalformedError(ValueError):
    """A request can't be read at all. `field` names the field that is wrong, if it is one."""

    def __init__(self, detail: str, field: str = "") -> None:
        super().__init__(detail)
        self.field = field


class _WrongError(ValueError):
    """A field of a report, or of one of its entries, can't be accepted."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field
        self.reason = reason

    def within(self, path: str) -> "_WrongError":
        return _WrongError(f"{path}.{self.field}" if self.field else path, self.reason)


def check(body: bytes, program: Program, today: date) -> Checked:
    """Return what may be kept of a request that arrived on the UTC day `today`. Raises MalformedError.

    A report with a wrong field outside `used` is rejected as a whole; of `used`, only the wrong entries are.
    """
    envelope = _envelope(body)
    if envelope.get("today", today.isoformat()) != today.isoformat():
        reason = "is not the server's UTC day"
        return Checked([], [Rejection(index, "today", reason) for index in range(len(envelope["reports"]))])
    reports: list[ProgramReport] = []
    rejections: list[Rejection] = []
    for index, fields in enumerate(envelope["reports"]):
        try:
            report, wrong = _report(fields, program, today)
        except _WrongError as error:
            wrong = [error]
        else:
            reports.append(report)
        rejections += [Rejection(index, error.field, error.reason) for error in wrong]
    return Checked(reports, rejections[:MAX_REJECTIONS])


def _envelope(body: bytes) -> Fields:
    if not body:
        raise MalformedError("The body is missing. Send a JSON object with v, schema and reports.")
    try:
        envelope = msgspec.json.decode(body)
    except RecursionError:
        raise MalformedError("The body is nested too deeply.") from None
    except ValueError:  # msgspec's errors are ValueErrors; their texts may repeat what was sent
        raise MalformedError("The body is not JSON.") from None
    if not isinstance(envelope, dict):
        raise MalformedError("The body is not a JSON object.")
    for name in envelope:
        if name not in _ENVELOPE:
            raise MalformedError("The body has an unknown field.", name if NAME.fullmatch(name) else "")
    if envelope.get("v") != 1 or isinstance(envelope["v"], bool):
        raise MalformedError("v must be 1.", "v")
    if not _has_form(SCHEMA, envelope.get("schema")):
        raise MalformedError("schema must be 16 hexadecimal digits.", "schema")
    if "today" in envelope and _day(envelope["today"]) is None:
        raise MalformedError("today must be a day such as 2026-11-25.", "today")
    reports = envelope.get("reports")
    if not isinstance(reports, list) or not 0 < len(reports) <= MAX_REPORTS:
        raise MalformedError(f"reports must be a list of 1 to {MAX_REPORTS} reports.", "reports")
    for index, report in enumerate(reports):
        if not isinstance(report, dict):
            raise MalformedError("A report must be a JSON object.", f"reports[{index}]")
    return envelope


def _report(fields: Fields, program: Program, today: date) -> tuple[ProgramReport, list[_WrongError]]:
    """Return a report with the accepted entries of `used`, and what is wrong with the others."""
    _check_names(fields, _REPORT.keys() | {"used"})
    _check_forms(fields, _REPORT)
    day = _day_within(fields["day"], "day", today - timedelta(MAX_DAYS_LATE), today)
    gap, since = fields.get("gap"), fields["since"]
    if gap is None and since != week_of(day):
        raise _WrongError("since", "is not the week of this day, as it must be in a first report")
    if gap is not None and since > week_of(day - timedelta(gap)):
        raise _WrongError("since", "is after the previous report")
    entries = fields.get("used", [])
    if not isinstance(entries, list) or len(entries) > MAX_USED:
        raise _WrongError("used", f"is not a list of at most {MAX_USED} entries")
    earliest = day - timedelta(MAX_DAYS_LATE)
    if gap is not None:  # before its first report, an installation may already have recorded
        earliest = max(earliest, _monday(since) or earliest)
    used, wrong = _all_used(entries, program, earliest, day - timedelta(1))
    earlier_version = fields.get("from", "")
    report = ProgramReport(
        id=fields["id"],
        day=fields["day"],
        since=since,
        version=fields["version"],
        os=fields["os"],
        arch=fields["arch"],
        runtime=fields["runtime"],
        driver=fields["driver"],
        gap=gap,
        from_version="" if earlier_version == fields["version"] else earlier_version,
        used=used,
    )
    return report, wrong


def _all_used(
    entries: Iterable[Any], program: Program, earliest: date, latest: date
) -> tuple[list[Used], list[_WrongError]]:
    used: list[Used] = []
    wrong: list[_WrongError] = []
    gaps: dict[tuple[str, str], int | None] = {}
    repeated: set[tuple[str, str, frozenset[tuple[str, Value]]]] = set()
    for number, fields in enumerate(entries):
        if len(wrong) == MAX_WRONG_USED:
            wrong.append(
                _WrongError(f"used[{number}]", "was not read, and nothing after it: too many entries are wrong")
            )
            break
        try:
            entry = _used(fields, program, earliest, latest)
            if gaps.setdefault((entry.day, entry.event), entry.gap) != entry.gap:
                raise _WrongError("gap", "differs from that of an earlier entry of this day and event")
            key = (entry.day, entry.event, frozenset(entry.p.items()))
            if key in repeated:
                raise _WrongError("", "repeats the day, event and properties of another entry")
            repeated.add(key)
            used.append(entry)
        except _WrongError as error:
            wrong.append(error.within(f"used[{number}]"))
    return used, wrong


def _used(fields: Any, program: Program, earliest: date, latest: date) -> Used:
    if not isinstance(fields, dict):
        raise _WrongError("", "is not an object")
    _check_names(fields, _USED)
    _check_forms(fields, _ENTRY)
    day = _day_within(fields["day"], "day", earliest, latest)
    event = program.events.get(fields["event"])
    if event is None:
        raise _WrongError("event", "is not declared")
    if day > event.until:
        raise _WrongError("event", "is no longer declared on this day")
    values, bins = fields.get("p", {}), fields.get("h", {})
    _check_values(values, event)
    _check_bins(bins, event, fields["n"])
    return Used(fields["day"], event.name, fields["n"], fields.get("gap"), values, bins)


def _check_values(values: Fields, event: Event) -> None:
    for name, value in values.items():
        declared = event.properties.get(name)
        if declared is None:
            raise _WrongError(_path("p", name), "is not declared")
        if not declared.admits(value):
            raise _WrongError(_path("p", name), "is not a declared value")


def _check_bins(bins: Fields, event: Event, number: int) -> None:
    for name, counts in bins.items():
        declared = event.properties.get(name)
        if declared is None or declared.type != "bucket":
            raise _WrongError(_path("h", name), "is not declared")
        if not isinstance(counts, list) or len(counts) != declared.bins:
            raise _WrongError(_path("h", name), f"is not a list of {declared.bins} numbers")
        if not all(_is_number(count, 0, MAX_NUMBER) for count in counts):
            raise _WrongError(_path("h", name), f"has something other than whole numbers from 0 to {MAX_NUMBER}")
        if sum(counts) > number:
            raise _WrongError(_path("h", name), "adds up to more than n")


class _Form(NamedTuple):
    """Whether a value has the form of a field, and the reason to give if it has not."""

    fits: Callable[[Any], bool]
    reason: str
    is_required: bool = True


def _check_names(fields: Fields, allowed: Set[str]) -> None:
    for name in fields:
        if name not in allowed:
            raise _WrongError(name if NAME.fullmatch(name) else "", "is not a known field")


def _check_forms(fields: Fields, forms: Mapping[str, _Form]) -> None:
    for name, form in forms.items():
        if name not in fields:
            if form.is_required:
                raise _WrongError(name, "is missing")
        elif not form.fits(fields[name]):
            raise _WrongError(name, form.reason)


def _day_within(text: str, field: str, earliest: date, latest: date) -> date:
    day = _day(text)
    if day is None or not earliest <= day <= latest:
        raise _WrongError(field, f"is not from {earliest} to {latest}")
    return day


def _monday(week: Any) -> date | None:
    if not _has_form(WEEK, week):
        return None
    try:
        return monday_of_week(week)
    except ValueError:
        return None


def _day(text: Any) -> date | None:
    if not _has_form(_DAY, text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _has_form(form: re.Pattern[str], value: Any) -> bool:
    return isinstance(value, str) and form.fullmatch(value) is not None


def _is_number(value: Any, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _is_gap(value: Any) -> bool:
    return value is None or _is_number(value, 1, MAX_GAP)


def _is_version(value: Any) -> bool:
    return isinstance(value, str) and (value == OTHER or is_version(value))


def _one_of(values: tuple[str, ...]) -> _Form:
    return _Form(lambda value: isinstance(value, str) and value in values, f"is not one of {', '.join(values)}")


def _path(beginning: str, name: str) -> str:
    return f"{beginning}.{name}" if NAME.fullmatch(name) else beginning


_A_DAY = _Form(lambda value: _day(value) is not None, "is not a day such as 2026-11-25")
_A_GAP = _Form(_is_gap, f"is neither null nor a whole number from 1 to {MAX_GAP}", is_required=False)
_REPORT = {
    "id": _Form(lambda value: _has_form(REPORT_ID, value), "is not 32 hexadecimal digits"),
    "day": _A_DAY,
    "gap": _A_GAP,
    "since": _Form(
        lambda value: _monday(value) is not None and value >= FIRST_WEEK,
        f"is not an ISO week such as 2026-W31, from {FIRST_WEEK} on",
    ),
    "version": _Form(_is_version, "is neither a version such as 2.4.1 nor other"),
    "from": _Form(_is_version, "is neither a version such as 2.4.1 nor other", is_required=False),
    "os": _one_of(SYSTEMS),
    "arch": _one_of(ARCHITECTURES),
    "runtime": _Form(lambda value: _has_form(RUNTIME, value), "is not a runtime such as python3.12"),
    "driver": _one_of(DRIVERS),
}
_ENTRY = {
    "day": _A_DAY,
    "event": _Form(lambda value: isinstance(value, str), "is not a text"),
    "n": _Form(lambda value: _is_number(value, 1, MAX_NUMBER), f"is not a whole number from 1 to {MAX_NUMBER}"),
    "gap": _A_GAP,
    "p": _Form(lambda value: isinstance(value, dict), "is not an object", is_required=False),
    "h": _Form(lambda value: isinstance(value, dict), "is not an object", is_required=False),
}
