"""The list of projects: a card each, with the visits of its last 30 days."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Max, Q, Sum
from django.utils import timezone

from collector.models import Project, SpoolOffset
from dashboard import queries
from dashboard.periods import DAY, Period

CARD_DAYS = 30
LAST_DAY = timedelta(hours=24)
MIN_HITS = 50  # fewer are an author trying it out at home
MIN_PRIVATE_SHARE = 0.95


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


@dataclass(frozen=True, slots=True)
class Indistinct:
    """Hits of the last day, and how many of them came from a private address: from a proxy, most likely."""

    hits: int
    private: int

    @property
    def are_all(self) -> bool:
        return self.private == self.hits


@dataclass(frozen=True, slots=True)
class Intake:
    """What administrators are told of how hits come in; None where nothing is wrong."""

    losses: Losses | None
    indistinct: Indistinct | None


def intake(now: datetime) -> Intake:
    """Return what was lost in the last 90 days, and whether the last day's readers can be told apart. One query."""
    lost, lately = Q(lost__gt=0), Q(updated_at__gt=now - LAST_DAY)
    found = SpoolOffset.objects.filter(lost | lately).aggregate(
        losses=Sum("lost"),
        noted_at=Max("updated_at", filter=lost),
        stored=Sum("hits", filter=lately, default=0),
        from_private=Sum("private", filter=lately, default=0),
    )
    hits, private = found["stored"], found["from_private"]
    seems_proxied = hits >= MIN_HITS and private >= MIN_PRIVATE_SHARE * hits
    return Intake(
        Losses(found["losses"], found["noted_at"]) if found["losses"] else None,
        Indistinct(hits, private) if seems_proxied else None,
    )
