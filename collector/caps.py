"""A bound on what a stranger can invent: distinct pages and page hosts, per pixel and day. The rest is `(other)`.

The bound is applied before a hit is stored, so that raw hits, the page table and the counts agree on it.
"""

from collections import OrderedDict
from dataclasses import dataclass, field

from collector.models import DailyCount, Dimension

MAX_PAGES = 200
MAX_PLATFORMS = 50
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

    def admits_page(self, project_id: int, pixel_id: int, day: str, label: str) -> bool:
        return _admits(self._seen(project_id, pixel_id, day).pages, label, MAX_PAGES)

    def admits_platform(self, project_id: int, pixel_id: int, day: str, platform: str) -> bool:
        return _admits(self._seen(project_id, pixel_id, day).platforms, platform, MAX_PLATFORMS)

    def admits_query(self, project_id: int, pixel_id: int, day: str, url: str) -> bool:
        """Whether a page may keep its query. The counts know none, so each drain begins with as many again."""
        return _admits(self._seen(project_id, pixel_id, day).queries, url, MAX_PAGES)

    def forget(self) -> None:
        """Ask the counts anew: what was admitted last did not get stored."""
        self._days.clear()

    def _seen(self, project_id: int, pixel_id: int, day: str) -> _Seen:
        key = (pixel_id, day)
        seen = self._days.get(key)
        if seen is None:
            seen = self._days[key] = _Seen()
            rows = DailyCount.objects.filter(
                project_id=project_id, pixel_id=pixel_id, dimension=Dimension.PAGE, date=day
            ).values_list("platform", "value")
            for platform, page in rows.distinct():
                seen.platforms.add(platform)
                seen.pages.add(page)
            if len(self._days) > MAX_REMEMBERED:
                self._days.popitem(last=False)
        return seen


def _admits(seen: set[str], value: str, limit: int) -> bool:
    if value in seen:
        return True
    if len(seen) >= limit:
        return False
    seen.add(value)
    return True
