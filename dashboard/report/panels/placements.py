"""The platforms of one article side by side: how far it is read on each, when most, and since when."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from django.utils.translation import gettext as _

from collector.classify.sites import Sites
from collector.models import Dimension, Section
from dashboard import formatting
from dashboard.report.claims import measured_days
from dashboard.report.hours import busiest_hour, hour_range
from dashboard.report.page_state import PageState
from dashboard.report.panels.panel import Panel
from dashboard.report.panels.platforms import platform_row, platform_totals
from dashboard.report.panels.reading_time import median_number, median_text
from dashboard.report.read_through import read_through_number, read_through_text
from dashboard.visits.periods import Period
from dashboard.visits.queries import LifetimeDay
from dashboard.visits.readings import Reading, add_reading, whole_reading
from dashboard.visits.results import PixelTotal, PlatformDay, PlatformValue, ReadThrough, read_through


@dataclass(slots=True)
class _Placement:
    """What we know of one article on one platform besides its visits. `days` are those with visits there.

    `period` is the range that is shown.
    """

    period: Period
    visits_by_hour: Counter[str] = field(default_factory=Counter)
    reading: Reading = field(default_factory=Reading)
    days: list[date] = field(default_factory=list)

    @property
    def read_through(self) -> ReadThrough:
        """Return the read-through; none on lazy platforms, and on those that load the end together with the start."""
        total = PixelTotal()
        add_reading(total, whole_reading({"": self.reading}))
        return read_through([total])

    @property
    def busiest_hour(self) -> str:
        """Return the hour with most visits there; empty where it can't be told."""
        return busiest_hour(self.visits_by_hour, len(measured_days(self.period, min(self.days, default=None))))

    def cells(self) -> list[str]:
        """Write read-through, reading time, busiest hour, first and last visit."""
        hour = self.busiest_hour
        return [
            read_through_text(self.read_through),
            median_text(whole_reading({"": self.reading})),
            hour_range(hour) if hour else formatting.UNSEEN,
            formatting.day(min(self.days), "yMMMd") if self.days else formatting.UNSEEN,
            formatting.day(max(self.days), "yMMMd") if self.days else formatting.UNSEEN,
        ]

    def plain_cells(self) -> list[object]:
        """Write the same for spreadsheets."""
        hour = self.busiest_hour
        return [
            read_through_number(self.read_through),
            median_number(whole_reading({"": self.reading})),
            f"{hour}:00" if hour else None,
            f"{min(self.days)}" if self.days else None,
            f"{max(self.days)}" if self.days else None,
        ]


def placements_panel(
    totals: Sequence[PlatformDay],
    values: Iterable[PlatformValue],
    readings: Mapping[str, Reading],
    lifetime: Iterable[LifetimeDay],
    all_visits: int,
    state: PageState,
    sites: Sites,
) -> Panel:
    """Put one article's platforms side by side: visits, read-through, reading time, busiest hour, first and last visit.

    `values` are the hits by platform, dimension (`HOUR`) and value; `readings` how far it is read on each platform;
    `lifetime` the visits by day and platform of the article's whole life.
    """
    placements = _placements(values, readings, lifetime, state.period)
    by_platform = platform_totals(totals)
    rows = [
        platform_row(
            slug,
            by_platform,
            all_visits,
            state,
            sites,
            detail=_("loads start and end together") if placements[slug].reading.comes_at_once else "",
            cells=placements[slug].cells(),
            plain_cells=placements[slug].plain_cells(),
        )
        for slug in by_platform.ranked
    ]
    return Panel(
        "placements",
        Section.PLATFORMS.value,
        _("Side by side"),
        _("This article on each platform"),
        _("Platform"),
        rows,
        len(rows),
        headings=[_("Read-through"), _("Reading time"), _("Busiest hour"), _("First visit"), _("Last visit")],
    )


def _placements(
    values: Iterable[PlatformValue], readings: Mapping[str, Reading], lifetime: Iterable[LifetimeDay], period: Period
) -> defaultdict[str, _Placement]:
    placements: defaultdict[str, _Placement] = defaultdict(lambda: _Placement(period))
    for row in values:
        if row.dimension == Dimension.HOUR:
            placements[row.platform].visits_by_hour[row.value] += row.hits
    for platform, reading in readings.items():
        placements[platform].reading = reading
    for day in lifetime:
        placements[day.platform].days.append(day.date)
    return placements
