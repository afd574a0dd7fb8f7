"""`manage.py backup`: write the database and what waits in the spool to one file."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, InterfaceError

from collector.operations.backup import back_up
from collector.operations.errors import OperationError
from collector.operations.progress import Progress


class Command(BaseCommand):
    help = "Write a backup to a file, while Footfall runs: the database, what waits in the spool, and the secret key."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="the file to write, such as /var/backups/footfall.tar")

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        try:
            manifest = back_up(file, Progress(self.stderr.write))
        except OperationError as error:
            raise CommandError(str(error)) from error
        except (DatabaseError, InterfaceError) as error:
            reason = str(error).strip().splitlines()[0]
            raise CommandError(f"Can't read the database ({reason}). Start it, or correct DATABASE_URL.") from error
        numbers = ", ".join(f"{word}: {count:,}" for word, count in manifest.counts.items())
        self.stdout.write(f"Wrote {file} ({file.stat().st_size:,} bytes). {numbers.capitalize()}.")
