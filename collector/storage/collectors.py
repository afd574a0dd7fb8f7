"""The collectors that share the database: when the drain of each was last seen, and what waits in its spool.

What must not be deleted while hits or reports wait depends on the spools of all of them, and each sees only its own.
A drain says how it is every few seconds. Of one that is silent nobody knows what waits: maybe all since it was last
seen. It is waited for, but not for ever: its machine may be gone.
"""

import logging
import os
import secrets
import socket
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from django.utils.crypto import salted_hmac

from collector.models import Collector
from collector.storage.lag import lag, oldest_waiting_day

logger = logging.getLogger(__name__)

NAME = "collector"  # of the file with the id, in the spool's directory
WAITED_FOR = timedelta(days=35)  # raw reports are kept on so long for a collector that is silent
FORGOTTEN_AFTER = timedelta(days=365)


def stored_id(directory: Path) -> str:
    """Return the id of the collector that a spool belongs to, empty if there is none yet."""
    with suppress(OSError):
        return (directory / NAME).read_text("ascii", "replace").strip()
    return ""


def note_collector(directory: Path, now: datetime, noted_at: datetime | None = None) -> datetime | None:
    """Say that the drain of a spool works, and what waits. Three queries. Its caller is the spool's only drain.

    Returns the moment that is noted; give it to the next call as `noted_at`. If the row has another one then, the spool
    was copied to another machine together with its id, and a drain works there. This one takes a new id, so that each
    tells what waits in its own spool.
    """
    try:
        own_id = stored_id(directory) or _new_id(directory)
        if noted_at and Collector.objects.filter(pk=own_id).exclude(seen_at=noted_at).exists():
            logger.error("Another collector has the id %s, from a copy of DATA_DIR. This one takes a new id.", own_id)
            own_id = _new_id(directory)
    except OSError as error:  # a full disk, which only the drain can make room on
        logger.warning("Can't write %s (%s). Other collectors don't see this one.", directory / NAME, error.strerror)
        return None
    behind = lag(directory, int(now.timestamp() * 1_000_000))
    row = Collector(
        id=own_id,
        name=socket.gethostname()[: Collector.MAX_NAME],
        seen_at=now,
        waiting_bytes=behind.bytes,
        waiting_since=now - timedelta(seconds=behind.seconds) if behind.bytes else None,
        secret_check=secret_check(),
    )
    fields = ["name", "seen_at", "waiting_bytes", "waiting_since", "secret_check"]
    Collector.objects.bulk_create([row], update_conflicts=True, unique_fields=["id"], update_fields=fields)
    return now


def warn_of_other_secrets(directory: Path, now: datetime) -> None:
    """Log if a collector that works has another SECRET_KEY. One query."""
    working = Collector.objects.exclude(pk=stored_id(directory)).filter(seen_at__gt=now - Collector.SILENT)
    names = sorted(working.exclude(secret_check=secret_check()).values_list("name", flat=True))
    if names:
        logger.error(
            "SECRET_KEY differs from that of %s. Set the same one on all collectors: otherwise people are logged out "
            "as they come from one to the next, and each collector counts the tries of a password by itself.",
            ", ".join(names),
        )


def waiting_since(directory: Path, now: datetime, patience: timedelta = WAITED_FOR) -> date | None:
    """Return the UTC day since which hits or reports may wait in the spool of any collector, None if none wait.

    A collector that was not seen for `patience` is no longer waited for. Two queries.
    """
    days = [oldest_waiting_day(directory)]
    others = Collector.objects.exclude(pk=stored_id(directory)).filter(seen_at__gt=now - patience)
    for other in others:
        moment = other.waiting_since or (other.seen_at if other.is_silent(now) else None)
        days.append(moment.astimezone(UTC).date() if moment else None)
    return min((day for day in days if day), default=None)


def forget_lost_collectors(now: datetime) -> None:
    """Delete the rows of collectors that were not seen for a year. One query."""
    Collector.objects.filter(seen_at__lt=now - FORGOTTEN_AFTER).delete()


def secret_check() -> str:
    """Return a hash by which two collectors see whether they have the same SECRET_KEY. It does not reveal the key."""
    return salted_hmac("collector.storage.collectors", "", algorithm="sha256").hexdigest()[: Collector.MAX_CHECK]


def _new_id(directory: Path) -> str:
    new_id = secrets.token_hex(8)
    with open(os.open(directory / NAME, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
        file.write(new_id)
    return new_id
