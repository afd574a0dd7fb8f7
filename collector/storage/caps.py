"""A bound on what a stranger can invent: distinct pages and page hosts, a day. The rest is `(other)`.

Pages are bounded by pixel; hosts, which make a platform each, by pixel and by project, for all that counts by platform
is read with them. What is in the catalogue or declared is no invention and always admitted: else a flood of strange
hosts would hide from an author where they are read. The bound is applied before a hit is stored, so that raw hits, the
page table and the counts agree on it.
"""

from collections import OrderedDict
from dataclasses import dataclass, field

from collector.classify.platforms import DIRECT, OTHER, catalogue
from collector.models import DailyCount, Dimension
from collector.models.counts import WHOLE_PROJECT

MAX_PAGES = 200
MAX_PLATFORMS = 50
MAX_PROJECT_PLATFORMS = 200
MAX_REMEMBERED = 5_000


@dataclass(slots=True)
class _Seen:
    pages: set[str] = field(default_factory=set)
    platforms: set[str] = field(default_factory=set)
    queries: set[str] = field(default_factory=set)


class Caps:
    """Remembers which pages and platforms each pixel had on each day; asks the counts where it does not know."""

    def __init__(self) -> None:
        self._days: OrderedDict[tuple[int, str], _Seen] = OrderedDict()
        self._project_days: OrderedDict[tuple[int, str], set[str]] = OrderedDict()

    def admits_page(self, project_id: int, pixel_id: int, day: str, label: str) -> bool:
        return _admits(self._seen(project_id, pixel_id, day).pages, label, MAX_PAGES)

    def admits_host(self, project_id: int, pixel_id: int, day: str, host: str) -> bool:
        """Whether a host, or a name of one, that nobody declared may be a platform of this day."""
        return _admits(self._seen(project_id, pixel_id, day).platforms, host, MAX_PLATFORMS) and _admits(
            self._seen_in_project(project_id, day), host, MAX_PROJECT_PLATFORMS
        )

    def admits_query(self, project_id: int, pixel_id: int, day: str, url: str) -> bool:
        """Whether a page may keep its query. The counts know none, so each drain begins with as many again."""
        return _admits(self._seen(project_id, pixel_id, day).queries, url, MAX_PAGES)

    def forget(self) -> None:
        """Ask the counts anew: what was admitted last did not get stored."""
        self._days.clear()
        self._project_days.clear()

    def _seen(self, project_id: int, pixel_id: int, day: str) -> _Seen:
        key = (pixel_id, day)
        seen = self._days.get(key)
        if seen is None:
            seen = self._days[key] = _Seen()
            rows = DailyCount.objects.filter(
                project_id=project_id, pixel_id=pixel_id, dimension=Dimension.PAGE, date=day
            ).values_list("platform", "value")
            for platform, page in rows.distinct():
                seen.pages.add(page)
                if is_strange(platform):
                    seen.platforms.add(platform)
            if len(self._days) > MAX_REMEMBERED:
                self._days.popitem(last=False)
        return seen

    def _seen_in_project(self, project_id: int, day: str) -> set[str]:
        key = (project_id, day)
        seen = self._project_days.get(key)
        if seen is None:
            rows = DailyCount.objects.filter(
                project_id=project_id, pixel_id=WHOLE_PROJECT, dimension=Dimension.TOTAL, date=day
            )
            seen = {platform for platform in rows.values_list("platform", flat=True) if is_strange(platform)}
            self._project_days[key] = seen
            if len(self._project_days) > MAX_REMEMBERED:
                self._project_days.popitem(last=False)
        return seen


def is_strange(platform: str) -> bool:
    """Whether a platform is none of the catalogue: a host, or what an author declared."""
    return platform not in catalogue() and platform not in {DIRECT, OTHER}


def _admits(seen: set[str], value: str, limit: int) -> bool:
    if value in seen:
        return True
    if len(seen) >= limit:
        return False
    seen.add(value)
    return True
