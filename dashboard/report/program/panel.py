"""The lists of a program's page: rows with installations, how often, and a share."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from dashboard import formatting
from dashboard.report.panels.panel import PANEL_ROWS


@dataclass(frozen=True, slots=True)
class UsageRow:
    """One row. `numbers` stand below the panel's number headings, `cells` below its other headings.

    `detail` is small text beside the label, `caption` a line under it, `url` what the label links to. `share` is None
    where it would mean nothing.
    """

    label: str
    numbers: Sequence[int]
    share: float | None = None
    bar: str = "0%"
    detail: str = ""
    caption: str = ""
    is_known: bool = True
    cells: Sequence[str] = ()
    url: str = ""


@dataclass(frozen=True, slots=True)
class UsagePanel:
    """A list of which a view shows the first `shown` rows, all of them if that is 0.

    `lead` is a sentence above the rows, `notes` are sentences below them, `nothing` says why there are no rows.
    """

    key: str
    section: str
    title: str
    caption: str
    heading: str
    number_headings: Sequence[str]
    rows: Sequence[UsageRow]
    headings: Sequence[str] = ()
    has_share: bool = True
    is_wide: bool = False
    lead: str = ""
    notes: Sequence[str] = ()
    nothing: str = ""
    shown: int = PANEL_ROWS
    full_url: str = ""

    @property
    def shown_rows(self) -> Sequence[UsageRow]:
        return self.rows[: self.shown] if self.shown else self.rows

    @property
    def is_cut(self) -> bool:
        return len(self.shown_rows) < len(self.rows)

    def table(self) -> tuple[list[str], list[list[object]]]:
        """Return its header and all its rows for a spreadsheet."""
        shares = [pgettext("of all installations", "Share")] if self.has_share else []
        header = [self.heading, *self.number_headings, *shares, *self.headings]
        rows: list[list[object]] = []
        for row in self.rows:
            share = [] if not self.has_share else [None if row.share is None else round(row.share, 4)]
            rows.append([row.label, *row.numbers, *share, *row.cells])
        return header, rows


@dataclass(frozen=True, slots=True)
class UsageGroup:
    """Panels that are tabs of one place where scripts run, one after another where they don't."""

    key: str
    panels: Sequence[UsagePanel]

    @property
    def label(self) -> str:
        return formatting.listed([panel.title for panel in self.panels])


class Counted(NamedTuple):
    """A value to rank, and its number. `detail` is small text beside it."""

    label: str
    number: int
    detail: str = ""


def ranked_rows(values: Iterable[Counted], *, all_of_them: int, unknown: int = 0) -> list[UsageRow]:
    """Return a row for each value, most first, with its share of `all_of_them`. The unknown ones come last."""
    ranked = sorted(values, key=lambda value: (-value.number, value.label))
    rows = share_rows(ranked, all_of_them=all_of_them)
    if unknown > 0:
        rows.append(
            UsageRow(formatting.unknown(), [unknown], unknown / all_of_them if all_of_them else 0, is_known=False)
        )
    return rows


def share_rows(values: Sequence[Counted], *, all_of_them: int) -> list[UsageRow]:
    """Return a row for each value in the given order, with its share of `all_of_them`."""
    most = max((value.number for value in values), default=0)
    return [
        UsageRow(
            value.label,
            [value.number],
            value.number / all_of_them if all_of_them else 0,
            bar_width(value.number, most),
            detail=value.detail,
        )
        for value in values
    ]


def bar_width(number: int, most: int) -> str:
    """Return the length of a bar: the panel's width at `most`."""
    return f"{number / most:.1%}" if most else "0%"


def installations() -> str:
    """Return the heading of a column with installations."""
    return _("Installations")


def times() -> str:
    """Return the heading of a column with how often something was used."""
    return pgettext("how often", "Times")
