"""The numbers of one period that the key figures are made of."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from collector.models import Dimension, Traffic, Verdict
from dashboard.visits.results import PlatformDay, ReadThrough, Sums

FIGURE_DIMENSIONS = (Dimension.TRAFFIC, Dimension.VERDICT)


@dataclass(frozen=True, slots=True)
class PeriodNumbers:
    """What the key figures are made of. `verdicts` has the hits by verdict."""

    visits: int
    visitors: int
    proxied: int
    verdicts: Mapping[str, int]
    reading: ReadThrough

    @property
    def bots(self) -> int:
        """Return the hits of bots. Hits with inconsistent browser headers are not among them."""
        return self.verdicts.get(Verdict.BOT.label, 0)

    @property
    def hidden(self) -> float | None:
        """Return the share of visits that proxies hide; None without visits."""
        return self.proxied / self.visits if self.visits else None


def period_numbers(days: Iterable[PlatformDay], sums: Sums, reading: ReadThrough) -> PeriodNumbers:
    """Add up the numbers of a period. `sums` has the dimensions `FIGURE_DIMENSIONS`."""
    totals = totals_of(days)
    return PeriodNumbers(
        visits=sum(day.visits for day in totals),
        visitors=sum(day.visitors for day in totals),
        proxied=sums.by_value(Dimension.TRAFFIC).get(Traffic.PROXIED.label, 0),
        verdicts=sums.by_value(Dimension.VERDICT),
        reading=reading,
    )


def totals_of(days: Iterable[PlatformDay]) -> Sequence[PlatformDay]:
    """Return the rows for whole days, without those for single hours."""
    return [day for day in days if day.dimension == Dimension.TOTAL]
