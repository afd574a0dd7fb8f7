"""`manage.py make_client`: make the file that a developer puts into a program, so that it reports."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from collector.management.programs import declared_program
from collector.programs.clients import LANGUAGES, make_client


class Command(BaseCommand):
    help = "Make the file that a developer puts into a program, so that it reports what its declaration allows."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("program", metavar="PROGRAM", help="the program's id, title or token")
        parser.add_argument(
            "--language",
            required=True,
            choices=sorted(LANGUAGES),
            help="node is an ES module, node-cjs is for require; sh is for any POSIX shell",
        )
        parser.add_argument("--project", metavar="SLUG", help="the program's project, if several have such a program")
        parser.add_argument("--output", metavar="FILE", type=Path, help="where to write it (default standard output)")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.PUBLIC_URL:
            raise CommandError(
                "The client has to know where to report. Set PUBLIC_URL to the address that programs reach, "
                "such as https://hits.example.org."
            )
        declaration, program = declared_program(options["program"], options["project"])
        text = make_client(program, options["language"], settings.PUBLIC_URL, declaration.pixel.token)
        output: Path | None = options["output"]
        if output is None:
            self.stdout.write(text, ending="")
            return
        try:
            output.write_text(text, "utf-8")
        except OSError as error:
            raise CommandError(f"The client can't be written to {output}: {error.strerror}.") from None
        self.stdout.write(f"Wrote the client of {program.name} to {output}.")
