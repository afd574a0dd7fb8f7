"""The public statistics of a program as JSON and as CSV: all that is published of the panels that it makes public."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from collector.programs.program import Program
from collector.programs.published import FIELDS_OF_PANEL, PublishedInstallations
from collector.programs.small_counts import FEWEST, PublishedTable
from collector.programs.weeks import week_of
from collector.storage.publication import PublicWeek

OTHER = "other"
CsvRow = Sequence[str | int]


def statistics_json(program: Program, weeks: Iterable[PublicWeek]) -> dict[str, Any]:
    """Return all panels as plain data, the newest week first. `null` stands for fewer than `fewest` installations."""
    return {"program": program.id, "fewest": FEWEST, "weeks": [_week(program, each) for each in weeks]}


def statistics_csv(panel: str, weeks: Iterable[PublicWeek]) -> Iterator[CsvRow]:
    """Yield the rows of a panel, its headings first. An empty cell stands for fewer than `FEWEST` installations."""
    if panel == "actives":
        yield ("week", "installations")
        for week, published in _installed(weeks):
            yield (week_of(week), "" if published.installations is None else published.installations)
    elif panel == "events":
        yield ("week", "event", "installations", "uses")
        for each in weeks:
            for event in each.events.events if each.events else ():
                yield (week_of(each.week), event.event, event.installations, event.uses)
    else:
        yield ("week", "field", "value", "installations")
        for week, published in _installed(weeks):
            for field in FIELDS_OF_PANEL[panel]:
                for value, count in _values(published.tables.get(field)).items():
                    yield (week_of(week), field, value, count)


def _week(program: Program, each: PublicWeek) -> dict[str, Any]:
    last_day = each.week + timedelta(days=6)
    content: dict[str, Any] = {"week": week_of(each.week), "from": each.week.isoformat(), "to": last_day.isoformat()}
    if each.installations:
        if "actives" in program.public:
            content["installations"] = each.installations.installations
        fields = [field for panel in program.public for field in FIELDS_OF_PANEL.get(panel, ())]
        tables = each.installations.tables
        content |= {field: _values(tables[field]) for field in fields if field in tables}
    if each.events and "events" in program.public:
        content["events"] = {
            event.event: {"installations": event.installations, "uses": event.uses} for event in each.events.events
        }
    return content


def _installed(weeks: Iterable[PublicWeek]) -> Iterator[tuple[date, PublishedInstallations]]:
    return ((each.week, each.installations) for each in weeks if each.installations)


def _values(table: PublishedTable | None) -> dict[str, int]:
    if table is None:
        return {}
    return dict(table.values) | ({OTHER: table.other} if table.other else {})
