"""`manage.py rebuild_counts`: recompute the daily counts from raw hits."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from collector.management.progress import ProgressBar
from collector.management.projects import project_of
from collector.models import Hit, Project
from collector.storage.rebuild import rebuild
from collector.storage.reclassify import reclassify, reclassify_agents


class Command(BaseCommand):
    help = "Recompute the daily counts from raw hits: after a change of time zone or rules, or as a check."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("project", nargs="?", help="the project's slug (default: all projects)")
        parser.add_argument(
            "--reclassify",
            action="store_true",
            help="first apply the current rules for bots, proxies, devices, platforms and own sites to all hits",
        )

    def handle(self, *args: Any, project: str | None, reclassify: bool, **options: Any) -> None:
        if project and reclassify:
            raise CommandError(
                "--reclassify applies to all projects, because they share user agents. Leave out the project."
            )
        projects = [project_of(project)] if project else list(Project.objects.order_by("slug"))
        if reclassify:
            self.stdout.write(f"Reclassified {reclassify_agents():,} user agents.")
        for each in projects:
            self._rebuild(each, reclassifies=reclassify)
        if reclassify:
            self.stdout.write("If a drain is running, restart it: it still uses the old rules.")

    def _rebuild(self, project: Project, *, reclassifies: bool) -> None:
        hits = Hit.objects.filter(project=project).count()
        with ProgressBar(hits, project.slug, self.stderr) as bar:
            if reclassifies:
                changed = reclassify(project, bar.advance)
                done = f"counted {hits:,} hits, {changed:,} of them changed"
            else:
                done = f"counted {rebuild(project, bar.advance):,} hits"
        self.stdout.write(f"{project.slug}: {done}.")
        project.refresh_from_db(fields=["counted_from"])
        if project.counted_from is not None:
            self.stdout.write(f"Days before {project.counted_from} stay as they are: their raw hits are deleted.")
