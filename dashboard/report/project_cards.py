"""The list of projects: a card each, with the visits of its last 30 days."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from collector.classify.platforms import platform_colour
from collector.models import Project
from dashboard.report.figures import Change, count_change
from dashboard.report.panels.panel import platform_label
from dashboard.report.quiet import quiet_pixels
from dashboard.report.sparkline import spark_line
from dashboard.visits import queries
from dashboard.visits.periods import DAY, Period

CARD_DAYS = 30


@dataclass(frozen=True, slots=True)
class Count:
    """The visits of some days, and how they changed against as many days before."""

    label: str
    visits: int
    change: Change | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """One project in the list. Today ends the last 7 and 30 days, all in its own time zone.

    `platform` is where most of its last 30 days' visits come from, `quiet` how many of its pixels fell silent.
    """

    project: Project
    counts: Sequence[Count]
    days: Sequence[int]
    platform: str
    platform_colour: str
    quiet: int

    @property
    def line(self) -> str:
        """Return the points of an SVG polyline in a box of 290 by 40, highest day at the top."""
        return spark_line(self.days, 290, 40)


def overview(projects: Iterable[Project], now: datetime) -> list[Card]:
    """Return a card for each project. Five queries at most."""
    listed = list(projects)
    if not listed:
        return []
    today = {project.pk: timezone.localdate(now, project.zone) for project in listed}
    visits: dict[int, Counter[date]] = defaultdict(Counter)
    platforms: dict[int, Counter[str]] = defaultdict(Counter)
    shown = Period(min(today.values()) - 2 * CARD_DAYS * DAY, max(today.values()) + DAY)
    for row in queries.project_days(listed, shown.dates()):
        visits[row.project_id][row.date] += row.visits
        if row.date > today[row.project_id] - CARD_DAYS * DAY:
            platforms[row.project_id][row.platform] += row.visits
    quiet = Counter(one.pixel.project_id for one in quiet_pixels(listed, now))
    return [
        _card(project, visits[project.pk], today[project.pk], platforms[project.pk], quiet[project.pk])
        for project in listed
    ]


def _card(project: Project, visits: Counter[date], today: date, platforms: Counter[str], quiet: int) -> Card:
    days = [visits[today - ago * DAY] for ago in reversed(range(2 * CARD_DAYS + 1))]
    top = max(sorted(platforms), key=lambda slug: platforms[slug], default="")
    return Card(
        project=project,
        counts=(
            Count(_("Today"), days[-1]),
            Count(_("7 days"), sum(days[-7:]), _change(days, 7)),
            Count(
                _("30 days"),
                sum(days[-CARD_DAYS:]),
                _change(days, CARD_DAYS),
            ),
        ),
        days=days[-CARD_DAYS:],
        platform=platform_label(top) if top else "",
        platform_colour=platform_colour(top) if top else "",
        quiet=quiet,
    )


def _change(days: Sequence[int], length: int) -> Change | None:
    """Compare the last days that are over with as many before: today is not, and would be less every morning."""
    over = days[:-1]
    return count_change(sum(over[-length:]), sum(over[-2 * length : -length]), _("the days before, today left out"))
