"""`manage.py seed_demo`: create a project with demo data to explore."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from collector.management.arguments import between
from collector.management.demo import fill
from collector.management.demo_program import fill_program
from collector.management.progress import ProgressBar
from collector.models import Project


class Command(BaseCommand):
    help = "Create a project and fill it with demo data: articles and a program."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--project", default="demo", help="slug of the new project (default %(default)s)")
        parser.add_argument(
            "--hits", type=between(1, 100_000_000), default=20_000, help="number of hits (default %(default)s)"
        )
        parser.add_argument(
            "--days", type=between(1, 3_650), default=90, help="number of days up to now (default %(default)s)"
        )
        parser.add_argument(
            "--pixels", type=between(1, 10_000), default=12, help="number of articles (default %(default)s)"
        )
        parser.add_argument(
            "--installations",
            type=between(0, 1_000_000),
            default=400,
            help="number of installations of a program; 0 for no program (default %(default)s)",
        )
        parser.add_argument(
            "--seed", type=between(0, 2**32), default=1, help="another seed gives other readers (default %(default)s)"
        )
        parser.add_argument("--timezone", default="Europe/Berlin", help="the project's time zone (default %(default)s)")

    def handle(self, *args: Any, project: str, hits: int, days: int, pixels: int, seed: int, **options: Any) -> None:
        installations: int = options["installations"]
        if Project.objects.filter(slug=project).exists():
            raise CommandError(
                f"Project “{project}” already exists. Choose another slug with --project, or delete it in the admin."
            )
        demo = Project(name=project.replace("-", " ").capitalize(), slug=project, timezone=options["timezone"])
        try:
            demo.full_clean()
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        demo.save()
        now = timezone.now()
        with ProgressBar(hits, "Hits", self.stderr) as bar:
            fill(demo, hits=hits, days=days, pixels=pixels, seed=seed, now=now, progress=bar.advance)
        if installations:
            with ProgressBar(days, "Days of the program", self.stderr) as bar:
                reports = fill_program(
                    demo, installations=installations, days=days, seed=seed, now=now, progress=bar.advance
                )
            self.stdout.write(f"Created {reports:,} reports of {installations:,} installations.")
        self.stdout.write(f"Created {hits:,} hits on {days} days. See them at /projects/{demo.slug}/")
