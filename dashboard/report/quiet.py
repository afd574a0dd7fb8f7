"""Pixels that used to be visited and have been silent for longer than their habit.

A habit is the mean gap between the days that a pixel was visited on. Visits that come by chance, one every so many
days, leave a gap five times as long once in 150 times (e^-5): such a silence is worth a look.
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

SILENT_DAYS = 7  # at least; a pixel that was visited since is not asked about
SILENT_GAPS = 5
VISITED_DAYS = 3  # fewer make no habit
REMEMBERED_DAYS = 120
MAX_PIXELS = 40  # the newest; looking at more would hold up the page


@dataclass(frozen=True, slots=True)
class Quiet:
    """One pixel that fell silent, and since when."""

    pixel: Pixel
    last_visit_on: date
    silent_days: int

    @property
    def label(self) -> str:
        return ngettext("quiet for %(days)s day", "quiet for %(days)s days", self.silent_days) % {
            "days": formatting.exact(self.silent_days)
        }

    @property
    def advice(self) -> str:
        return _(
            "Last visited on %(day)s, and silent for longer than its habit. Check whether the image is still in the "
            "post, whether the post is still there, and whether the platform now serves images through a proxy."
        ) % {"day": formatting.day(self.last_visit_on, "yMMMd")}


def quiet_pixels(projects: Collection[Project], now: datetime) -> list[Quiet]:
    """Return the quiet pixels of projects, newest first. Three queries at most, bounded in what they read."""
    if not projects:
        return []
    by_pk = {project.pk: project for project in projects}
    today = max(timezone.localdate(now, project.zone) for project in projects)
    lately = queries.visited_pixels(projects, [today - ago * DAY for ago in range(SILENT_DAYS)])
    live = Pixel.objects.live().filter(project__in=by_pk).exclude(pk__in=lately)
    silent = list(live.filter(created_at__lt=now - VISITED_DAYS * DAY)[: MAX_PIXELS + 1])
    if not silent:
        return []
    remembered = [today - ago * DAY for ago in range(SILENT_DAYS, REMEMBERED_DAYS)]
    if len(silent) > MAX_PIXELS:  # most of them may never have been visited
        silent = list(live.filter(pk__in=queries.visited_pixels(projects, remembered))[:MAX_PIXELS])
    days = queries.visited_days(silent, remembered)
    found = []
    for pixel in silent:
        pixel.project = by_pk[pixel.project_id]
        visited = days.get(pixel.pk, [])
        if is_quiet(visited, timezone.localdate(now, pixel.project.zone)):
            silent_days = (timezone.localdate(now, pixel.project.zone) - visited[-1]).days
            found.append(Quiet(pixel, visited[-1], silent_days))
    return found


def is_quiet(visited: Sequence[date], today: date) -> bool:
    """Tell whether a pixel that was visited on those days, in order, is silent for longer than its habit."""
    if len(visited) < VISITED_DAYS:
        return False
    gap = (visited[-1] - visited[0]).days / (len(visited) - 1)
    return (today - visited[-1]).days >= max(SILENT_DAYS, SILENT_GAPS * gap)
