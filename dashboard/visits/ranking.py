"""Values ranked in the database, where a period has too many of them to add up in Python."""

from collections.abc import Collection

from django.db.models import Count, F, Sum, Window
from django.db.models.functions import RowNumber

from collector.models import Dimension
from dashboard.visits.cache import REMEMBERED
from dashboard.visits.closed_days import KEY_WEIGHT, Stamps
from dashboard.visits.periods import Period
from dashboard.visits.results import ValueCount
from dashboard.visits.rollup_scope import RollupScope

VALUE_WEIGHT = 2


def rank_values(
    scope: RollupScope, stamps: Stamps, period: Period, dimensions: Collection[Dimension], *, limit: int, offset: int
) -> list[ValueCount]:
    """Return the most frequent values of each dimension, `limit` after the first `offset`.

    One query, none where the answer is remembered: until the next hit of the period.
    """
    pixel_id = scope.pixel_id_across_platforms
    days = period.dates()
    key = (
        scope.project.pk, scope.platform, pixel_id, frozenset(dimensions), limit, offset, period.start, period.end,
        stamps.of(days),
    )  # fmt: skip
    counts: list[ValueCount] | None = REMEMBERED.get(key)
    if counts is None:
        ranked = (
            scope.rows([pixel_id], days)
            .filter(dimension__in=dimensions)
            .values("dimension", "value")
            .annotate(visits=Sum("hits"), new_visitors=Sum("visitors"))
            .annotate(
                rank=Window(RowNumber(), partition_by="dimension", order_by=[F("visits").desc(), "value"]),
                values_in_all=Window(Count("*"), partition_by="dimension"),
            )
            .filter(rank__gt=offset, rank__lte=offset + limit)
            .order_by("dimension", "rank")
        )
        columns = ("dimension", "value", "visits", "new_visitors", "values_in_all")
        counts = [ValueCount(*row) for row in ranked.values_list(*columns)]
        REMEMBERED.put(key, counts, KEY_WEIGHT + VALUE_WEIGHT * len(counts))
    return counts
