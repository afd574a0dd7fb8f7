"""`manage.py export_hits`: stream a project's raw hits to standard output."""

from argparse import ArgumentParser, ArgumentTypeError
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand

from collector.management.output import FORMATS, write_rows
from collector.management.projects import project_of
from collector.storage.export import FIELDS, hit_rows


def moment(text: str) -> datetime:
    """Parse a day or a time in ISO 8601. Without a time zone it is UTC."""
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"“{text}” is not a time; write it like 2026-11-22 or 2026-11-22T08:00+01:00") from None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


class Command(BaseCommand):
    help = "Write a project's raw hits to standard output, oldest first."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("project", help="the project's slug")
        parser.add_argument("--since", type=moment, help="hits at or after this time, such as 2026-11-01 (UTC)")
        parser.add_argument("--until", type=moment, help="hits before this time")
        parser.add_argument("--format", choices=FORMATS, default=FORMATS[0])

    def handle(self, *args: Any, **options: Any) -> None:
        rows = hit_rows(project_of(options["project"]), options["since"], options["until"])
        write_rows(self.stdout, options["format"], FIELDS, rows)
