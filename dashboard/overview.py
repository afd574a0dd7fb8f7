"""The list of projects: a card each, with the visits of its last 30 days."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Max, Sum
from django.utils import timezone

from collector.models import Project, SpoolOffset
from dashboard import queries
from dashboard.periods import DAY, Period

CARD_DAYS = 30


@dataclass(frozen=True, slots=True)
class Card:
    """One project in the list. Today ends the last 7 and 30 days, all in its own time zone."""

    project: Project
    today: int
    last_7_days: int
    last_30_days: int
    days: Sequence[int]

    @property
    def line(self) -> str:
        """Return the points of an SVG polyline in a box of 290 by 40, highest day at the top."""
        most = max(self.days) or 1
        return " ".join(f"{place * 10},{39 - 38 * visits / most:.1f}" for place, visits in enumerate(self.days))


def overview(projects: Iterable[Project], now: datetime) -> list[Card]:
    """Return a card for each project. Two queries."""
    listed = list(projects)
    today = {project.pk: timezone.localdate(now, project.zone) for project in listed}
    visits: dict[int, dict[date, int]] = defaultdict(dict)
    if listed:
        shown = Period(min(today.values()) - (CARD_DAYS - 1) * DAY, max(today.values()) + DAY)
        for row in queries.project_days(listed, shown.dates()):
            visits[row.project_id][row.date] = row.visits
    return [_card(project, visits[project.pk], today[project.pk]) for project in listed]


def _card(project: Project, visits: dict[date, int], today: date) -> Card:
    days = [visits.get(today - ago * DAY, 0) for ago in reversed(range(CARD_DAYS))]
    return Card(project, days[-1], sum(days[-7:]), sum(days), days)


@dataclass(frozen=True, slots=True)
class Losses:
    """Hits that were answered as lost, for the spool could not be written, and when the last of them was noted."""

    hits: int
    noted_at: datetime


def losses() -> Losses | None:
    """Return what was lost in the last 90 days, or None where nothing was. One query."""
    found = SpoolOffset.objects.filter(lost__gt=0).aggregate(hits=Sum("lost"), noted_at=Max("updated_at"))
    return Losses(**found) if found["hits"] else None
