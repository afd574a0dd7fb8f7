"""How many installations were active in any window, from the reports by day and gap."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import accumulate

from collector.models.programs import NEW
from collector.programs.forms import MAX_GAP
from collector.programs.windows import DAY, Window, check_length
from dashboard.usage.results import Newcomers, Turnout

PAUSE_DAYS = 28  # an installation that was away for longer is back after a pause
Gaps = Mapping[int, int]  # reports by gap
_NO_REPORTS = (0,) * (MAX_GAP + 1)


class Actives:
    """The reports of installations by day and gap. It counts installations, each once, in windows of up to 31 days.

    A window costs an addition a day: of each day it keeps the sums of reports whose gap is longer than n, for each n.
    """

    def __init__(self, rows: Iterable[tuple[date, Gaps]]) -> None:
        self._longer: dict[date, Sequence[int]] = {day: sums_of_longer(gaps) for day, gaps in rows}

    @property
    def has_reports(self) -> bool:
        """Whether any installation reported on these days."""
        return bool(self._longer)

    def active(self, window: Window) -> int:
        """Return how many installations were active in a window."""
        return self._count(window, 0)

    def on(self, day: date) -> int:
        """Return how many installations were active on a day."""
        return self._count(Window(day, day + DAY), 0)

    def to(self, last_day: date, days: int) -> int:
        """Return how many installations were active in the days that end with `last_day`."""
        return self._count(Window.to(last_day, days), 0)

    def turnout(self, window: Window) -> Turnout:
        """Return the active installations of a window: new ones, those back after a pause, and all others."""
        new = self.newcomers(window.start, window.end).new
        back = self._count(window, PAUSE_DAYS) - new
        return Turnout(new, back, self._count(window, 0) - new - back)

    def newcomers(self, start: date, end: date) -> Newcomers:
        """Return how many were new, and how often one came back after a pause, in days of any number."""
        new = sum(self._longer.get(day, _NO_REPORTS)[MAX_GAP] for day in _days(start, end))
        longer = sum(self._longer.get(day, _NO_REPORTS)[PAUSE_DAYS] for day in _days(start, end))
        return Newcomers(new, longer - new)

    def _count(self, window: Window, pause: int) -> int:
        """Count the installations whose first report in the window had a gap of more than `pause` days, or none."""
        check_length(window)
        longer = (self._longer.get(day, _NO_REPORTS) for day in _days(window.start, window.end))
        return sum(sums[max(offset, pause)] for offset, sums in enumerate(longer))


def sums_of_longer(gaps: Gaps) -> list[int]:
    """Return for each n from 0 to 32 how many reports are new or have a gap of more than n days."""
    from_longest = (gaps.get(gap, 0) for gap in range(MAX_GAP, 0, -1))
    return list(accumulate(from_longest, initial=gaps.get(NEW, 0)))[::-1]


def _days(start: date, end: date) -> Iterable[date]:
    return (start + number * DAY for number in range((end - start).days))
