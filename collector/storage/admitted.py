"""What the caps of a day have admitted: for visits, and apart from them for all other hits.

Hits of bots and those over a rate limit cost their sender nothing and come by the thousand. So they have caps of their
own, of the same size: whatever they invent, the pages, names and campaigns of readers stay. They aren't simply refused,
because `reclassify` may find readers among them.
"""

from collections.abc import Iterable
from typing import NamedTuple


class Claimant(NamedTuple):
    """Whose caps a hit counts against: those of its pixel and project on a day, for visits or for all other hits."""

    project_id: int
    pixel_id: int
    day: str
    is_visit: bool


class Admitted:
    """The values of one kind that were admitted. What visits have is admitted for other hits, too."""

    __slots__ = ("_of_others", "_of_visits")

    def __init__(self, of_visits: Iterable[str] = (), of_others: Iterable[str] = ()) -> None:
        self._of_visits = set(of_visits)
        self._of_others = set(of_others)

    def __contains__(self, value: str) -> bool:
        return value in self._of_visits

    def has_room(self, value: str, limit: int, *, is_visit: bool) -> bool:
        """Whether a value is admitted, or may be: `limit` values of visits are, and as many of other hits."""
        admitted = self._of_visits if is_visit else self._of_others
        return value in self._of_visits or value in admitted or len(admitted) < limit

    def add(self, value: str, *, is_visit: bool) -> None:
        """Admit a value."""
        if value not in self._of_visits:
            (self._of_visits if is_visit else self._of_others).add(value)

    def admits(self, value: str, limit: int, *, is_visit: bool) -> bool:
        """Admit a value if there is room for it, and say whether it is admitted."""
        has_room = self.has_room(value, limit, is_visit=is_visit)
        if has_room:
            self.add(value, is_visit=is_visit)
        return has_room
