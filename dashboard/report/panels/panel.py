"""What every panel is made of: a ranked list, its rows, and groups of panels that are tabs of one place."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from dashboard import formatting
from dashboard.report.panels.world_map import WorldMap
from dashboard.report.sparkline import NO_LINE, SparkLine
from dashboard.visits.results import visible_visitors

PANEL_ROWS = 10


@dataclass(frozen=True, slots=True)
class Band:
    """One platform's part of a row's visits. `start` and `width` are percentages, such as `12.5%`."""

    label: str
    colour: str
    start: str
    width: str


@dataclass(frozen=True, slots=True)
class PanelRow:
    """One row of a panel. `visitors` is None where there were visits but no visitor we could tell apart.

    `value` is the value in the counts, `filter_url` shows the view filtered by it. `detail` is small text beside the
    label, `hint` its tooltip. `cells` are the texts of the panel's extra columns, `plain_cells` the same for
    spreadsheets. `sparkline` and `bands` draw an article's days and platforms.
    """

    value: str
    label: str
    visits: int
    visitors: int | None
    share: float
    bar: str
    colour: str = ""
    filter_url: str = ""
    url: str = ""
    detail: str = ""
    hint: str = ""
    is_known: bool = True
    cells: Sequence[str] = ()
    plain_cells: Sequence[object] = ()
    sparkline: SparkLine = NO_LINE
    bands: Sequence[Band] = ()


@dataclass(frozen=True, slots=True)
class Panel:
    """A ranked list. `rows` may be only the first of `total_rows`; then `full_url` shows all of them.

    `headings` name the extra columns. `map` stands above the rows of countries. `lead` is a sentence above the rows,
    `notes` are sentences below them.
    """

    key: str
    section: str
    title: str
    caption: str
    heading: str
    rows: Sequence[PanelRow]
    total_rows: int
    full_url: str = ""
    headings: Sequence[str] = ()
    map: WorldMap | None = None
    has_sparklines: bool = False
    has_visitors: bool = True
    lead: str = ""
    notes: Sequence[str] = ()

    def table(self) -> tuple[list[str], list[list[object]]]:
        """Return its header and its rows for a spreadsheet: plain numbers, empty where a number is unknown."""
        numbers = [_("Visits"), _("Visitors")] if self.has_visitors else [_("Visits")]
        header = [self.heading, *numbers, pgettext("of all visits", "Share"), *self.headings]
        rows: list[list[object]] = [
            [row.label, *self.numbers(row), round(row.share, 4), *row.plain_cells] for row in self.rows
        ]
        return header, rows

    def numbers(self, row: PanelRow) -> Sequence[int | None]:
        """Return the numbers of a row in the order of the table's columns."""
        return (row.visits, row.visitors) if self.has_visitors else (row.visits,)


@dataclass(frozen=True, slots=True)
class PanelGroup:
    """Panels that belong together: tabs where scripts run, one after another where they don't."""

    key: str
    panels: Sequence[Panel]

    @property
    def label(self) -> str:
        """Return the accessible name of the tabs."""
        return formatting.listed([panel.title for panel in self.panels])


def make_row(
    value: str, label: str, visits: int, visitors: int, *, all_visits: int, most_visits: int, **fields: Any
) -> PanelRow:
    """Make a row. Its share is of `all_visits`; its bar is as long as the panel is wide at `most_visits`."""
    return PanelRow(
        value=value,
        label=label,
        visits=visits,
        visitors=visible_visitors(visits, visitors),
        share=visits / all_visits if all_visits else 0,
        bar=f"{visits / most_visits:.1%}" if most_visits else "0%",
        **fields,
    )
