"""`manage.py export_reports`: stream a program's raw reports to standard output."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from collector.management.commands.export_counts import day
from collector.management.output import FORMATS, write_rows
from collector.management.projects import project_of
from collector.models import Kind, Pixel, Project
from collector.programs.declaring import find_program
from collector.storage.export_reports import REPORT_FIELDS, full_rows, report_rows


class Command(BaseCommand):
    help = "Write a program's raw reports of the last 35 days to standard output, oldest first. Days are in UTC."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("project", help="the project's slug")
        parser.add_argument("program", help="the program's id in its declaration, or its token")
        parser.add_argument("--since", type=day, help="first day, such as 2026-11-01")
        parser.add_argument("--until", type=day, help="day after the last")
        parser.add_argument("--format", choices=FORMATS, default=FORMATS[0])

    def handle(self, *args: Any, **options: Any) -> None:
        pixel = program_named(project_of(options["project"]), options["program"])
        rows = report_rows(pixel, options["since"], options["until"])
        if options["format"] != FORMATS[0]:
            rows = full_rows(rows)
        write_rows(self.stdout, options["format"], REPORT_FIELDS, rows)


def program_named(project: Project, name: str) -> Pixel:
    """Return a program of a project by its id or its token. Raises CommandError."""
    pixel = find_program(project, name) or project.pixels.filter(token=name, kind=Kind.APP).first()
    if pixel is None:
        raise CommandError(
            f"Project “{project.slug}” has no program “{name}”. Write the id in its declaration, or its token."
        )
    return pixel
