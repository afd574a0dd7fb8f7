"""The events of a program: how many installations use each, how often, with which properties; and its failures."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from collector.models import ProgramSection
from collector.programs.forms import OTHER
from collector.programs.program import Event, Property
from dashboard import formatting
from dashboard.report.program.panel import Counted, UsagePanel, UsageRow, bar_width, installations, ranked_rows, times
from dashboard.report.program.subject import ProgramSubject, days_label
from dashboard.usage.results import EventUse, Properties, PropertyValue

SECTION = ProgramSection.EVENTS.value
FAILURE_CLASS = "class"
NO_USE = EventUse(0, 0)
VALUE_NAMES = {OTHER: gettext_lazy("other"), "true": gettext_lazy("yes"), "false": gettext_lazy("no")}


@dataclass(frozen=True, slots=True)
class PropertyValues:
    """How often each value of one property was used. `unit` is that of a histogram's bins, else empty."""

    name: str
    reason: str
    unit: str
    rows: Sequence[UsageRow]


@dataclass(frozen=True, slots=True)
class EventDetails:
    """The properties of one event, in one table."""

    key: str
    section: str
    title: str
    properties: Sequence[PropertyValues]

    @property
    def labels(self) -> str:
        """Return the names of its properties."""
        return formatting.enumerated(one.name for one in self.properties)

    def table(self) -> tuple[list[str], list[list[object]]]:
        """Return its header and its rows for a spreadsheet. A row is named by its property and its value."""
        rows: list[list[object]] = [
            [f"{one.name}: {row.label}", *row.numbers, None if row.share is None else round(row.share, 4)]
            for one in self.properties
            for row in one.rows
        ]
        return [_("Property"), times(), pgettext("of all installations", "Share")], rows


def events_panel(subject: ProgramSubject, uses: Mapping[str, EventUse], active: int) -> UsagePanel:
    """Rank the events by their reach, of all `active` installations. Declared events without use are listed too."""
    declared = subject.program.events
    names = sorted({*declared, *uses}, key=lambda name: (-uses.get(name, NO_USE).reach, name))
    most = max((use.reach for use in uses.values()), default=0)
    rows = []
    for name in names:
        use = uses.get(name, NO_USE)
        event = declared.get(name)
        rows.append(
            UsageRow(
                name,
                [use.reach, use.number],
                min(use.reach / active, 1) if active else 0,
                bar_width(use.reach, most),
                detail=_state(subject, event),
                caption=event.reason if event else "",
            )
        )
    return UsagePanel(
        "events", SECTION, _("Events"), days_label(subject.window), _("Event"), [installations(), times()], rows,
        is_wide=True, shown=0, notes=[lag_note()] if rows else [], nothing=_("The declaration has no events."),
    )  # fmt: skip


def lag_note() -> str:
    """Say what the reach and the number of events leave out."""
    return _(
        "Installations report what they used on their next day of use, so the latest days are incomplete. "
        "What an installation used on its last day is never reported."
    )


def _state(subject: ProgramSubject, event: Event | None) -> str:
    """Say in short that an event is no longer declared, has ended, or is a failure; empty for most."""
    if event is None:
        return _("no longer declared")
    if event.until < subject.today:
        return _("ended %(day)s") % {"day": formatting.day(event.until, "yMMMd")}
    return _("failure") if event.is_failure else ""


def failures_panel(subject: ProgramSubject, values: Sequence[PropertyValue]) -> UsagePanel | None:
    """Rank the failures by their class. None if no failure is declared."""
    failures = {name for name, event in subject.program.events.items() if event.is_failure}
    if not failures:
        return None
    of_failures = [value for value in values if value.event in failures and value.name == FAILURE_CLASS]
    counted = [Counted(f"{value.event}: {value_label(value.value)}", value.number) for value in of_failures]
    return UsagePanel(
        "failures", SECTION, _("Failures"), days_label(subject.window), _("Class"), [times()],
        ranked_rows(counted, all_of_them=sum(value.number for value in of_failures)), notes=[lag_note()],
    )  # fmt: skip


def event_details(subject: ProgramSubject, properties: Properties) -> list[EventDetails]:
    """Return the properties of each declared event, in the order of the declaration."""
    by_property: dict[tuple[str, str], list[PropertyValue]] = defaultdict(list)
    for value in [*properties.values, *properties.bins]:
        by_property[value.event, value.name].append(value)
    details = []
    for event in subject.program.events.values():
        declared = [
            _property_values(one, by_property.get((event.name, one.name), ()))
            for one in event.properties.values()
            if not (event.is_failure and one.name == FAILURE_CLASS)
        ]
        if declared:
            details.append(EventDetails(f"event.{event.name}", SECTION, event.name, declared))
    return details


def _property_values(declared: Property, values: Sequence[PropertyValue]) -> PropertyValues:
    if declared.type == "bucket":
        rows = _bins(declared, values)
    else:
        counted = [Counted(value_label(value.value), value.number) for value in values]
        rows = ranked_rows(counted, all_of_them=sum(value.number for value in values))
    return PropertyValues(declared.name, declared.reason, declared.unit, rows)


def _bins(declared: Property, values: Sequence[PropertyValue]) -> list[UsageRow]:
    """Return a row for each bin of a histogram, in their order."""
    numbers = {value.value: value.number for value in values}
    by_bin = [numbers.get(str(index), 0) for index in range(declared.bins)]
    most, total = max(by_bin), sum(by_bin)
    return [
        UsageRow(label, [number], number / total if total else 0, bar_width(number, most))
        for label, number in zip(bin_labels(declared), by_bin, strict=True)
    ]


def bin_labels(declared: Property) -> list[str]:
    """Return the ranges of a histogram's bins."""
    bounds = [formatting.exact(bound) if isinstance(bound, int) else f"{bound:g}" for bound in declared.bounds]
    between = [f"{low}{formatting.DASH}{high}" for low, high in pairwise(bounds)]
    return [f"< {bounds[0]}", *between, f"≥ {bounds[-1]}"]


def value_label(value: str) -> str:
    """Return a value of a choice, a flag or a version as people read it."""
    return str(VALUE_NAMES[value]) if value in VALUE_NAMES else value
