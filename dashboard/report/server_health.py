"""What administrators are told of how hits come in."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Max, Q, Sum

from collector.models import SpoolOffset

LAST_DAY = timedelta(hours=24)
MIN_HITS = 50  # fewer are an author trying it out at home
MIN_PRIVATE_SHARE = 0.95


@dataclass(frozen=True, slots=True)
class Losses:
    """Hits that were answered as lost, for the spool could not be written, and when the last of them was noted."""

    hits: int
    noted_at: datetime


@dataclass(frozen=True, slots=True)
class Indistinct:
    """Hits of the last day, and how many of them came from a private address: from a proxy, most likely."""

    hits: int
    private: int

    @property
    def are_all(self) -> bool:
        return self.private == self.hits


@dataclass(frozen=True, slots=True)
class ServerHealth:
    """What administrators are told of how hits come in; None where nothing is wrong."""

    losses: Losses | None
    indistinct: Indistinct | None


def server_health(now: datetime) -> ServerHealth:
    """Return what was lost in the last 90 days, and whether the last day's readers can be told apart. One query."""
    lost, lately = Q(lost__gt=0), Q(updated_at__gt=now - LAST_DAY)
    found = SpoolOffset.objects.filter(lost | lately).aggregate(
        losses=Sum("lost"),
        noted_at=Max("updated_at", filter=lost),
        stored=Sum("hits", filter=lately, default=0),
        from_private=Sum("private", filter=lately, default=0),
    )
    hits, private = found["stored"], found["from_private"]
    seems_proxied = hits >= MIN_HITS and private >= MIN_PRIVATE_SHARE * hits
    return ServerHealth(
        Losses(found["losses"], found["noted_at"]) if found["losses"] else None,
        Indistinct(hits, private) if seems_proxied else None,
    )
