"""What the database tells about the server: lost hits, readers that all look like one visitor, hits that were kept
although they have expired, and lines that could not be used."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Max, Q, Subquery, Sum

from collector.models import SpoolOffset, Upkeep
from collector.storage.set_aside import LIFETIME

LAST_DAY = timedelta(hours=24)
MIN_HITS = 50  # fewer may be an author who tries it out at home
MIN_PRIVATE_SHARE = 0.95


@dataclass(frozen=True, slots=True)
class Losses:
    """Hits that were lost because the spool could not be written, and when the last of them was noted."""

    hits: int
    noted_at: datetime


@dataclass(frozen=True, slots=True)
class Indistinct:
    """Hits of the last day, and how many of them came from a private address, which is most likely a proxy."""

    hits: int
    private: int

    @property
    def are_all(self) -> bool:
        return self.private == self.hits


@dataclass(frozen=True, slots=True)
class ServerHealth:
    """What is wrong with the server; each of the first three is None where nothing is.

    `set_aside` are the lines of the last 30 days that could not be used.
    """

    losses: Losses | None
    indistinct: Indistinct | None
    deletion_refused_at: datetime | None
    set_aside: int = 0


def server_health(now: datetime) -> ServerHealth:
    """Return the losses of the last 90 days, whether the last day's readers can't be told apart, and since when expired
    hits wait for somebody to agree to their deletion (`collector.storage.retention`). One query.
    """
    has_losses, is_recent = Q(lost__gt=0), Q(updated_at__gt=now - LAST_DAY)
    totals = SpoolOffset.objects.aggregate(
        losses=Sum("lost"),
        noted_at=Max("updated_at", filter=has_losses),
        stored=Sum("hits", filter=is_recent, default=0),
        from_private=Sum("private", filter=is_recent, default=0),
        set_aside=Sum("set_aside", filter=Q(updated_at__gt=now - LIFETIME), default=0),
        refused_at=Max(Subquery(Upkeep.objects.filter(pk=1).values("refused_at"))),
    )
    hits, private = totals["stored"], totals["from_private"]
    seems_proxied = hits >= MIN_HITS and private >= MIN_PRIVATE_SHARE * hits
    return ServerHealth(
        Losses(totals["losses"], totals["noted_at"]) if totals["losses"] else None,
        Indistinct(hits, private) if seems_proxied else None,
        totals["refused_at"],
        totals["set_aside"],
    )
