"""`manage.py rebuild_counts`: counts anew from raw hits."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from collector.management.progress import ProgressBar
from collector.management.projects import project_of
from collector.models import Hit, Project
from collector.storage.rebuild import rebuild
from collector.storage.reclassify import reclassify, reclassify_agents


class Command(BaseCommand):
    help = "Count raw hits anew: after a change of time zone or of the rules, or to check the running counts."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("project", nargs="?", help="the project's slug; all projects without it")

        parser.add_argument(
            "--reclassify",
            action="store_true",
            help="first judge all hits by today's rules for bots, proxies and devices",
        )

    def handle(self, *args: Any, project: str | None, reclassify: bool, **options: Any) -> None:
        if project and reclassify:
            raise CommandError("What an agent is, all projects share: leave the project out with --reclassify.")
        projects = [project_of(project)] if project else list(Project.objects.order_by("slug"))
        if reclassify:
            self.stdout.write(f"{reclassify_agents():,} user agents are told otherwise than before.")
        for each in projects:
            self._rebuild(each, reclassifies=reclassify)
        if reclassify:
            self.stdout.write("A drain that runs still goes by what it knew: restart it.")

    def _rebuild(self, project: Project, *, reclassifies: bool) -> None:
        hits = Hit.objects.filter(project=project).count()
        with ProgressBar(hits, project.slug, self.stderr) as bar:
            if reclassifies:
                changed = reclassify(project, bar.advance)
                done = f"counted {hits:,} hits, {changed:,} of them judged otherwise than before"
            else:
                done = f"counted {rebuild(project, bar.advance):,} hits"
        self.stdout.write(f"{project.slug}: {done}.")
