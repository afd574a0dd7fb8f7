"""What a drain does once an hour beside its batches: delete what has expired, mark days of programs that stand out,
publish the statistics of programs, make the partitions of months to come. More often, it looks through the reports that
owners leave out.

All but the partitions goes on in steps of `STEP_SECONDS` after each batch, however much there is to do.
"""

import logging
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import chain
from pathlib import Path

from django.db import DatabaseError, InterfaceError, OperationalError
from django.utils import timezone

from collector.storage.collectors import forget_lost_collectors, waiting_since, warn_of_other_secrets
from collector.storage.decisions import look_through, pending
from collector.storage.hit_months import make_months
from collector.storage.offsets import delete_old_offsets
from collector.storage.publication import publish
from collector.storage.retention import clock_is_plausible, expire
from collector.storage.set_aside import SET_ASIDE_FILE, delete_expired_lines
from collector.storage.spikes import find_spikes
from collector.storage.sql_errors import is_lock_timeout

logger = logging.getLogger(__name__)

PERIOD_SECONDS = 3600.0
LEFT_OUT_SECONDS = 10.0
STEP_SECONDS = 0.5  # one statement may take longer


class Hourly:
    """The hourly work of the drain of one spool directory. `clock` returns monotonic seconds."""

    def __init__(self, directory: Path, clock: Callable[[], float]) -> None:
        self._directory = directory
        self._clock = clock
        self._steps_due_at = self._months_due_at = 0.0
        self._left_out_due_at = 0.0
        self._steps_left: Iterator[int] | None = None
        self._left_out_left: Iterator[int] | None = None

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
        if self._is_over(self._steps_left):
            self._steps_left = None

    def look_through(self) -> None:
        """Go on with what owners leave out. Raises OperationalError or InterfaceError if the database is away."""
        if self._left_out_left is None:
            if self._clock() < self._left_out_due_at:
                return
            self._left_out_due_at = self._clock() + LEFT_OUT_SECONDS
            self._left_out_left = look_through(pending())
        if self._is_over(self._left_out_left):
            self._left_out_left = None

    def _is_over(self, steps: Iterator[int]) -> bool:
        """Take steps for `STEP_SECONDS` and return whether they are over."""
        ends_at = self._clock() + STEP_SECONDS
        return all(self._clock() < ends_at for _ in steps)  # once it raised an error, it is over

    def _steps(self, now: datetime) -> Iterator[int]:
        waits = waiting_since(self._directory, now)
        is_plausible = clock_is_plausible(now)
        if is_plausible:
            delete_old_offsets(self._directory, now)
            delete_expired_lines(self._directory / SET_ASIDE_FILE, now)
            forget_lost_collectors(now)
        warn_of_other_secrets(self._directory, now)
        # What stands out is marked first: a week with a day that nobody has decided about is published later.
        published = chain(find_spikes(now), publish(now, waits)) if is_plausible else ()
        return chain(expire(now, waiting_since=waits), published)
