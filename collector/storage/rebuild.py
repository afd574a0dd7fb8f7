"""Make the counts anew from raw hits."""

from collections.abc import Callable, Iterator
from itertools import groupby, islice

from django.db import transaction
from django.utils import timezone

from collector.models import DailyCount, Hit, Project
from collector.storage.countable import COLUMNS, Countable, EpochSecond, countables
from collector.storage.counts import Counts

CHUNK_ROWS = 10_000
_FLAGS = ("new_to_pixel", "new_to_project")  # of new visitors: read beside `COLUMNS`


def rebuild(project: Project, progress: Callable[[int], None] = lambda hits: None) -> int:
    """Replace the project's counts by those of its raw hits and return how many hits that were.

    Days before the first hit that is still kept stay as they are: their hits are past their retention. The drain waits
    for this project (on SQLite for all) until it is done, so nothing is counted twice or left out. `progress` is told
    how many hits more were counted.
    """
    with transaction.atomic():
        # The drain shares a lock on the project with other drains, and waits for this one (`store.lock_pixels`).
        project = Project.objects.select_for_update().get(pk=project.pk)
        project.recounted_at = timezone.now()  # who remembers counts learns of it
        project.save(update_fields=["recounted_at"])
        first = Hit.objects.filter(project=project).order_by("at").first()
        if first is None:
            return 0
        zone = project.zone
        first_day = first.at.astimezone(zone).date()
        DailyCount.objects.filter(project=project, date__gte=first_day).delete()
        counted = 0
        for _, hits in groupby(_countables(project), key=lambda hit: hit.date):
            counts = Counts()
            of_day = 0
            for hit in hits:
                counts.add(hit)
                of_day += 1
            counts.store()
            counted += of_day
            progress(of_day)
        return counted


def _countables(project: Project) -> Iterator[Countable]:
    """Yield what each of the project's hits counts, oldest first. One query, and two more for `CHUNK_ROWS` hits."""
    hits = Hit.objects.filter(project=project).order_by("at", "id").annotate(second=EpochSecond("at"))
    rows = hits.values_list(*COLUMNS, *_FLAGS).iterator(CHUNK_ROWS)
    while chunk := list(islice(rows, CHUNK_ROWS)):
        stored = [row[: -len(_FLAGS)] for row in chunk]
        for row, hit in zip(chunk, countables(project, stored), strict=True):
            hit.new_to_pixel, hit.new_to_project = row[-len(_FLAGS) :]
            yield hit
