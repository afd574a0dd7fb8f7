"""A plain recount of what installations really did: what the numbers of a program must equal.

Days are numbers, as of `date.toordinal`. Windows have both of their days.
"""

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Sequence

from tests.installations import MAX_DAYS_LATE, Life, iso_week

Key = tuple[str, str, str]  # what is counted, driver, value
PAUSE_DAYS = 28


class Recount:
    """Some lives, each with the days that the server can know of, in order."""

    def __init__(self, lives: Sequence[Life]) -> None:
        self._numbers: defaultdict[int, Counter[Key]] = defaultdict(Counter)
        self._reach: defaultdict[int, Counter[Key]] = defaultdict(Counter)
        self._days_of_events: list[tuple[Key, list[int]]] = []
        self._lives = [(life, sorted(life.arrived)) for life in lives if life.arrived]
        for life, days in self._lives:
            # What never arrived is at the end of a life: with the state, or for want of a later run.
            assert all(day in life.days for day in days)
            assert all(day > days[-1] for day in set(life.days) - set(days))
            self._count_uses(life, days)

    def active(self, start: int, end: int) -> Counter[Key]:
        """Count who was active in a window, by what they were on their first day in it."""
        counted: Counter[Key] = Counter()
        for life, days in self._lives:
            index = bisect_left(days, start)
            if index < len(days) and days[index] <= end:
                version, runtime = life.days[days[index]]
                for what, value in (
                    ("active", ""), ("version", version), ("os", life.os), ("arch", life.arch), ("runtime", runtime),
                ):  # fmt: skip
                    counted[what, life.driver, value] += 1
        return counted

    def by_history(self, day: int) -> Counter[Key]:
        """Count who was active on a day: new, returning, or back after a pause of more than 28 days."""
        counted: Counter[Key] = Counter()
        for life, days in self._lives:
            if day in life.arrived:
                index = bisect_left(days, day)
                pause = day - days[index - 1] if index else 0
                kind = "new" if not index else "back" if pause > PAUSE_DAYS else "returning"
                counted[kind, life.driver, ""] += 1
        return counted

    def cohorts(self, monday: int) -> Counter[str]:
        """Count the persons and servers that were active in a week, by the week of their first day."""
        counted: Counter[str] = Counter()
        for life, days in self._lives:
            if life.driver in {"person", "server"} and any(monday <= day < monday + 7 for day in days):
                counted[iso_week(days[0])] += 1
        return counted

    def upgrades(self, day: int) -> Counter[Key]:
        """Count changes of version from one active day to the next, on the latter."""
        counted: Counter[Key] = Counter()
        for life, days in self._lives:
            index = bisect_left(days, day)
            if 0 < index < len(days) and days[index] == day:
                before, after = life.days[days[index - 1]][0], life.days[day][0]
                if before != after:
                    counted["upgrade", life.driver, f"{before}>{after}"] += 1
        return counted

    def numbers(self, start: int, end: int) -> Counter[Key]:
        """Count how often events, values of properties and bins were used in a window."""
        counted: Counter[Key] = Counter()
        for day in range(start, end + 1):
            counted.update(self._numbers[day])
        return counted

    def reach_on(self, day: int) -> Counter[Key]:
        """Count who used events, values of properties and bins on one day."""
        return self._reach[day]

    def reach(self, start: int, end: int) -> Counter[Key]:
        """Count who used events in a window."""
        counted: Counter[Key] = Counter()
        for key, days in self._days_of_events:
            index = bisect_left(days, start)
            if index < len(days) and days[index] <= end:
                counted[key] += 1
        return counted

    def _count_uses(self, life: Life, days: list[int]) -> None:
        """Count what one life used, as far as a report within 31 days told it. None comes after a last day."""
        days_of_events: defaultdict[Key, list[int]] = defaultdict(list)
        for day in sorted(life.uses):
            following = bisect_right(days, day)
            if following == len(days) or days[following] - day > MAX_DAYS_LATE:
                continue
            texts: Counter[Key] = Counter()
            for use in life.uses[day]:
                texts["event", life.driver, use.event] += 1
                for name, value in use.properties:
                    text = value if isinstance(value, str) else str(value).lower()
                    texts["property", life.driver, f"{use.event}.{name}={text}"] += 1
                if use.seconds is not None:
                    texts["bucket", life.driver, f"{use.event}.seconds#{use.seconds}"] += 1
            self._numbers[day].update(texts)
            self._reach[day].update(texts.keys())
            for key in texts:
                if key[0] == "event":
                    days_of_events[key].append(day)
        self._days_of_events += days_of_events.items()
