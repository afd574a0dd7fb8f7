"""What the database tells about the server: lost hits, readers that all look like one visitor, hits that were kept
although they have expired, lines that could not be used, and a drain that does not work."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Max, Q, Subquery, Sum

from collector.models import Collector, SpoolOffset, Upkeep
from collector.storage.collectors import WAITED_FOR
from collector.storage.set_aside import LIFETIME

LAST_DAY = timedelta(hours=24)
LOSSES_SHOWN = timedelta(days=90)
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
class Silence:
    """A collector whose drain does not work, and when it was last seen."""

    name: str
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class ServerHealth:
    """What is wrong with the server; each of the first three is None where nothing is.

    `set_aside` are the lines of the last 30 days that could not be used.
    """

    losses: Losses | None
    indistinct: Indistinct | None
    deletion_refused_at: datetime | None
    set_aside: int = 0
    silence: Silence | None = None


def server_health(now: datetime) -> ServerHealth:
    """Return the losses of the last 90 days, whether the last day's readers can't be told apart, since when expired
    hits wait for somebody to agree to their deletion (`collector.storage.retention`), and which collector is silent, of
    several the one that was seen last. One query.
    """
    has_losses, is_recent = Q(lost__gt=0, updated_at__gt=now - LOSSES_SHOWN), Q(updated_at__gt=now - LAST_DAY)
    silent = Collector.objects.filter(seen_at__lt=now - Collector.SILENT, seen_at__gt=now - WAITED_FOR)
    silent = silent.order_by("-seen_at")
    totals = SpoolOffset.objects.aggregate(
        losses=Sum("lost", filter=has_losses),
        noted_at=Max("updated_at", filter=has_losses),
        stored=Sum("hits", filter=is_recent, default=0),
        from_private=Sum("private", filter=is_recent, default=0),
        set_aside=Sum("set_aside", filter=Q(updated_at__gt=now - LIFETIME), default=0),
        refused_at=Max(Subquery(Upkeep.objects.filter(pk=1).values("refused_at"))),
        silent_name=Max(Subquery(silent.values("name")[:1])),
        silent_since=Max(Subquery(silent.values("seen_at")[:1])),
    )
    hits, private = totals["stored"], totals["from_private"]
    seems_proxied = hits >= MIN_HITS and private >= MIN_PRIVATE_SHARE * hits
    return ServerHealth(
        Losses(totals["losses"], totals["noted_at"]) if totals["losses"] else None,
        Indistinct(hits, private) if seems_proxied else None,
        totals["refused_at"],
        totals["set_aside"],
        Silence(totals["silent_name"], totals["silent_since"]) if totals["silent_since"] else None,
    )
