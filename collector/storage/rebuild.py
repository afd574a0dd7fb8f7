"""Count a project again from its raw hits."""

from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from itertools import groupby, islice

from django.db import transaction
from django.utils import timezone

from collector.models import DailyCount, Hit, Project
from collector.storage.countable import COLUMNS, Countable, countables
from collector.storage.counts import Counts
from collector.storage.labels import labels_under
from collector.storage.moments import EpochSecond
from collector.storage.reading import judge_stored_ends

CHUNK_ROWS = 10_000
_FLAGS = ("new_to_pixel", "new_to_project")  # of new visitors: read beside `COLUMNS`


def rebuild(project: Project, progress: Callable[[int], None] = lambda hits: None) -> int:
    """Judge the ends of articles again, replace the project's counts with counts of its raw hits; return their number.

    Only days whose hits are all kept, in today's time zone, are counted again; earlier ones stay as they are. Every hit
    counts once: if the time zone has changed, the first day that is counted again has the hits between its beginning
    and the end of the last day that stays, and none that was counted on that day. Until this is done the drain stores
    no hits of this project (on SQLite of any project), so no hit is counted twice or left out. `progress` is called
    after each day with the number of its hits.
    """
    with transaction.atomic():
        # Drains share their lock on the project with each other, but not with this one (`store.lock_pixels`).
        project = Project.objects.select_for_update().get(pk=project.pk)
        project.recounted_at = timezone.now()  # tells caches of counts that theirs are out of date
        project.save(update_fields=["recounted_at"])
        first = Hit.objects.filter(project=project).order_by("at").first()
        if first is None:
            return 0
        first_day, since = _first_day(project, first.at)
        if since is not None:
            project.hits_kept_since, project.counted_from = since, first_day
        project.counted_zone, project.zone_changed_at = project.timezone, None
        project.save(update_fields=["hits_kept_since", "counted_from", "counted_zone", "zone_changed_at"])
        judge_stored_ends(project, since)  # earlier ones are in counts that stay
        return _replace_counts(project, first_day, since, progress)


def count_again(project: Project, first_day: date) -> None:
    """Replace the counts of a day and all later ones with counts of their hits.

    The caller has locked the project. These hits are all kept, and were counted in today's time zone.
    """
    _replace_counts(project, first_day, datetime.combine(first_day, time.min, project.zone))


def _replace_counts(
    project: Project, first_day: date, since: datetime | None, progress: Callable[[int], None] = lambda hits: None
) -> int:
    project.counted_labels, project.labels_from = labels_under(project.sites), first_day
    project.save(update_fields=["counted_labels", "labels_from"])
    DailyCount.objects.filter(project=project, date__gte=first_day).delete()
    total_hits = 0
    for _, hits_of_day in groupby(_countables(project, first_day, since), key=lambda hit: hit.date):
        counts = Counts()
        hits = 0
        for hit in hits_of_day:
            counts.add(hit)
            hits += 1
        counts.store()
        total_hits += hits
        progress(hits)
    return total_hits


def _first_day(project: Project, first_at: datetime) -> tuple[date, datetime | None]:
    """Return the first day to count again, and the moment of the first hit that its former counts contain.

    That moment is None if no hit was ever deleted: then all hits count again.
    """
    former_zone = project.zone_of_oldest_days
    since, day = project.hits_kept_since, project.counted_from
    if since is None or day is None:
        return min(first_at.astimezone(zone).date() for zone in (project.zone, former_zone)), None
    while datetime.combine(day, time.min, project.zone) < since:
        day += timedelta(days=1)
    return day, since if day == project.counted_from else datetime.combine(day, time.min, former_zone)


def _countables(project: Project, first_day: date, since: datetime | None) -> Iterator[Countable]:
    """Yield what each of the project's hits counts, oldest first. One query, and two more for `CHUNK_ROWS` hits."""
    hits = Hit.objects.filter(project=project).order_by("at", "id").annotate(second=EpochSecond("at"))
    if since is not None:
        hits = hits.filter(at__gte=since)
    first_date = first_day.isoformat()
    rows = hits.values_list(*COLUMNS, *_FLAGS).iterator(CHUNK_ROWS)
    while chunk := list(islice(rows, CHUNK_ROWS)):
        stored = [row[: -len(_FLAGS)] for row in chunk]
        for row, hit in zip(chunk, countables(project, stored), strict=True):
            hit.new_to_pixel, hit.new_to_project = row[-len(_FLAGS) :]
            hit.date = max(hit.date, first_date)
            yield hit
