"""The visits of the last 30 minutes, which the panel "Right now" shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import ngettext

from collector.models import Pixel, Project
from dashboard import formatting
from dashboard.report.sparkline import SPARK_HEIGHT, SPARK_WIDTH, spark_line
from dashboard.visits import queries

LIVE_MINUTES = 30
MAX_LIVE = 10_000  # hits that are read


@dataclass(frozen=True, slots=True)
class LiveVisits:
    """The visits of the last 30 minutes, by minute, the oldest first. `is_bounded` tells that there may be more."""

    visits: int
    minutes: Sequence[int]
    is_bounded: bool

    @property
    def text(self) -> str:
        """Return their number as the panel shows it: it has room for all digits."""
        return f"{formatting.exact(self.visits)}+" if self.is_bounded else formatting.exact(self.visits)

    @property
    def words(self) -> str:
        return ngettext("visit in the last 30 minutes", "visits in the last 30 minutes", self.visits)

    @property
    def line(self) -> str:
        """Return the points of an SVG polyline in a box of 100 by 20: one for each minute."""
        return spark_line(self.minutes, SPARK_WIDTH, SPARK_HEIGHT)


def live_visits(project: Project, pixel: Pixel | None, now: datetime) -> LiveVisits:
    """Return the visits of the last 30 minutes. One query."""
    since = now.replace(microsecond=0) - timedelta(minutes=LIVE_MINUTES)
    recent = queries.recent_visits(project, pixel.pk if pixel else None, since, MAX_LIVE)
    minutes = [0] * LIVE_MINUTES
    for minute, visits in recent.by_minute.items():
        minutes[min(minute, LIVE_MINUTES - 1)] += visits
    return LiveVisits(sum(minutes), minutes, recent.is_bounded)
