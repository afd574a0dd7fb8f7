"""`manage.py export_counts`: stream a project's daily counts to standard output."""

from argparse import ArgumentParser, ArgumentTypeError
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand

from collector.management.output import FORMATS, write_rows
from collector.management.projects import project_of
from collector.storage.export import COUNT_FIELDS, count_rows


def day(text: str) -> date:
    """Parse a day in ISO 8601."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"“{text}” is not a day; write it like 2026-11-22") from None


class Command(BaseCommand):
    help = "Write a project's daily counts to standard output, oldest first. Days are in the project's time zone."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("project", help="the project's slug")
        parser.add_argument("--since", type=day, help="first day, such as 2026-11-01")
        parser.add_argument("--until", type=day, help="day after the last")
        parser.add_argument("--format", choices=FORMATS, default=FORMATS[0])

    def handle(self, *args: Any, **options: Any) -> None:
        rows = count_rows(project_of(options["project"]), options["since"], options["until"])
        write_rows(self.stdout, options["format"], COUNT_FIELDS, rows)
