"""`manage.py releases`: read which versions of a program were released, from a feed, a registry or a file."""

import sys
from contextlib import nullcontext
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from collector.management.download import MAX_BYTES, DownloadError, download
from collector.management.programs import declared_program
from collector.models import Declaration
from collector.programs.releases import UnreadableError, as_stored, merged, read_releases, stored_releases

MAX_LISTED = 10


class Command(BaseCommand):
    help = (
        "Read which versions of a program were released. Others then count together. For a timer: it adds what is new."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("project", metavar="PROJECT", help="the project's slug, such as my-tools")
        parser.add_argument("program", metavar="PROGRAM", help="the program's id, title or token")
        parser.add_argument(
            "source",
            metavar="SOURCE",
            help="a feed of releases or tags (Atom, RSS), the JSON of PyPI, npm or an API: its https:// address, a "
            "file, or “-” for standard input",
        )
        parser.add_argument("--replace", action="store_true", help="forget what was read before")

    def handle(self, *args: Any, **options: Any) -> None:
        declaration, program = declared_program(options["program"], options["project"])
        try:
            releases = read_releases(_content(options["source"]))
        except (UnreadableError, DownloadError) as error:
            raise CommandError(f"{options['source']} can't be used. Nothing was changed.\n{error}") from None
        added = store_releases(declaration, releases, is_replacing=options["replace"])
        total = len({*stored_releases(declaration.releases), *program.versions.released})
        self.stdout.write(f"“{program.name}” has {total} releases, {len(added)} of them new.")
        for version, day in list(added.items())[-MAX_LISTED:]:
            self.stdout.write(f"  {version}  {day}")


def store_releases(declaration: Declaration, releases: dict[str, date], *, is_replacing: bool) -> dict[str, date]:
    """Store releases beside the declaration; return those that it did not have, the oldest first."""
    with transaction.atomic():
        stored = Declaration.objects.select_for_update().get(pk=declaration.pk)
        before = stored_releases(stored.releases)
        after = merged({} if is_replacing else before, releases)
        declaration.releases = stored.releases = as_stored(after)
        stored.save(update_fields=["releases"])
    return {version: day for version, day in after.items() if version not in before}


def _content(source: str) -> bytes:
    """Return what an address, a file or standard input has. Raises CommandError or DownloadError."""
    if "://" in source:
        return download(source)
    try:
        with nullcontext(sys.stdin.buffer) if source == "-" else Path(source).open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise CommandError(f"Can't read {source}: {getattr(error, 'strerror', None) or error}.") from None
    if len(content) > MAX_BYTES:
        raise CommandError(f"{source} is larger than {MAX_BYTES // 1024 // 1024} MB.")
    return content
