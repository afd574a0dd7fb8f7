"""A cap on what strangers can invent: the distinct pages and page hosts of a day. The rest counts as `(other)`.

Pages are capped for each pixel. Hosts are capped for each pixel and each project: every host is a platform of its own,
and all counts by platform are read together. Platforms that a catalogue names, declared ones and the project's own
sites are always admitted, and pages on platforms that a catalogue names and on own sites have a cap of their own: a
flood of unlisted hosts hides neither. Nor do hits that are no visits (`admitted`). Caps apply before a hit is stored:
raw hits, pages and counts agree on them.
"""

from collections import OrderedDict
from dataclasses import dataclass, field

from django.db.models import Count, Q

from collector.classify.platforms import DIRECT, OTHER, is_named, named_platform_of_host
from collector.classify.sites import NO_SITES, Sites
from collector.models import DailyCount, Dimension, Pixel
from collector.models.counts import WHOLE_PROJECT
from collector.storage.admitted import Admitted, Claimant

MAX_PAGES = 200  # of a pixel on unlisted hosts, and as many on own sites and on platforms that a catalogue names
MAX_QUERIES = 200  # query strings of a pixel, likewise, and as many of each shorter form of them
MAX_PLATFORMS = 50
MAX_PROJECT_PLATFORMS = 200
MAX_REMEMBERED = 5_000  # days of a pixel or a project
_OF_VISITS = Q(dimension=Dimension.TOTAL)  # only visits count in it


@dataclass(slots=True)
class _PagesOnDay:
    """The pages that share a cap, and their query strings, by form."""

    pages: Admitted = field(default_factory=Admitted)
    queries: dict[int, Admitted] = field(default_factory=dict)


@dataclass(slots=True)
class _SeenOnDay:
    """What was admitted for one pixel on one day."""

    platforms: Admitted
    unlisted: _PagesOnDay = field(default_factory=_PagesOnDay)
    named: _PagesOnDay = field(default_factory=_PagesOnDay)  # on own sites and on platforms that a catalogue names


class Caps:
    """Remembers the pages and platforms that each pixel had on each day. Reads unknown days from the counts."""

    def __init__(self) -> None:
        self._days: OrderedDict[tuple[int, str], _SeenOnDay] = OrderedDict()
        self._project_days: OrderedDict[tuple[int, str], Admitted] = OrderedDict()

    def admits_page(self, claimant: Claimant, label: str, sites: Sites = NO_SITES) -> bool:
        """Whether a page may have a count of its own on this day. Three queries for a new day of a pixel."""
        beside = _pages_beside(self._seen(claimant, sites), label, sites)
        return beside.pages.admits(label, MAX_PAGES, is_visit=claimant.is_visit)

    def admits_host(self, claimant: Claimant, host: str, sites: Sites = NO_SITES) -> bool:
        """Whether an unlisted host may be a platform of its own on this day. Five queries for a new day of a pixel."""
        of_pixel, of_project = self._seen(claimant, sites).platforms, self._seen_in_project(claimant, sites)
        is_visit = claimant.is_visit
        if not of_pixel.has_room(host, MAX_PLATFORMS, is_visit=is_visit):
            return False
        if not of_project.admits(host, MAX_PROJECT_PLATFORMS, is_visit=is_visit):
            return False
        of_pixel.add(host, is_visit=is_visit)
        return True

    def admits_query(self, claimant: Claimant, label: str, url: str, form: int, sites: Sites = NO_SITES) -> bool:
        """Whether a page may keep the query string of its URL. Each shorter `form` of query strings has its own cap.

        The counts hold no query strings, so a drain starts with none.
        """
        beside = _pages_beside(self._seen(claimant, sites), label, sites)
        queries = beside.queries.setdefault(form, Admitted())
        return queries.admits(url, MAX_QUERIES, is_visit=claimant.is_visit)

    def forget(self) -> None:
        """Read the counts again next time, because the last batch was not stored."""
        self._days.clear()
        self._project_days.clear()

    def _seen(self, claimant: Claimant, sites: Sites) -> _SeenOnDay:
        project_id, pixel_id, day, _ = claimant
        key = (pixel_id, day)
        seen = self._days.get(key)
        if seen is None:
            seen = self._days[key] = _SeenOnDay(_unlisted_platforms(project_id, pixel_id, day, sites))
            rows = DailyCount.objects.filter(
                project_id=project_id, pixel_id=pixel_id, dimension=Dimension.PAGE, date=day
            )
            for page in set(rows.values_list("value", flat=True)) - {"", OTHER}:
                _pages_beside(seen, page, sites).pages.add(page, is_visit=True)
            if len(self._days) > MAX_REMEMBERED:
                self._days.popitem(last=False)
        return seen

    def _seen_in_project(self, claimant: Claimant, sites: Sites) -> Admitted:
        key = (claimant.project_id, claimant.day)
        seen = self._project_days.get(key)
        if seen is None:
            seen = _unlisted_platforms(claimant.project_id, WHOLE_PROJECT, claimant.day, sites)
            self._project_days[key] = seen
            if len(self._project_days) > MAX_REMEMBERED:
                self._project_days.popitem(last=False)
        return seen


def is_unlisted(platform: str, sites: Sites = NO_SITES) -> bool:
    """Whether a platform is named by no catalogue and is no own site: a host, an app, or a placement that an author
    declared.
    """
    return not is_named(platform) and platform not in {DIRECT, OTHER} and not sites.has_platform(platform)


def _unlisted_platforms(project_id: int, pixel_id: int, day: str, sites: Sites) -> Admitted:
    """Return the unlisted hosts that a pixel or a whole project has counts of. Two queries."""
    counted = DailyCount.objects.filter(project_id=project_id, pixel_id=pixel_id, date=day)
    by_platform = counted.values("platform").annotate(rows_of_visits=Count("dimension", filter=_OF_VISITS))
    has_visits = {
        platform: bool(rows)
        for platform, rows in by_platform.values_list("platform", "rows_of_visits")
        if platform and is_unlisted(platform, sites)
    }
    for declared in Pixel.objects.filter(project_id=project_id).values_list("placements", flat=True):
        for platform in declared:  # an author's word, which no stranger can invent
            has_visits.pop(platform, None)
    of_visits = {platform for platform, has in has_visits.items() if has}
    return Admitted(of_visits, has_visits.keys() - of_visits)


def _pages_beside(seen: _SeenOnDay, label: str, sites: Sites) -> _PagesOnDay:
    """Return the admitted pages that a page shares its cap with."""
    host = label.partition("/")[0].partition(":")[0]
    is_named_host = sites.platform_of(host) or named_platform_of_host(host)
    return seen.named if is_named_host else seen.unlisted
