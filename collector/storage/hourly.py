"""What a drain does once an hour beside its batches: delete what has expired, make the partitions of months to come.

Deletion goes on in steps of `EXPIRE_STEP_SECONDS` after each batch, however much has expired.
"""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

from django.db import DatabaseError, InterfaceError, OperationalError
from django.utils import timezone

from collector.storage.collectors import forget_lost_collectors, waiting_since, warn_of_other_secrets
from collector.storage.hit_months import make_months
from collector.storage.offsets import delete_old_offsets
from collector.storage.retention import clock_is_plausible, expire
from collector.storage.set_aside import SET_ASIDE_FILE, delete_expired_lines
from collector.storage.sql_errors import is_lock_timeout

logger = logging.getLogger(__name__)

PERIOD_SECONDS = 3600.0
EXPIRE_STEP_SECONDS = 0.5  # one statement may take longer


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
                delete_old_offsets(self._directory, now)
                delete_expired_lines(self._directory / SET_ASIDE_FILE, now)
                forget_lost_collectors(now)
            warn_of_other_secrets(self._directory, now)
            self._expiry = expire(now, waiting_since=waiting_since(self._directory, now))
        ends_at = self._clock() + EXPIRE_STEP_SECONDS
        for _ in self._expiry:  # once it raised an error, it is over
            if self._clock() >= ends_at:
                return
        self._expiry = None
