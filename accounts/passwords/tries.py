"""Counts tries in the database, which all processes share. Without it nobody can log in anyway."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.crypto import salted_hmac

from collector.models import TryCount

_COUNT = """
    /* tries.count */
    INSERT INTO collector_trycount (key, tries, ends_at)
    VALUES {rows}
    ON CONFLICT (key) DO UPDATE SET
        tries = CASE WHEN collector_trycount.ends_at > %s THEN collector_trycount.tries + 1 ELSE 1 END,
        ends_at = CASE WHEN collector_trycount.ends_at > %s THEN collector_trycount.ends_at ELSE excluded.ends_at END
"""


class Tally(NamedTuple):
    """Tries that count together, for so many seconds from the first one."""

    key: str
    seconds: int


class Count(NamedTuple):
    """How many tries a tally has, and for how many more seconds."""

    tries: int
    seconds_left: float


NO_TRIES = Count(0, 0.0)


def tally(seconds: int, *parts: str) -> Tally:
    """Return the tally of `parts`. What they say can't be read from the database, even by trying out all addresses."""
    digest = salted_hmac("accounts.passwords.tries", "\0".join(parts), algorithm="sha256").digest()
    return Tally(digest[:16].hex(), seconds)


def counts_of(tallies: Iterable[Tally]) -> dict[Tally, Count]:
    """Return the count of each tally. One query."""
    now = timezone.now()
    rows = TryCount.objects.filter(key__in=[tally.key for tally in tallies], ends_at__gt=now)
    counts = {row.key: Count(row.tries, (row.ends_at - now).total_seconds()) for row in rows}
    return {tally: counts.get(tally.key, NO_TRIES) for tally in tallies}


def count_try(tallies: Iterable[Tally]) -> dict[Tally, Count]:
    """Count one try in all tallies, and return their counts with it. Two queries in one transaction.

    Tries at the same moment get different counts: the transaction locks the rows. All transactions lock them in the
    same order, so that none waits for another that waits for it.
    """
    now = timezone.now()
    ordered = sorted(tallies)
    parameters: list[Any] = []
    for tally in ordered:
        parameters += [tally.key, 1, _adapted(now + timedelta(seconds=tally.seconds))]
    sql = _COUNT.format(rows=", ".join(["(%s, %s, %s)"] * len(ordered)))
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(sql, [*parameters, _adapted(now), _adapted(now)])
        return counts_of(ordered)


def take_back(tallies: Iterable[Tally]) -> None:
    """Remove one try from all tallies: it was a right one. One query each, so that none waits for two rows."""
    for tally in tallies:
        TryCount.objects.filter(key=tally.key, tries__gt=0).update(tries=F("tries") - 1)


def _adapted(moment: datetime) -> Any:
    """Return a moment as the database stores it."""
    return connection.ops.adapt_datetimefield_value(moment)
