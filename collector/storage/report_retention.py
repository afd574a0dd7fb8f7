"""Delete raw reports after `KEPT_DAYS`. The counts of reports stay.

A raw report tells whether one that arrives has been counted: a report is at most 31 days late. One that was accepted
may still wait in the spool of a collector, so the days are counted from the oldest segment that waits in any.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from collector.models import Project, Report
from collector.models.programs import KEPT_DAYS

# If the clock seems wrong, a project that would lose more than this share keeps its reports. With a smaller share, a
# server that was off for some days would ask for `purge --allow-large`.
MAX_SHARE = 0.5
DELETE_ROWS = 20_000  # by one statement: other writers get their turn between two statements


def first_kept_day(now: datetime, waiting_since: date | None) -> date:
    """Return the first day whose raw reports are kept. `waiting_since` is since when reports may wait."""
    today = now.astimezone(UTC).date()
    return min(today, waiting_since or today) - timedelta(days=KEPT_DAYS)


def is_large(project: Project, first_day: date) -> bool:
    """Whether a project would lose most of its raw reports. Two queries, which read all of its keys."""
    reports = Report.objects.filter(project=project)
    return reports.filter(date__lt=first_day).count() > MAX_SHARE * reports.count()


def delete_expired_reports(project: Project, first_day: date) -> Iterator[int]:
    """Delete a project's raw reports of days before `first_day`. Two queries for each program.

    Yields how many each statement deleted.
    """
    for pixel_id in _programs_with_reports(project):
        reports = Report.objects.filter(project=project, pixel_id=pixel_id)
        expired = reports.filter(date__lt=first_day).order_by("date")
        while day := expired.values_list("date", flat=True).first():
            ids = reports.filter(date=day).order_by("id").values_list("id", flat=True)
            last = list(ids[DELETE_ROWS - 1 : DELETE_ROWS])
            bound = {"id__lte": last[0]} if last else {}
            yield reports.filter(date=day, **bound).delete()[0]


def _programs_with_reports(project: Project) -> Iterator[int]:
    """Yield the pixels that have raw reports. One query for each, which reads one key."""
    pixel_id = -1
    while True:
        later = Report.objects.filter(project=project, pixel_id__gt=pixel_id).order_by("pixel_id")
        following = later.values_list("pixel_id", flat=True).first()
        if following is None:
            return
        pixel_id = following
        yield pixel_id
