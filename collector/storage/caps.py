"""A cap on what strangers can invent: the distinct pages and page hosts of a day. The rest counts as `(other)`.

Pages are capped for each pixel. Hosts are capped for each pixel and each project: every host is a platform of its own,
and all counts by platform are read together. Platforms that a catalogue names, declared ones and the project's own
sites are always admitted, and pages on platforms that a catalogue names and on own sites have a cap of their own: a
flood of unlisted hosts hides neither. Caps apply before a hit is stored: raw hits, pages and counts agree on them.
"""

from collections import OrderedDict
from dataclasses import dataclass, field

from collector.classify.platforms import DIRECT, OTHER, is_named, named_platform_of_host
from collector.classify.sites import NO_SITES, Sites
from collector.models import DailyCount, Dimension, Pixel
from collector.models.counts import WHOLE_PROJECT

MAX_PAGES = 200  # of a pixel on unlisted hosts, and as many on own sites and on platforms that a catalogue names
MAX_PLATFORMS = 50
MAX_PROJECT_PLATFORMS = 200
MAX_REMEMBERED = 5_000  # days of a pixel or a project


@dataclass(slots=True)
class _SeenOnDay:
    """What was admitted for one pixel on one day."""

    pages: set[str] = field(default_factory=set)  # on unlisted hosts
    pages_of_named: set[str] = field(default_factory=set)  # on own sites and on platforms that a catalogue names
    platforms: set[str] = field(default_factory=set)
    queries: set[str] = field(default_factory=set)


class Caps:
    """Remembers the pages and platforms that each pixel had on each day. Reads unknown days from the counts."""

    def __init__(self) -> None:
        self._days: OrderedDict[tuple[int, str], _SeenOnDay] = OrderedDict()
        self._project_days: OrderedDict[tuple[int, str], set[str]] = OrderedDict()

    def admits_page(self, project_id: int, pixel_id: int, day: str, label: str, sites: Sites = NO_SITES) -> bool:
        """Whether a page may have a count of its own on this day. Three queries for a new day of a pixel."""
        seen = self._seen(project_id, pixel_id, day, sites)
        return _admits(_pages_beside(seen, label, sites), label, MAX_PAGES)

    def admits_host(self, project_id: int, pixel_id: int, day: str, host: str, sites: Sites = NO_SITES) -> bool:
        """Whether an unlisted host may be a platform of its own on this day. Five queries for a new day of a pixel."""
        return _admits(self._seen(project_id, pixel_id, day, sites).platforms, host, MAX_PLATFORMS) and _admits(
            self._seen_in_project(project_id, day, sites), host, MAX_PROJECT_PLATFORMS
        )

    def admits_query(self, project_id: int, pixel_id: int, day: str, url: str, sites: Sites = NO_SITES) -> bool:
        """Whether a page may keep its query string. The counts hold no query strings, so a drain starts with none."""
        return _admits(self._seen(project_id, pixel_id, day, sites).queries, url, MAX_PAGES)

    def forget(self) -> None:
        """Read the counts again next time, because the last batch was not stored."""
        self._days.clear()
        self._project_days.clear()

    def _seen(self, project_id: int, pixel_id: int, day: str, sites: Sites) -> _SeenOnDay:
        key = (pixel_id, day)
        seen = self._days.get(key)
        if seen is None:
            seen = self._days[key] = _SeenOnDay(platforms=_unlisted_platforms(project_id, pixel_id, day, sites))
            rows = DailyCount.objects.filter(
                project_id=project_id, pixel_id=pixel_id, dimension=Dimension.PAGE, date=day
            )
            for page in set(rows.values_list("value", flat=True)) - {"", OTHER}:
                _pages_beside(seen, page, sites).add(page)
            if len(self._days) > MAX_REMEMBERED:
                self._days.popitem(last=False)
        return seen

    def _seen_in_project(self, project_id: int, day: str, sites: Sites) -> set[str]:
        key = (project_id, day)
        seen = self._project_days.get(key)
        if seen is None:
            seen = _unlisted_platforms(project_id, WHOLE_PROJECT, day, sites)
            self._project_days[key] = seen
            if len(self._project_days) > MAX_REMEMBERED:
                self._project_days.popitem(last=False)
        return seen


def is_unlisted(platform: str, sites: Sites = NO_SITES) -> bool:
    """Whether a platform is named by no catalogue and is no own site: a host, an app, or a placement that an author
    declared.
    """
    return not is_named(platform) and platform not in {DIRECT, OTHER} and not sites.has_platform(platform)


def _unlisted_platforms(project_id: int, pixel_id: int, day: str, sites: Sites) -> set[str]:
    """Return the unlisted hosts that a pixel or a whole project has counts of, those of bots too. Two queries."""
    counted = DailyCount.objects.filter(project_id=project_id, pixel_id=pixel_id, date=day)
    platforms = set(counted.values_list("platform", flat=True).distinct())
    for declared in Pixel.objects.filter(project_id=project_id).values_list("placements", flat=True):
        platforms.difference_update(declared)  # an author's word, which no stranger can invent
    return {platform for platform in platforms if platform and is_unlisted(platform, sites)}


def _pages_beside(seen: _SeenOnDay, label: str, sites: Sites) -> set[str]:
    """Return the admitted pages that a page shares its cap with."""
    host = label.partition("/")[0].partition(":")[0]
    is_named_host = sites.platform_of(host) or named_platform_of_host(host)
    return seen.pages_of_named if is_named_host else seen.pages


def _admits(seen: set[str], value: str, limit: int) -> bool:
    if value in seen:
        return True
    if len(seen) >= limit:
        return False
    seen.add(value)
    return True
