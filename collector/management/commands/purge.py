"""`manage.py purge`: delete expired data now. The drain also does this once an hour."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils import timezone

from collector.storage.retention import delete_expired
from collector.storage.standby import expire_standby


class Command(BaseCommand):
    help = "Delete raw hits past their project's retention, and visitors and salts within 48 hours of their date's end."

    def handle(self, *args: Any, **options: Any) -> None:
        expire_standby(settings.SPOOL_DIR, timezone.now())
        self.stdout.write(f"Deleted {delete_expired(timezone.now()):,} rows.")
