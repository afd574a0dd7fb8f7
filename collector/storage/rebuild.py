"""Make the counts anew from raw hits."""

from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from collector.models import DailyCount, Hit, Project
from collector.storage.attribution import elsewhere
from collector.storage.counts import Countable, Counts, local_day_and_hour
from collector.storage.interned import page_host, page_label

CHUNK_ROWS = 10_000
_COLUMNS = (
    "at",
    "pixel_id",
    "position",
    "traffic",
    "verdict",
    "platform",
    "page__url",
    "country",
    "language",
    "user_agent__device",
    "user_agent__browser",
    "user_agent__os",
    "evidence",
    "placement",
    "new_to_pixel",
    "new_to_project",
)


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
    hits = Hit.objects.filter(project=project).order_by("at", "id")
    rows: QuerySet[Hit, Any] = hits.values_list(*_COLUMNS, named=True)
    for row in rows.iterator(CHUNK_ROWS):
        day, hour = local_day_and_hour(int(row.at.timestamp()) * 1_000_000, project.timezone)
        yield Countable(
            project_id=project.pk,
            pixel_id=row.pixel_id,
            date=day,
            hour=hour,
            position=row.position,
            traffic=row.traffic,
            verdict=row.verdict,
            platform=row.platform,
            page=page_label(row.page__url or ""),
            country=row.country,
            language=row.language,
            device=row.user_agent__device or "",
            browser=row.user_agent__browser or "",
            os=row.user_agent__os or "",
            evidence=row.evidence,
            elsewhere=elsewhere(row.placement, page_host(row.page__url or "")),
            new_to_pixel=row.new_to_pixel,
            new_to_project=row.new_to_project,
        )
