"""The list of projects: a card for each, with the visits of its last 30 days."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from collector.classify.platforms import platform_colour
from collector.classify.sites import sites_of
from collector.models import Project
from dashboard.report.changes import Change, count_change
from dashboard.report.panels.platforms import platform_label
from dashboard.report.quiet import quiet_pixels
from dashboard.report.sparkline import spark_line
from dashboard.visits import queries
from dashboard.visits.periods import DAY, Period

CARD_DAYS = 30


@dataclass(frozen=True, slots=True)
class CardCount:
    """The visits of some days, and how they changed against the same number of days before."""

    label: str
    visits: int
    change: Change | None = None


@dataclass(frozen=True, slots=True)
class ProjectCard:
    """One project in the list. Its last 7 and 30 days end today, in its own time zone.

    `platform` is where most visits of the last 30 days come from, `quiet` how many of its pixels are unusually quiet.
    """

    project: Project
    counts: Sequence[CardCount]
    days: Sequence[int]
    platform: str
    platform_colour: str
    quiet: int

    @property
    def line(self) -> str:
        """Return the points of an SVG polyline in a box of 290 by 40, the highest day at the top."""
        return spark_line(self.days, 290, 40)


def project_cards(projects: Iterable[Project], now: datetime) -> list[ProjectCard]:
    """Return a card for each project. Five queries at most."""
    listed = list(projects)
    if not listed:
        return []
    today = {project.pk: timezone.localdate(now, project.zone) for project in listed}
    visits_by_day: dict[int, Counter[date]] = defaultdict(Counter)
    visits_by_platform: dict[int, Counter[str]] = defaultdict(Counter)
    period = Period(min(today.values()) - 2 * CARD_DAYS * DAY, max(today.values()) + DAY)
    for row in queries.project_days(listed, period.dates()):
        visits_by_day[row.project_id][row.date] += row.visits
        if row.date > today[row.project_id] - CARD_DAYS * DAY:
            visits_by_platform[row.project_id][row.platform] += row.visits
    quiet = Counter(quiet_pixel.pixel.project_id for quiet_pixel in quiet_pixels(listed, now))
    return [
        _card(project, visits_by_day[project.pk], today[project.pk], visits_by_platform[project.pk], quiet[project.pk])
        for project in listed
    ]


def _card(
    project: Project, visits_by_day: Counter[date], today: date, visits_by_platform: Counter[str], quiet: int
) -> ProjectCard:
    days = [visits_by_day[today - days_ago * DAY] for days_ago in reversed(range(2 * CARD_DAYS + 1))]
    platform = max(sorted(visits_by_platform), key=lambda slug: visits_by_platform[slug], default="")
    return ProjectCard(
        project=project,
        counts=(
            CardCount(_("Today"), days[-1]),
            CardCount(_("7 days"), sum(days[-7:]), _change(days, 7)),
            CardCount(_("30 days"), sum(days[-CARD_DAYS:]), _change(days, CARD_DAYS)),
        ),
        days=days[-CARD_DAYS:],
        platform=platform_label(platform, sites_of(project.sites)) if platform else "",
        platform_colour=platform_colour(platform) if platform else "",
        quiet=quiet,
    )


def _change(days: Sequence[int], length: int) -> Change | None:
    """Compare the last `length` whole days with as many before. Today is left out: every morning it would be less."""
    whole_days = days[:-1]
    now, before = sum(whole_days[-length:]), sum(whole_days[-2 * length : -length])
    return count_change(now, before, _("the days before, without today"))
