"""What a drain does once an hour beside its batches: delete what has expired, publish the statistics of programs, make
the partitions of months to come.

The first two go on in steps of `STEP_SECONDS` after each batch, however much has expired.
"""

import logging
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import chain
from pathlib import Path

from django.db import DatabaseError, InterfaceError, OperationalError
from django.utils import timezone

from collector.storage.collectors import forget_lost_collectors, waiting_since, warn_of_other_secrets
from collector.storage.hit_months import make_months
from collector.storage.offsets import delete_old_offsets
from collector.storage.publication import publish
from collector.storage.retention import clock_is_plausible, expire
from collector.storage.set_aside import SET_ASIDE_FILE, delete_expired_lines
from collector.storage.sql_errors import is_lock_timeout

logger = logging.getLogger(__name__)

PERIOD_SECONDS = 3600.0
STEP_SECONDS = 0.5  # one statement may take longer


class Hourly:
    """The hourly work of the drain of one spool directory. `clock` returns monotonic seconds."""

    def __init__(self, directory: Path, clock: Callable[[], float]) -> None:
        self._directory = directory
        self._clock = clock
        self._steps_due_at = self._months_due_at = 0.0
        self._steps_left: Iterator[int] | None = None

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

    def step(self) -> None:
        """Delete some of what has expired, or publish some of what is due.

        Raises OperationalError or InterfaceError if the database is away.
        """
        if self._steps_left is None:
            if self._clock() < self._steps_due_at:
                return
            self._steps_due_at = self._clock() + PERIOD_SECONDS
            self._steps_left = self._steps(timezone.now())
        ends_at = self._clock() + STEP_SECONDS
        for _ in self._steps_left:  # once it raised an error, it is over
            if self._clock() >= ends_at:
                return
        self._steps_left = None

    def _steps(self, now: datetime) -> Iterator[int]:
        waits = waiting_since(self._directory, now)
        is_plausible = clock_is_plausible(now)
        if is_plausible:
            delete_old_offsets(self._directory, now)
            delete_expired_lines(self._directory / SET_ASIDE_FILE, now)
            forget_lost_collectors(now)
        warn_of_other_secrets(self._directory, now)
        published = publish(now, waits) if is_plausible else ()
        return chain(expire(now, waiting_since=waits), published)
