"""`manage.py migrate`: Django's, by one process at a time: several collectors may start at the same moment.

On a Citus cluster, tables that are new go to the workers as well.
"""

from typing import Any

from django.core.management.commands import migrate
from django.db import connections

from collector.operations.distribution import is_distributed, missing_steps, run_steps
from collector.operations.errors import OperationError
from collector.operations.progress import Progress
from collector.storage.migration_lock import one_at_a_time


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        with one_at_a_time(connections[options["database"]]):
            super().handle(*args, **options)
            if is_distributed() and not (options["plan"] or options["check_unapplied"]):
                self._distribute_new(options["verbosity"])

    def _distribute_new(self, verbosity: int) -> None:
        try:
            run_steps(
                missing_steps(all_migrated=False),
                Progress(lambda sentence: self.stdout.write(sentence) if verbosity else None),
            )
        except OperationError as error:  # everything works, if slower
            self.stderr.write(str(error))
