"""Pixels that are unusually quiet: they used to be visited, and had no visit for much longer than usual.

Usual is the mean gap between the days on which a pixel was visited. If visits come at random, one gap in 150 is five
times as long as the mean (e^-5): such a pause is worth a look.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from collector.models import Pixel, Project
from dashboard import formatting
from dashboard.visits import queries
from dashboard.visits.periods import DAY

QUIET_DAYS = 7  # at least: a pixel that was visited since is not quiet
QUIET_GAPS = 5
VISITED_DAYS = 3  # with fewer, nothing is usual
HISTORY_DAYS = 120
MAX_PIXELS = 40  # the newest ones: more would take too long


@dataclass(frozen=True, slots=True)
class QuietPixel:
    """One unusually quiet pixel, and since when."""

    pixel: Pixel
    last_visit_on: date
    quiet_days: int

    @property
    def label(self) -> str:
        return ngettext("quiet for %(days)s day", "quiet for %(days)s days", self.quiet_days) % {
            "days": formatting.exact(self.quiet_days)
        }

    @property
    def advice(self) -> str:
        return _(
            "Unusually quiet: the last visit was on %(day)s. Check that the image is still in the article, that the "
            "article is still online, and whether the platform now serves images through a proxy."
        ) % {"day": formatting.day(self.last_visit_on, "yMMMd")}


def quiet_pixels(projects: Collection[Project], now: datetime) -> list[QuietPixel]:
    """Return the unusually quiet pixels of projects, the newest first.

    Three queries at most, bounded in what they read.
    """
    if not projects:
        return []
    project_by_pk = {project.pk: project for project in projects}
    today = max(timezone.localdate(now, project.zone) for project in projects)
    history = [today - days_ago * DAY for days_ago in range(QUIET_DAYS, HISTORY_DAYS)]
    candidates = _candidates(projects, today, history, now)
    if not candidates:
        return []
    days_by_pixel = queries.visited_days(candidates, history)
    quiet = []
    for pixel in candidates:
        pixel.project = project_by_pk[pixel.project_id]
        visited_days = days_by_pixel.get(pixel.pk, [])
        local_today = timezone.localdate(now, pixel.project.zone)
        if is_quiet(visited_days, local_today):
            quiet.append(QuietPixel(pixel, visited_days[-1], (local_today - visited_days[-1]).days))
    return quiet


def is_quiet(visited_days: Sequence[date], today: date) -> bool:
    """Tell whether a pixel that was visited on these days, in order, is unusually quiet."""
    if len(visited_days) < VISITED_DAYS:
        return False
    mean_gap = (visited_days[-1] - visited_days[0]).days / (len(visited_days) - 1)
    return (today - visited_days[-1]).days >= max(QUIET_DAYS, QUIET_GAPS * mean_gap)


def _candidates(projects: Collection[Project], today: date, history: Sequence[date], now: datetime) -> Sequence[Pixel]:
    """Return the newest pixels that were not visited lately. One query, or two where there are many."""
    recent_days = [today - days_ago * DAY for days_ago in range(QUIET_DAYS)]
    visited_lately = queries.visited_pixels(projects, recent_days)
    live = Pixel.objects.live().filter(project__in=[project.pk for project in projects]).exclude(pk__in=visited_lately)
    candidates = list(live.filter(created_at__lt=now - VISITED_DAYS * DAY)[: MAX_PIXELS + 1])
    if len(candidates) <= MAX_PIXELS:
        return candidates
    # Most of so many may never have been visited: those can't be quiet.
    return list(live.filter(pk__in=queries.visited_pixels(projects, history))[:MAX_PIXELS])
