"""Make the counts anew from raw hits."""

from collections.abc import Callable, Iterator
from itertools import groupby

from django.db import connection, transaction

from collector.counts import Countable, Counts, local_day_and_hour
from collector.models import DailyCount, Hit, Project
from collector.strings import page_label

CHUNK_ROWS = 10_000

LOCK_ALL_PIXELS = """
    /* rebuild.lock_pixels */
    SELECT id FROM collector_pixel WHERE project_id = %s ORDER BY id FOR UPDATE
"""


def rebuild(project: Project, progress: Callable[[int], None] = lambda hits: None) -> int:
    """Replace the project's counts by those of its raw hits and return how many hits that were.

    Days before the first hit that is still kept stay as they are: their hits are past their retention. The drain waits
    for this project (on SQLite for all) until it is done, so nothing is counted twice or left out. `progress` is told
    how many hits more were counted.
    """
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(LOCK_ALL_PIXELS, [project.pk])
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
    zone = project.zone
    rows = (
        Hit.objects.filter(project=project)
        .order_by("at", "id")
        .values_list(
            "at", "pixel_id", "position", "traffic", "verdict", "platform", "page__url", "country", "language",
            "user_agent__device", "user_agent__browser", "user_agent__os", "new_to_pixel", "new_to_project",
        )
    )  # fmt: skip
    for at, pixel_id, position, traffic, verdict, platform, url, country, language, *rest in rows.iterator(CHUNK_ROWS):
        device, browser, os, new_to_pixel, new_to_project = rest
        day, hour = local_day_and_hour(int(at.timestamp()) * 1_000_000, zone)
        yield Countable(
            project_id=project.pk,
            pixel_id=pixel_id,
            date=day,
            hour=hour,
            position=position,
            traffic=traffic,
            verdict=verdict,
            platform=platform,
            page=page_label(url or ""),
            country=country,
            language=language,
            device=device or "",
            browser=browser or "",
            os=os or "",
            new_to_pixel=new_to_pixel,
            new_to_project=new_to_project,
        )
