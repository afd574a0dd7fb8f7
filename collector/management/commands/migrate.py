"""`manage.py migrate`: Django's, by one process at a time: several collectors may start at the same moment."""

from typing import Any

from django.core.management.commands import migrate
from django.db import connections

from collector.storage.migration_lock import one_at_a_time


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        with one_at_a_time(connections[options["database"]]):
            super().handle(*args, **options)
