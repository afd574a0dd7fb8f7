"""A cap on what strangers can invent: the distinct pages and page hosts of a day. The rest counts as `(other)`.

Pages are capped for each pixel. Hosts are capped for each pixel and each project: every host is a platform of its own,
and all counts by platform are read together. Platforms of the catalogue and declared ones are always admitted, so a
flood of unlisted hosts never hides them. Caps apply before a hit is stored: raw hits, pages and counts agree on them.
"""

from collections import OrderedDict
from dataclasses import dataclass, field

from collector.classify.platforms import DIRECT, OTHER, catalogue, platform_of_host
from collector.models import DailyCount, Dimension
from collector.models.counts import WHOLE_PROJECT

MAX_PAGES = 200
MAX_PLATFORMS = 50
MAX_PROJECT_PLATFORMS = 200
MAX_REMEMBERED = 5_000  # days of a pixel or a project
# Together they count every hit that adds a row; totals and pages only count visits.
_ALL_HITS = (Dimension.TRAFFIC, Dimension.VERDICT, Dimension.POSITION)


@dataclass(slots=True)
class _SeenOnDay:
    """What was admitted for one pixel on one day."""

    pages: set[str] = field(default_factory=set)
    platforms: set[str] = field(default_factory=set)
    queries: set[str] = field(default_factory=set)


class Caps:
    """Remembers the pages and platforms that each pixel had on each day. Reads unknown days from the counts."""

    def __init__(self) -> None:
        self._days: OrderedDict[tuple[int, str], _SeenOnDay] = OrderedDict()
        self._project_days: OrderedDict[tuple[int, str], set[str]] = OrderedDict()

    def admits_page(self, project_id: int, pixel_id: int, day: str, label: str) -> bool:
        """Whether a page may have a count of its own on this day. One query for a new day of a pixel."""
        return _admits(self._seen(project_id, pixel_id, day).pages, label, MAX_PAGES)

    def admits_host(self, project_id: int, pixel_id: int, day: str, host: str) -> bool:
        """Whether an unlisted host may be a platform of its own on this day. Two queries for a new day of a pixel."""
        return _admits(self._seen(project_id, pixel_id, day).platforms, host, MAX_PLATFORMS) and _admits(
            self._seen_in_project(project_id, day), host, MAX_PROJECT_PLATFORMS
        )

    def admits_query(self, project_id: int, pixel_id: int, day: str, url: str) -> bool:
        """Whether a page may keep its query string. The counts hold no query strings, so a drain starts with none."""
        return _admits(self._seen(project_id, pixel_id, day).queries, url, MAX_PAGES)

    def forget(self) -> None:
        """Read the counts again next time, because the last batch was not stored."""
        self._days.clear()
        self._project_days.clear()

    def _seen(self, project_id: int, pixel_id: int, day: str) -> _SeenOnDay:
        key = (pixel_id, day)
        seen = self._days.get(key)
        if seen is None:
            seen = self._days[key] = _SeenOnDay()
            rows = DailyCount.objects.filter(
                project_id=project_id, pixel_id=pixel_id, dimension__in=(Dimension.PAGE, *_ALL_HITS), date=day
            ).values_list("platform", "dimension", "value")
            for platform, dimension, value in rows.distinct():
                if dimension == Dimension.PAGE:
                    seen.pages.add(value)
                if is_unlisted(platform):
                    seen.platforms.add(platform)
            if len(self._days) > MAX_REMEMBERED:
                self._days.popitem(last=False)
        return seen

    def _seen_in_project(self, project_id: int, day: str) -> set[str]:
        key = (project_id, day)
        seen = self._project_days.get(key)
        if seen is None:
            rows = DailyCount.objects.filter(
                project_id=project_id, pixel_id=WHOLE_PROJECT, dimension__in=_ALL_HITS, date=day
            )
            seen = {platform for platform in rows.values_list("platform", flat=True) if is_unlisted(platform)}
            self._project_days[key] = seen
            if len(self._project_days) > MAX_REMEMBERED:
                self._project_days.popitem(last=False)
        return seen


def is_unlisted(platform: str) -> bool:
    """Whether a platform is not in the catalogue: a host, or a placement that an author declared."""
    return platform not in catalogue() and platform not in {DIRECT, OTHER}


def is_listed_host(host: str) -> bool:
    """Whether a host is in the catalogue itself, not below one of its hosts: strangers can invent those."""
    platform = catalogue().get(platform_of_host(host))
    return platform is not None and host in platform.hosts


def _admits(seen: set[str], value: str, limit: int) -> bool:
    if value in seen:
        return True
    if len(seen) >= limit:
        return False
    seen.add(value)
    return True
