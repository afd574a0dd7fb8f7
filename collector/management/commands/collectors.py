"""`manage.py collectors`: list the collectors that share the database, or forget one whose machine is gone."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from collector.models import Collector
from collector.storage.collectors import secret_check


class Command(BaseCommand):
    help = "List the collectors that share the database. With --forget, no longer wait for what is in the spool of one."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--forget", metavar="ID", help="the id of a collector whose machine or spool is gone")

    def handle(self, *args: Any, forget: str | None, **options: Any) -> None:
        if forget:
            self._forget(forget)
            return
        now = timezone.now()
        for collector in Collector.objects.order_by("name", "id"):
            self.stdout.write(f"{collector.id}  {collector.name}  {_state(collector)}")
            if collector.is_silent(now):
                self.stdout.write(
                    "  Its drain does not work, so hits may wait in its spool. Start it again. "
                    f"If its spool is gone, run “manage.py collectors --forget {collector.id}”."
                )
            elif collector.secret_check != secret_check():
                self.stdout.write("  Its SECRET_KEY differs from the one here. Set the same one on all collectors.")

    def _forget(self, collector_id: str) -> None:
        deleted, _ = Collector.objects.filter(pk=collector_id).delete()
        if not deleted:
            raise CommandError(f"There is no collector {collector_id}. Run “manage.py collectors” to list them.")
        self.stdout.write(f"Forgot {collector_id}. If its drain runs, it is back in a few seconds.")


def _state(collector: Collector) -> str:
    seen = f"last seen {collector.seen_at:%Y-%m-%d %H:%M:%S} UTC"
    if collector.waiting_since is None:
        return f"{seen}, nothing waits"
    return f"{seen}, {collector.waiting_bytes:,} bytes wait since {collector.waiting_since:%Y-%m-%d %H:%M:%S} UTC"
