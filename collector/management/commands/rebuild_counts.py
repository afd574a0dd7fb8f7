"""`manage.py rebuild_counts`: counts anew from raw hits."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from collector.management.progress import ProgressBar
from collector.management.projects import project_of
from collector.models import Hit, Project
from collector.rebuild import rebuild


class Command(BaseCommand):
    help = "Count raw hits anew: after a change of time zone, or to check the running counts."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("project", nargs="?", help="the project's slug; all projects without it")

    def handle(self, *args: Any, project: str | None, **options: Any) -> None:
        projects = [project_of(project)] if project else list(Project.objects.order_by("slug"))
        for one in projects:
            with ProgressBar(Hit.objects.filter(project=one).count(), one.slug, self.stderr) as bar:
                counted = rebuild(one, bar.advance)
            self.stdout.write(f"{one.slug}: counted {counted:,} hits.")
