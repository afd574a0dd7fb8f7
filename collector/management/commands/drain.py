"""`manage.py drain`: move spooled hits into the database until stopped."""

from argparse import ArgumentParser
from threading import Thread
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, InterfaceError

from collector.management.signals import stop_on_signals
from collector.metrics.tally import TALLY
from collector.spool.locks import exclusive
from collector.spool.reader import segments
from collector.storage.drain import Drain
from collector.storage.offsets import are_stored
from collector.storage.standby import expire_regularly
from collector.storage.version import check_version


class Command(BaseCommand):
    help = "Move spooled hits into the database until Ctrl-C or SIGTERM."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="store what waits now, then stop")

    def handle(self, *args: Any, once: bool, **options: Any) -> None:
        try:
            with exclusive(settings.SPOOL_DIR):
                TALLY.begin(settings.METRICS_DIR, "drain")
                drain = Drain(settings.SPOOL_DIR)
                if once:
                    self._store_waiting(drain)
                else:
                    stop = stop_on_signals()
                    # In a thread, because the drain may wait for a frozen database for as long as it is frozen.
                    arguments = (settings.SPOOL_DIR, stop)
                    Thread(target=expire_regularly, args=arguments, name="standby", daemon=True).start()
                    drain.run(stop)
        except BlockingIOError:
            raise CommandError(
                f"Another drain already works on {settings.SPOOL_DIR}. Stop it first: a spool can have only one."
            ) from None
        TALLY.close()

    def _store_waiting(self, drain: Drain) -> None:
        """Store what waits now. Web processes may add hits faster than an empty spool is ever seen."""
        lines = 0
        sizes = {path.name: path.stat().st_size for path in segments(settings.SPOOL_DIR)}
        try:
            check_version()
            while batch := drain.drain_once():
                lines += batch
                if are_stored(settings.SPOOL_DIR, sizes):
                    break
        except (DatabaseError, InterfaceError) as error:
            raise CommandError(f"The database could not store the hits ({error}). They stay in the spool.") from error
        self.stdout.write(f"Drained {lines:,} lines.")
