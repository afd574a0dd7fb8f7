"""What other SDKs report about a program, apart from its clients: figures, a chart and panels."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial

from django.utils.translation import gettext as _

from collector.models import ProgramSection, ReportDimension
from collector.models.programs import Part
from collector.programs.weeks import monday_of
from collector.programs.windows import DAY, Window
from dashboard import formatting
from dashboard.report.charts import BUCKET_NAMES, Chart, Series, Shape
from dashboard.report.figures import Figure
from dashboard.report.program.actives import bucket_points
from dashboard.report.program.colours import BLUE, GREEN
from dashboard.report.program.events import bin_labels, value_label
from dashboard.report.program.panel import UsageGroup, UsagePanel, UsageRow, bar_width, installations, times
from dashboard.report.program.subject import ProgramSubject, days_label
from dashboard.report.program.systems import PANELS
from dashboard.report.program.versions import version_label
from dashboard.usage.doors import DoorDays, DoorUsage, DoorUse, as_counted
from dashboard.visits.periods import Bucket

SECTION = ProgramSection.SDKS.value
_PART_OF_BUCKET = {Bucket.DAY: Part.DAY, Bucket.WEEK: Part.WEEK, Bucket.MONTH: Part.MONTH}
Values = Mapping[int, Mapping[str, DoorUse]]


@dataclass(frozen=True, slots=True)
class DoorSection:
    """What a page shows of other SDKs. `note` says how that relates to the rest of the page."""

    figures: Sequence[Figure]
    chart: Chart
    group: UsageGroup
    note: str
    has_counts: bool


def door_section(subject: ProgramSubject) -> DoorSection:
    """Report on what other SDKs sent. Two queries."""
    usage = DoorUsage(subject.pixel)
    month = _month(subject.last_day, subject.period.end)
    before = _month(month.start - DAY, month.start)
    week = Window(monday_of(subject.last_day), subject.period.end)
    start = min(before.start, week.start, subject.bucket_windows()[0].start)
    days, values = usage.days(start, subject.period.end), dict(usage.values(before, month))
    versions = values.get(ReportDimension.VERSION, {})
    values[ReportDimension.VERSION] = as_counted(versions, subject.program.versions.counted_as)
    has_sessions = days.sessions(Window(start, subject.period.end)) > 0
    return DoorSection(
        figures=_figures(subject, days, values, week, month),
        chart=_chart(subject, days, has_sessions=has_sessions),
        group=UsageGroup("sdks", _panels(subject, values, before, month, has_sessions=has_sessions)),
        note=_(
            "Other SDKs send an ID. By that, installations are told apart only within a UTC day, an ISO week and a "
            "month, so there is no retention. They may be the same ones that clients report: don't add them up."
        ),
        has_counts=bool(any(values.values()) or days.installations(month, Part.MONTH) or days.sessions(month)),
    )


def dropped_panel(subject: ProgramSubject) -> UsagePanel | None:
    """List the names that other SDKs sent and the declaration does not have. None without any. One query."""
    names = DoorUsage(subject.pixel).dropped_names()
    if not names:
        return None
    rows = [UsageRow(name, [], cells=[formatting.day(day, "yMMMd")]) for name, day in names]
    return UsagePanel(
        "sdks.dropped", SECTION, _("Not declared"), _("Sent by other SDKs, not kept"), _("Name"), [], rows,
        headings=[_("Last sent")], has_share=False,
    )  # fmt: skip


def _month(day: date, end: date) -> Window:
    """Return the month of a day, up to `end`."""
    return Window(day.replace(day=1), end)


def _figures(subject: ProgramSubject, days: DoorDays, values: Values, week: Window, month: Window) -> Sequence[Figure]:
    """Return the figures of a program that only other SDKs report."""
    day = Window(subject.last_day, subject.period.end)
    counted = [
        ("day", _("Active in a day"), days.installations(day, Part.DAY), days_label(day)),
        ("week", _("Active in a week"), days.installations(week, Part.WEEK), days_label(week)),
        ("month", _("Active in a month"), days.installations(month, Part.MONTH), days_label(month)),
        ("sessions", _("Sessions"), days.sessions(month), days_label(month)),
    ]
    figures = [Figure(key, label, formatting.short(number), number, note) for key, label, number, note in counted]
    newest = subject.program.versions.newest
    versions = values.get(ReportDimension.VERSION, {})
    known = sum(use.installations for use in versions.values())
    on_newest = versions[newest].installations if newest in versions else 0
    share = formatting.percent(on_newest / known) if newest and known else formatting.UNSEEN
    note = newest or _("no newest version is declared")
    return [*figures, Figure("newest", _("On the newest version"), share, on_newest, note, None, installations())]


def _chart(subject: ProgramSubject, days: DoorDays, *, has_sessions: bool) -> Chart:
    windows, part = subject.bucket_windows(), _PART_OF_BUCKET[subject.period.bucket]
    series = [Series(installations(), BLUE, [days.installations(window, part) for window in windows])]
    if has_sessions:
        series.append(Series(_("Sessions"), GREEN, [days.sessions(window) for window in windows]))
    return Chart(
        "sdks", SECTION, _("From other SDKs"), _("Installations in each day, week or month · UTC"),
        str(BUCKET_NAMES[subject.period.bucket]), bucket_points(subject, windows, series), series,
        [one.label for one in series], shape=Shape.LINES, total=installations(),
    )  # fmt: skip


def _panels(
    subject: ProgramSubject, values: Values, before: Window, month: Window, *, has_sessions: bool
) -> list[UsagePanel]:
    headings = [formatting.day(window.start, "yMMM") for window in (month, before)]
    headings += [_("Sessions")] if has_sessions else []
    caption = _("Other SDKs, installations in a month")
    label_of_version = partial(version_label, versions=subject.program.versions)
    names: list[tuple[ReportDimension, str, str, str, Callable[[str], str]]] = [
        (ReportDimension.VERSION, "versions", _("Versions"), _("Version"), label_of_version)
    ]
    names += [(one, key, str(title), str(heading), label) for one, (key, title, heading, label) in PANELS.items()]
    panels = []
    for dimension, key, title, heading, label in names:
        if dimension == ReportDimension.COUNTRY and not subject.program.with_country:
            continue
        uses = {label(value): use for value, use in values.get(dimension, {}).items()}
        rows = _rows(uses, lambda use: [use.installations, use.before, *[use.sessions] * has_sessions])
        panels.append(_panel(f"sdks.{key}", title, caption, heading, headings, rows))
    events = _rows(values.get(ReportDimension.EVENT, {}), lambda use: [use.installations, use.before, use.times])
    panels.append(_panel("sdks.events", _("Events"), caption, _("Event"), [*headings[:2], times()], events))
    properties = _rows(_properties(subject, values), lambda use: [use.times])
    panels.append(_panel("sdks.properties", _("Properties"), days_label(month), _("Property"), [times()], properties))
    return panels


def _panel(
    key: str, title: str, caption: str, heading: str, headings: Sequence[str], rows: Sequence[UsageRow]
) -> UsagePanel:
    return UsagePanel(key, SECTION, title, caption, heading, headings, rows, has_share=False)


def _rows(uses: Mapping[str, DoorUse], numbers: Callable[[DoorUse], list[int]]) -> list[UsageRow]:
    """Return a row for each value, those with the largest numbers first."""
    counted = [(label, numbers(use)) for label, use in uses.items()]
    counted.sort(key=lambda row: ([-number for number in row[1]], row[0]))
    most = max((row[0] for _label, row in counted), default=0)
    return [UsageRow(label, row, bar=bar_width(row[0], most)) for label, row in counted if any(row)]


def _properties(subject: ProgramSubject, values: Values) -> dict[str, DoorUse]:
    """Return the values and the bins of declared properties, such as `build.format: html`."""
    uses = {}
    for path, use in values.get(ReportDimension.PROPERTY, {}).items():
        name, _separator, value = path.partition("=")
        uses[f"{name}: {value_label(value)}"] = use
    for path, use in values.get(ReportDimension.BUCKET, {}).items():
        name, _separator, index = path.partition("#")
        uses[f"{name}: {_bin_of(subject, name, int(index))}"] = use
    return uses


def _bin_of(subject: ProgramSubject, path: str, index: int) -> str:
    """Return the label of a histogram's bin; its number if the declaration does not have it any more."""
    event, _separator, name = path.partition(".")
    declared = subject.program.events.get(event)
    bucket = declared.properties.get(name) if declared else None
    labels = bin_labels(bucket) if bucket and bucket.bounds else []
    return labels[index] if index < len(labels) else str(index)
