"""`manage.py distribute`: distribute the tables over the workers of a Citus cluster, by project."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, InterfaceError, connection

from collector.operations.checks.finding import counted, duration, size
from collector.operations.distribution import check_cluster, missing_steps, run_steps, seconds_of
from collector.operations.errors import OperationError
from collector.operations.progress import Progress
from collector.storage.migration_lock import one_at_a_time


class Command(BaseCommand):
    help = (
        "Distribute the tables over the workers of a Citus cluster, by project. Web processes may stay up: their hits "
        "wait in the spool while a table moves, and so do drains and dashboards. Run it again if it was interrupted."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="only say what is left to do, if anything: then exit with 1"
        )

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        try:
            check_cluster()
            if check:
                self._check()
                return
            with one_at_a_time(connection):
                self._distribute()
        except OperationError as error:
            raise CommandError(str(error)) from error
        except (DatabaseError, InterfaceError) as error:
            reason = str(error).strip().splitlines()[0]
            raise CommandError(
                f"The database refused it: {reason}. Then run it again: it goes on from here."
            ) from error

    def _check(self) -> None:
        steps = missing_steps()
        for step in steps:
            self.stdout.write(step.text)
        if steps:
            self.stdout.write(f"{counted(len(steps), 'step')} left. Run: manage.py distribute")
            sys.exit(1)
        self.stdout.write("All tables are where they belong.")

    def _distribute(self) -> None:
        steps = missing_steps()
        if not steps:
            self.stdout.write("All tables are where they belong. Nothing to do.")
            return
        moved = sum(step.moved_bytes for step in steps)
        self.stdout.write(
            f"{counted(len(steps), 'step')}, {size(moved)} to move: about {duration(seconds_of(moved))}. Web processes "
            "may stay up. Drains and dashboards wait while a table moves."
        )
        run_steps(steps, Progress(self.stdout.write))
        self.stdout.write("All tables are where they belong.")
