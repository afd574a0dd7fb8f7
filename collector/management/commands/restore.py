"""`manage.py restore`: bring back what `manage.py backup` wrote."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, InterfaceError

from collector.operations.archive import SECRET_KEY
from collector.operations.backup import stored_key
from collector.operations.errors import OperationError
from collector.operations.progress import Progress
from collector.operations.restore import restore


class Command(BaseCommand):
    help = "Restore a backup into an installation without data, while Footfall is stopped."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="the file that “manage.py backup” wrote")
        parser.add_argument(
            "--keep-spool", action="store_true", help="keep hits of the same server that wait in the spool"
        )

    def handle(self, *args: Any, file: Path, keep_spool: bool, **options: Any) -> None:
        uses_setting = stored_key() is None
        try:
            manifest = restore(file, Progress(self.stderr.write), keeps_spool=keep_spool)
        except OperationError as error:
            raise CommandError(str(error)) from error
        except (DatabaseError, InterfaceError) as error:
            reason = str(error).strip().splitlines()[0]
            raise CommandError(f"The database failed ({reason}). Start it, or correct DATABASE_URL.") from error
        numbers = ", ".join(f"{word}: {count:,}" for word, count in manifest.counts.items())
        self.stdout.write(f"Restored the backup of {manifest.at:%Y-%m-%d %H:%M} UTC. {numbers.capitalize()}.")
        if uses_setting:
            self.stdout.write("The secret key is the one in the setting SECRET_KEY.")
        elif SECRET_KEY not in manifest.members:
            self.stdout.write("The backup has no secret key. Set SECRET_KEY to the former one, or users log in again.")
        self.stdout.write("Next: start Footfall, for example with “manage.py up”. The drain stores the hits that wait.")
        if not settings.PUBLIC_URL:
            self.stdout.write("Set PUBLIC_URL and the other settings as they were: they are not in a backup.")
