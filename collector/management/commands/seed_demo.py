"""`manage.py seed_demo`: a project full of believable readers, to look around in."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from collector.management.arguments import between
from collector.management.demo import fill
from collector.management.progress import ProgressBar
from collector.models import Project


class Command(BaseCommand):
    help = "Fill a new project with demo data, straight through enrichment and store."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--project", default="demo", help="slug of the project to make (default %(default)s)")
        parser.add_argument("--hits", type=between(1, 100_000_000), default=20_000, help="default %(default)s")
        parser.add_argument("--days", type=between(1, 3_650), default=90, help="default %(default)s")
        parser.add_argument("--pixels", type=between(1, 10_000), default=12, help="default %(default)s")
        parser.add_argument("--seed", type=between(0, 2**32), default=1, help="another seed, other readers")
        parser.add_argument("--timezone", default="Europe/Berlin", help="default %(default)s")

    def handle(self, *args: Any, project: str, hits: int, days: int, pixels: int, seed: int, **options: Any) -> None:
        if Project.objects.filter(slug=project).exists():
            raise CommandError(
                f"There is a project “{project}” already. Name another one with --project, or delete it in the admin."
            )
        demo = Project(name=project.replace("-", " ").capitalize(), slug=project, timezone=options["timezone"])
        try:
            demo.full_clean()
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        demo.save()
        with ProgressBar(hits, "Demo", self.stderr) as bar:
            fill(demo, hits=hits, days=days, pixels=pixels, seed=seed, now=timezone.now(), progress=bar.advance)
        self.stdout.write(f"Seeded {hits:,} hits of {days} days: look at /projects/{demo.slug}/")
