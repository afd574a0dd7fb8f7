"""`manage.py drain`: move spooled hits into the database until stopped."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, InterfaceError

from collector.management.signals import stop_on_signals
from collector.spool.locks import exclusive
from collector.storage.drain import Drain


class Command(BaseCommand):
    help = "Move spooled hits into the database until Ctrl-C or SIGTERM."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="stop when the spool is empty")

    def handle(self, *args: Any, once: bool, **options: Any) -> None:
        try:
            with exclusive(settings.SPOOL_DIR):
                drain = Drain(settings.SPOOL_DIR)
                if once:
                    self._empty_spool(drain)
                else:
                    drain.run(stop_on_signals())
        except BlockingIOError:
            raise CommandError(
                f"Another drain already works on {settings.SPOOL_DIR}. Stop it first: a spool can have only one."
            ) from None

    def _empty_spool(self, drain: Drain) -> None:
        lines = 0
        try:
            while batch := drain.drain_once():
                lines += batch
        except (DatabaseError, InterfaceError) as error:
            raise CommandError(f"The database could not store the hits ({error}). They stay in the spool.") from error
        self.stdout.write(f"Drained {lines:,} lines.")
