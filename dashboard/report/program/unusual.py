"""Days that stand out, what is left out of all numbers, and what an owner can decide about each."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext, pgettext_lazy

from collector.models import ProgramSection, ReportDimension
from collector.models.left_out import EXCESS, NEW_ONES
from collector.models.programs import KEPT_DAYS
from collector.programs.windows import DAY, Window
from dashboard import formatting
from dashboard.report.charts import BUCKET_NAMES
from dashboard.report.program.subject import ProgramSubject
from dashboard.report.program.systems import PANELS
from dashboard.usage.left_out import LeftOutDay
from dashboard.visits.periods import Bucket

MAX_MARKS = 5  # of one point of a chart
COUNT, LEAVE_OUT = "count", "leave-out"
BUTTONS = {COUNT: pgettext_lazy("verb", "Count"), LEAVE_OUT: gettext_lazy("Leave out")}


@dataclass(frozen=True, slots=True)
class Decision:
    """A button: what it sends, and its label."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class LeavingOut:
    """The form in which an owner names what to leave out. `first_day` is the oldest one that can be left out."""

    first_day: date
    last_day: date
    fields: Sequence[Decision]
    button: Decision


@dataclass(frozen=True, slots=True)
class UnusualRow:
    """Some reports of one day: how many, and how many are usual.

    `details` are lines under them; `decisions` are what an owner can choose now, if it `is_open` for the first time.
    """

    day: date
    day_label: str
    what: str
    label: str
    numbers: Sequence[int | None]
    state: str
    details: Sequence[str]
    decisions: Sequence[Decision]
    is_open: bool
    is_out: bool


@dataclass(frozen=True, slots=True)
class UnusualDays:
    """All of them, the latest day first. `notice` asks for decisions where some are missing."""

    key: str
    section: str
    title: str
    caption: str
    heading: str
    number_headings: Sequence[str]
    state_heading: str
    reason_heading: str
    rows: Sequence[UnusualRow]
    notes: Sequence[str]
    notice: str

    def table(self) -> tuple[list[str], list[list[object]]]:
        """Return its header and its rows for a spreadsheet."""
        rows: list[list[object]] = [
            [f"{row.day}: {row.label}", *row.numbers, row.state, " · ".join(row.details)] for row in self.rows
        ]
        return [self.heading, *self.number_headings, self.state_heading, self.reason_heading], rows


def unusual_days(subject: ProgramSubject, days: Sequence[LeftOutDay]) -> UnusualDays | None:
    """Describe the days that stand out and what is left out. None if there is nothing of both."""
    if not days:
        return None
    rows = [_row(subject, one) for one in days]
    first_day = first_kept_day(subject)
    missing = sum(row.is_open and row.day >= first_day for row in rows)
    notice = ngettext(
        "One day or value stands out. Decide whether it counts.",
        "%(number)s days or values stand out. Decide whether they count.",
        missing,
    ) % {"number": formatting.exact(missing)}
    notes = [_("What is left out is in no number of this page, of its files and of the API. Nothing is deleted.")]
    if subject.program.public:
        notes.append(
            _(
                "Public statistics of a week wait for your decisions, for three weeks at most. Published ones never "
                "change."
            )
        )
    return UnusualDays(
        "unusual",
        ProgramSection.ACTIVES.value,
        _("Unusual days"),
        _("What stands out, and what is left out"),
        str(BUCKET_NAMES[Bucket.DAY]),
        [_("Reports"), pgettext("number", "Usual")],
        _("State"),
        _("Reason"),
        rows,
        notes,
        notice if missing else "",
    )


def first_kept_day(subject: ProgramSubject) -> date:
    """Return the first day whose raw reports are still there: it and later ones can be left out."""
    return subject.today - (KEPT_DAYS - 1) * DAY


def marks_of(unusual: UnusualDays | None, windows: Iterable[Window]) -> Mapping[Window, Sequence[str]]:
    """Return what charts mark in each window: what stands out, and what is left out."""
    rows = [row for row in unusual.rows if row.is_open or row.is_out] if unusual else []
    marks: dict[Window, list[str]] = defaultdict(list)
    for window in windows:
        for row in rows:
            if window.start <= row.day < window.end and len(marks[window]) < MAX_MARKS:
                marks[window].append(f"{row.label}: {row.state}")
    return marks


def leaving_out(subject: ProgramSubject) -> LeavingOut:
    """Return the form for days and values that don't stand out by themselves."""
    fields = [Decision(NEW_ONES, _("New installations")), Decision(str(ReportDimension.VERSION.label), _("Version"))]
    fields += [
        Decision(str(dimension.label), str(heading)) for dimension, (_key, _title, heading, _label) in PANELS.items()
    ]
    button = Decision(LEAVE_OUT, str(BUTTONS[LEAVE_OUT]))
    return LeavingOut(first_kept_day(subject), subject.today, fields, button)


def _row(subject: ProgramSubject, one: LeftOutDay) -> UnusualRow:
    is_open = one.decided_at is None and one.what != EXCESS
    return UnusualRow(
        one.day, formatting.day(one.day, "yMMMEd"), one.what, _label(one.what), [one.reports, one.usual],
        _state(one, is_open=is_open), _details(one), _decisions(subject, one, is_open=is_open), is_open, one.is_out,
    )  # fmt: skip


def _state(one: LeftOutDay, *, is_open: bool) -> str:
    if one.is_pending:
        return _("being left out")
    if one.is_out:
        return _("left out")
    return _("stands out") if is_open else _("counted")


def _decisions(subject: ProgramSubject, one: LeftOutDay, *, is_open: bool) -> list[Decision]:
    """Return what changes the state. Nothing can be left out for the first time once its raw reports are deleted."""
    is_kept = one.day >= first_kept_day(subject)
    can_be_left_out = not one.is_out and (is_kept or one.what == EXCESS or not is_open)
    choices = [LEAVE_OUT] if can_be_left_out else []
    choices += [COUNT] if one.is_out or is_open else []
    return [Decision(choice, str(BUTTONS[choice])) for choice in choices]


def _label(what: str) -> str:
    if what == EXCESS:
        return _("Over the limit of a network")
    if what == NEW_ONES:
        return _("New installations")
    field, _separator, value = what.partition("=")
    return _value_label(field, value)


def _value_label(field: str, value: str) -> str:
    """Write a field and its value, such as “System: Windows”."""
    if field == str(ReportDimension.VERSION.label):
        return f"{_('Version')}: {value}"
    _key, _title, heading, label = PANELS[ReportDimension[field.upper()]]
    return f"{heading}: {label(value)}"


def _details(one: LeftOutDay) -> list[str]:
    details = []
    if one.made_up_of and one.reports:
        shares = [
            f"{_value_label(field, value)} ({formatting.percent(min(number / one.reports, 1))})"
            for field, value, number in one.made_up_of
        ]
        details.append(formatting.enumerated(shares))
    if one.decided_at is not None:
        day = formatting.day(one.decided_at.date(), "yMMMd")
        details.append(" · ".join(part for part in (one.reason, one.decided_by, day) if part))
    return details
