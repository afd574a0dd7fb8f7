"""The public statistics of a program, as tables of its page.

A week's numbers are published once (`collector.storage.publication`). Nothing here is computed from anything else, so
nobody can subtract one public number from another to find what was merged.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext
from django_stubs_ext import StrPromise

from collector.programs.program import Program
from collector.programs.published import FIELDS_OF_PANEL, UNKNOWN, PublishedEvents, PublishedInstallations
from collector.programs.small_counts import FEWEST
from collector.storage.publication import PublicWeek
from dashboard import formatting

VISIBLE_ROWS = 12  # of a table on the page; the files have all
VISIBLE_WEEKS = 13
# By field: the title of its table, the heading of its values, and how a value is written.
FIELDS: Mapping[str, tuple[StrPromise, StrPromise, Callable[[str], str]]] = {
    "version": (gettext_lazy("Versions"), gettext_lazy("Version"), str),
    "os": (gettext_lazy("Systems"), gettext_lazy("System"), formatting.system),
    "arch": (gettext_lazy("Architectures"), gettext_lazy("Architecture"), str),
    "runtime": (gettext_lazy("Runtimes"), gettext_lazy("Runtime"), str),
    "country": (gettext_lazy("Countries"), gettext_lazy("Country"), formatting.country),
}


@dataclass(frozen=True, slots=True)
class StatisticsRow:
    """A line of a table: a name and its numbers. `bar` is how far its bar goes through the name's cell."""

    label: str
    numbers: tuple[str, ...]
    bar: str


@dataclass(frozen=True, slots=True)
class StatisticsTable:
    """A table of a page. `panel` names its file of CSV. `nothing` says why it has no rows."""

    panel: str
    key: str
    title: str
    period: str
    headings: tuple[str, ...]
    rows: list[StatisticsRow]
    nothing: str


def statistics_tables(program: Program, weeks: Sequence[PublicWeek]) -> list[StatisticsTable]:
    """Return the tables of the panels that a program makes public. `weeks` begin with the newest."""
    installed = [(each.week, each.installations) for each in weeks if each.installations]
    used = [(each.week, each.events) for each in weeks if each.events]
    tables: list[StatisticsTable] = []
    for panel in program.public:
        if panel == "actives":
            tables.append(_actives(installed))
        elif panel == "events":
            tables.append(_events(*used[0]) if used else _empty(panel, "events", _("Events")))
        else:
            fields = [field for field in FIELDS_OF_PANEL[panel] if field != "country" or program.with_country]
            tables += [
                _values(panel, field, *installed[0]) if installed else _empty(panel, field, str(FIELDS[field][0]))
                for field in fields
            ]
    return tables


def statistics_notes(program: Program) -> list[str]:
    """Return what everybody who reads the tables must know."""
    merged = _(
        "Values of fewer than %(fewest)d installations are part of “other”, together with the next smallest ones, so "
        "that nobody can work them out."
    )
    others = [_("What other software reports of this program is not part of these numbers.")] if program.sdks else []
    return [
        _("Installations that opted out can't be counted."),
        *others,
        merged % {"fewest": FEWEST},
        _(
            "A week (in UTC) is published two days after its end, its events after nine days. It does not change "
            "afterwards, so reports that arrive later are missing."
        ),
    ]


def _actives(installed: Sequence[tuple[date, PublishedInstallations]]) -> StatisticsTable:
    weeks = installed[:VISIBLE_WEEKS]
    highest = max((each.installations or 0 for _week, each in weeks), default=0)
    rows = [_row(_days(week), each.installations, [], highest) for week, each in weeks]
    headings = (_("Week"), _("Installations"))
    return StatisticsTable("actives", "actives", _("Active installations"), "", headings, rows, _not_yet())


def _values(panel: str, field: str, week: date, published: PublishedInstallations) -> StatisticsTable:
    title, heading, label = FIELDS[field]
    table = published.tables.get(field)
    rows = []
    if table:
        named = [(_label(label, value), count) for value, count in table.values[:VISIBLE_ROWS]]
        rest = table.installations - sum(count for _name, count in named)
        counts = [*named, (_("other"), rest)] if rest else named
        whole = table.installations
        rows = [_row(name, count, [formatting.percent(count / whole)], whole) for name, count in counts]
    headings = (str(heading), _("Installations"), pgettext("of all installations", "Share"))
    return StatisticsTable(panel, field, str(title), _days(week), headings, rows, _too_few())


def _events(week: date, events: PublishedEvents) -> StatisticsTable:
    most_used = events.events[:VISIBLE_ROWS]
    highest = max((each.installations for each in most_used), default=0)
    rows = [_row(each.event, each.installations, [formatting.exact(each.uses)], highest) for each in most_used]
    headings = (_("Event"), _("Installations"), pgettext("how often", "Times"))
    return StatisticsTable("events", "events", _("Events"), _days(week), headings, rows, _too_few())


def _empty(panel: str, key: str, title: str) -> StatisticsTable:
    return StatisticsTable(panel, key, title, "", (), [], _not_yet())


def _row(label: str, installations: int | None, more: list[str], whole: int) -> StatisticsRow:
    few = _("fewer than %(fewest)d") % {"fewest": FEWEST}
    number = few if installations is None else formatting.exact(installations)
    bar = f"{100 * (installations or 0) / whole:.1f}%" if whole else "0%"
    return StatisticsRow(label, (number, *more), bar)


def _label(label: Callable[[str], str], value: str) -> str:
    return formatting.unknown() if value == UNKNOWN else label(value)


def _days(week: date) -> str:
    return formatting.days(week, week + timedelta(days=6))


def _not_yet() -> str:
    return _("No week is published yet.")


def _too_few() -> str:
    return _("Fewer than %(fewest)d installations.") % {"fewest": FEWEST}
