"""`manage.py purge`: delete expired data now. The drain also does this once an hour."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from collector.models import Upkeep
from collector.storage.collectors import waiting_since
from collector.storage.retention import delete_expired
from collector.storage.standby import expire_standby


class Command(BaseCommand):
    help = (
        "Delete raw hits past their project's retention, raw reports of programs after 35 days, and visitors and salts "
        "within 48 hours of their date's end."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--allow-large",
            action="store_true",
            help="delete however much has expired: use it if the clock is right and the server was off for long",
        )

    def handle(self, *args: Any, allow_large: bool, **options: Any) -> None:
        now = timezone.now()
        expire_standby(settings.SPOOL_DIR, now)
        deleted = delete_expired(now, waiting_since=waiting_since(settings.SPOOL_DIR, now), allows_large=allow_large)
        self.stdout.write(f"Deleted {deleted:,} rows.")
        if Upkeep.objects.filter(pk=1).exclude(refused_at=None).exists():
            raise CommandError(
                "Some projects keep their expired hits and reports, because there are many and the last deletion was "
                "long ago. Check the clock. If it is right, run “manage.py purge --allow-large”."
            )
