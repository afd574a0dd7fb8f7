"""Caps on what strangers can add: names of agents, languages and campaigns to the counts, and strings to the agents.

Names that no stranger can choose (`classify.known_names`) are always admitted, so a flood of invented ones never hides
a browser, a system or a language that readers use. The rest are capped for each pixel and each project, a day and a
dimension, apart for visits and for other hits (`admitted`); beyond that they count as `(other)`. As with pages, the
caps apply before a hit is stored.
"""

from collections import Counter, OrderedDict
from collections.abc import Callable

from collector.classify.known_names import known_browsers, known_languages, known_systems
from collector.classify.platforms import OTHER
from collector.models import DailyCount, Dimension
from collector.models.counts import ALL_PLATFORMS
from collector.storage.admitted import Admitted, Claimant

MAX_NAMES = 50  # invented names of a pixel, in one dimension on one day
MAX_PROJECT_NAMES = 200
MAX_AGENTS = 1_000  # new strings of a pixel on one day
MAX_PROJECT_AGENTS = 3_000
MAX_SERVER_AGENTS = 10_000
MAX_REMEMBERED = 5_000  # days of a pixel or a project, each in one dimension
MAX_DAYS = 4  # a day begins at another moment in each time zone

BROWSER, OS, LANGUAGE = int(Dimension.BROWSER), int(Dimension.OS), int(Dimension.LANGUAGE)
_KNOWN: dict[int, Callable[[], frozenset[str]]] = {
    BROWSER: known_browsers,
    OS: known_systems,
    LANGUAGE: known_languages,
}


def is_known(dimension: int, name: str) -> bool:
    """Whether a name is one that no stranger can choose."""
    return dimension in _KNOWN and name in _KNOWN[dimension]()


class NameCaps:
    """Remembers the invented names that each pixel and project had on each day. Reads unknown days from the counts."""

    def __init__(self) -> None:
        self._seen: OrderedDict[tuple[int, int, str, int], Admitted] = OrderedDict()

    def admitted(self, claimant: Claimant, dimension: int, name: str) -> str:
        """Return the name that a hit counts with: `name` or `(other)`. Two queries for a new day of a pixel."""
        if name == OTHER or is_known(dimension, name):
            return name
        project_id, pixel_id, day, is_visit = claimant
        of_pixel = self._names(project_id, pixel_id, day, dimension)
        of_project = self._names(project_id, ALL_PLATFORMS, day, dimension)
        if name in of_pixel:
            return name
        if not of_pixel.has_room(name, MAX_NAMES, is_visit=is_visit):
            return OTHER
        if not of_project.admits(name, MAX_PROJECT_NAMES, is_visit=is_visit):
            return OTHER
        of_pixel.add(name, is_visit=is_visit)
        return name

    def forget(self) -> None:
        """Read the counts again next time, because the last batch was not stored."""
        self._seen.clear()

    def _names(self, project_id: int, pixel_id: int, day: str, dimension: int) -> Admitted:
        key = (project_id, pixel_id, day, dimension)
        names = self._seen.get(key)
        if names is None:
            counts = DailyCount.objects.filter(
                project_id=project_id, pixel_id=pixel_id, dimension=dimension, date=day
            ).values_list("value", flat=True)
            known = _KNOWN[dimension]() if dimension in _KNOWN else frozenset()
            names = self._seen[key] = Admitted(set(counts.distinct()) - {OTHER} - known)  # only visits are counted
            if len(self._seen) > MAX_REMEMBERED:
                self._seen.popitem(last=False)
        return names


class StringCaps:
    """Counts the new strings of each day. The counts hold no strings, so a drain starts with none."""

    def __init__(self) -> None:
        self._days: OrderedDict[str, Counter[tuple[str, int, bool]]] = OrderedDict()

    def admits(self, claimant: Claimant) -> bool:
        """Whether one more new string may have a row of its own on this day."""
        project_id, pixel_id, day, is_visit = claimant
        created = self._days.get(day)
        if created is None:
            created = self._days[day] = Counter()
            if len(self._days) > MAX_DAYS:
                self._days.popitem(last=False)
        limits = {
            ("pixel", pixel_id, is_visit): MAX_AGENTS,
            ("project", project_id, is_visit): MAX_PROJECT_AGENTS,
            ("server", 0, is_visit): MAX_SERVER_AGENTS,
        }
        if any(created[group] >= limit for group, limit in limits.items()):
            return False
        created.update(limits.keys())
        return True
