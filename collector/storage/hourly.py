"""What a drain does once an hour beside its batches: delete what has expired, make the partitions of months to come.

Deletion goes on in steps of `EXPIRE_STEP_SECONDS` after each batch, however much has expired.
"""

import logging
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

from django.db import DatabaseError, InterfaceError, OperationalError
from django.utils import timezone

from collector.models import SpoolOffset
from collector.spool.losses import loss_files
from collector.spool.reader import segments
from collector.storage.bulk_sql import chunks
from collector.storage.hit_months import is_lock_timeout, make_months
from collector.storage.lag import oldest_waiting_day
from collector.storage.retention import clock_is_plausible, expire
from collector.storage.set_aside import SET_ASIDE_FILE, delete_expired_lines

logger = logging.getLogger(__name__)

PERIOD_SECONDS = 3600.0
EXPIRE_STEP_SECONDS = 0.5  # one statement may take longer
OFFSET_LIFETIME = timedelta(days=90)


class Hourly:
    """The hourly work of the drain of one spool directory. `clock` returns monotonic seconds."""

    def __init__(self, directory: Path, clock: Callable[[], float]) -> None:
        self._directory = directory
        self._clock = clock
        self._expire_due_at = self._months_due_at = 0.0
        self._expiry: Iterator[int] | None = None

    def make_months(self) -> None:
        """Make the partitions of months to come. Where that fails, hits go to the default partition.

        Raises OperationalError or InterfaceError if the database is away.
        """
        if self._clock() < self._months_due_at:
            return
        try:
            make_months(timezone.now())
        except (OperationalError, InterfaceError) as error:
            if not is_lock_timeout(error):
                raise
            logger.info("The table of raw hits is in use; the partitions of months to come are made later")
        except DatabaseError:
            logger.exception("Can't make the partitions of months to come. May the database's user create tables?")
        self._months_due_at = self._clock() + PERIOD_SECONDS

    def expire(self) -> None:
        """Delete some of what has expired. Raises OperationalError or InterfaceError if the database is away."""
        if self._expiry is None:
            if self._clock() < self._expire_due_at:
                return
            self._expire_due_at = self._clock() + PERIOD_SECONDS
            now = timezone.now()
            if clock_is_plausible(now):
                self._delete_old_offsets(now)
                delete_expired_lines(self._directory / SET_ASIDE_FILE, now)
            self._expiry = expire(now, waiting_since=oldest_waiting_day(self._directory))
        ends_at = self._clock() + EXPIRE_STEP_SECONDS
        for _ in self._expiry:  # once it raised an error, it is over
            if self._clock() >= ends_at:
                return
        self._expiry = None

    def _delete_old_offsets(self, now: datetime) -> None:
        # If a segment comes back after its row is deleted, its hits are not stored twice: their keys are taken. Runs,
        # and reports whose raw reports are deleted, would count again.
        present = {path.name for path in (*segments(self._directory), *loss_files(self._directory))}
        old = SpoolOffset.objects.filter(updated_at__lt=now - OFFSET_LIFETIME).values_list("segment", flat=True)
        for names in chunks(set(old) - present):
            SpoolOffset.objects.filter(segment__in=names).delete()
