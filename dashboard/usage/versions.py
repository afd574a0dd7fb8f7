"""The order of versions, which of them count by themselves, and how fast a release is taken up."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date

from collector.programs.program import Versions
from collector.programs.windows import DAY
from dashboard.usage.results import Upgrade

_PARTS = re.compile(r"([0-9.]*[0-9])(?:[-.]?([a-z]+)[-.]?([0-9]*))?")
_STAGES = {
    "dev": -4, "nightly": -4, "snapshot": -4, "a": -3, "alpha": -3, "b": -2, "beta": -2, "rc": -1, "pre": -1,
    "preview": -1, "": 0, "post": 1,
}  # fmt: skip
_NUMBERS = 4  # in a version at most
FEWEST_ACTIVES = 20  # on a day, to say what half of them run
VersionKey = tuple[int, ...]


def version_key(version: str) -> VersionKey:
    """Return a key that sorts versions by age: 2.4.0-rc1, 2.4, 2.4.1, 2.10. Other texts come first."""
    match = _PARTS.fullmatch(version)
    if match is None:
        return ()
    numbers = [int(number) for number in match[1].split(".")]
    padded = numbers + [0] * (_NUMBERS - len(numbers))
    return (*padded, _STAGES.get(match[2] or "", 0), int(match[3] or 0))


def days_to_half(by_day: Mapping[date, Mapping[str, int]], version: str, released: date) -> int | None:
    """Return how many days after its release half of a day's active installations ran this version or a newer one.

    `by_day` has the installations by day and version, from the day of the release on. None if that has not happened in
    these days. Days with fewer than `FEWEST_ACTIVES` say nothing.
    """
    key = version_key(version)
    for day in sorted(day for day in by_day if day >= released):
        all_active = sum(by_day[day].values())
        newer = sum(active for other, active in by_day[day].items() if version_key(other) >= key)
        if all_active >= FEWEST_ACTIVES and 2 * newer >= all_active:
            return (day - released) // DAY
    return None


def released_upgrades(versions: Versions, upgrades: Iterable[Upgrade]) -> list[Upgrade]:
    """Return upgrades between versions as they count, the most frequent first."""
    sums: Counter[tuple[str, str]] = Counter()
    for one in upgrades:
        sums[versions.counted_as(one.old), versions.counted_as(one.new)] += one.installations
    return sorted((Upgrade(*pair, number) for pair, number in sums.items()), key=lambda one: (-one.installations, one))
