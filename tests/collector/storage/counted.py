"""The stored counts of a program, with the formulas by which numbers are read from them, written plainly."""

from collections import Counter, defaultdict

from collector.models import Driver, Pixel, ReportCount, ReportDimension
from tests.recount import Key

Row = tuple[str, str, str, int, int, int]  # dimension, driver, value, gap, reports, number


class Counted:
    """All counts of one program, and the formulas by which numbers are read from them."""

    def __init__(self, pixel: Pixel) -> None:
        self._rows: defaultdict[int, list[Row]] = defaultdict(list)
        columns = ("date", "dimension", "driver", "value", "gap", "reports", "number")
        for day, dimension, driver, *values in ReportCount.objects.filter(pixel=pixel).values_list(*columns):
            labels = (ReportDimension(dimension).label, Driver(driver).label)
            self._rows[day.toordinal()].append((*labels, *values))

    def first_in(self, start: int, end: int, dimensions: set[str]) -> Counter[Key]:
        """Count the reports, or uses, that are an installation's first in a window."""
        counted: Counter[Key] = Counter()
        for day in range(start, end + 1):
            for dimension, driver, value, gap, reports, _ in self._rows.get(day, ()):
                if dimension in dimensions and (gap == 0 or gap > day - start):
                    counted[dimension, driver, value] += reports
        return counted

    def numbers(self, start: int, end: int, dimensions: set[str]) -> Counter[Key]:
        counted: Counter[Key] = Counter()
        for day in range(start, end + 1):
            for dimension, driver, value, _, _, number in self._rows.get(day, ()):
                if dimension in dimensions:
                    counted[dimension, driver, value] += number
        return counted

    def by_history(self, day: int) -> Counter[Key]:
        counted: Counter[Key] = Counter()
        for dimension, driver, _, gap, reports, _ in self._rows[day]:
            if dimension == "active":
                kind = "new" if gap == 0 else "back" if gap > 28 else "returning"
                counted[kind, driver, ""] += reports
        return counted

    def all_rows(self) -> list[tuple[int, Row]]:
        return sorted((day, row) for day, rows in self._rows.items() for row in rows)


def installed(counted: Counter[Key], what: str) -> Counter[str]:
    """Return what was counted of persons and servers together, by value."""
    sums: Counter[str] = Counter()
    for (name, driver, value), number in counted.items():
        if name == what and driver in {"person", "server"}:
            sums[value] += number
    return sums
