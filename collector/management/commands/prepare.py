"""`manage.py prepare`: what must be done before the web server and the drain start as services of their own."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from collector.management.arguments import between
from collector.management.serving import prepare


class Command(BaseCommand):
    help = (
        "Update the database and the static files, and create the first administrator. "
        "`up` does the same; use this where `web` and `drain` are services of their own."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--wait",
            type=between(0, 3600),
            default=0,
            metavar="SECONDS",
            help="how long to wait for a database that starts meanwhile (default %(default)s)",
        )

    def handle(self, *args: Any, wait: int, **options: Any) -> None:
        prepare(self.stdout, wait)
        self.stdout.write("The database and the static files are up to date.")
