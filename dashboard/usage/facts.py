"""What installations run (versions, systems …), day by day, remembered until another report of the day comes.

Of each day and value it keeps the sums of reports whose gap is longer than n, for each n: enough for any window. The
stamp is the number of reports of the day. It grows with each one, in the same transaction as the day's other counts.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime

from django.db.models import QuerySet

from collector.models import ReportCount
from collector.models.programs import INSTALLED
from dashboard.usage.actives import sums_of_longer
from dashboard.visits.cache import REMEMBERED

Sums = Mapping[str, Sequence[int]]  # by value
FactKey = tuple[int, date]  # dimension and day
UsageScope = tuple[int, datetime | None]  # a pixel, and when counts of its project were last made again
WEIGHT_OF_SUMS = 6  # 33 numbers, in units of the cache


def facts_by_day(
    scope: UsageScope, counts: QuerySet[ReportCount], dimensions: Collection[int], reports: Mapping[date, int]
) -> dict[FactKey, Sums]:
    """Return the values of each dimension and day. `counts` are those of the program of `scope`, `reports` how many a
    day has.

    No query if everything is remembered, else one. Days without reports are left out.
    """
    facts: dict[FactKey, Sums] = {}
    missing: list[FactKey] = []
    for dimension in dimensions:
        for day, stamp in reports.items():
            remembered = REMEMBERED.get((scope, dimension, day, stamp)) if stamp else None
            if remembered is not None:
                facts[dimension, day] = remembered
            elif stamp:
                missing.append((dimension, day))
    if missing:
        read = _read(counts, missing)
        for dimension, day in missing:
            sums = facts[dimension, day] = read.get((dimension, day), {})
            REMEMBERED.put((scope, dimension, day, reports[day]), sums, 1 + WEIGHT_OF_SUMS * len(sums))
    return facts


def _read(counts: QuerySet[ReportCount], missing: Sequence[FactKey]) -> dict[FactKey, Sums]:
    rows = counts.filter(
        dimension__in={dimension for dimension, _ in missing},
        date__in={day for _, day in missing},
        driver__in=INSTALLED,
    )
    gaps: dict[FactKey, dict[str, dict[int, int]]] = defaultdict(lambda: defaultdict(lambda: defaultdict(int)))
    for dimension, day, value, gap, number in rows.values_list("dimension", "date", "value", "gap", "reports"):
        gaps[dimension, day][value][gap] += number
    return {
        key: {value: sums_of_longer(by_gap) for value, by_gap in by_value.items()} for key, by_value in gaps.items()
    }
