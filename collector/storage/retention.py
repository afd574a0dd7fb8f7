"""Delete what has expired: hits after their project's retention, and visitors together with the salt of their day."""

from datetime import UTC, datetime, time, timedelta

from collector.models import DailyReading, DailySalt, DailyVisitor, Hit, Project
from collector.models.counts import SALT_LIFETIME

DELETE_ROWS = 20_000  # by one statement: other writers get their turn between two statements


def delete_expired(now: datetime) -> int:
    """Delete expired hits, visitors and salts, and return how many rows were deleted. Counts stay.

    Hits are deleted by whole days of their project's time zone: a day has either all of its hits or none.
    """
    last_expired_day = (now - SALT_LIFETIME).astimezone(UTC).date()
    deleted, _ = DailySalt.objects.filter(date__lte=last_expired_day).delete()
    for project in Project.objects.all():
        deleted += DailyVisitor.objects.filter(project=project, date__lte=last_expired_day).delete()[0]
        deleted += DailyReading.objects.filter(project=project, date__lte=last_expired_day).delete()[0]
        deleted += _delete_hits(project, now)
    return deleted


def _delete_hits(project: Project, now: datetime) -> int:
    first_kept_day = (now - timedelta(days=project.retention_days)).astimezone(project.zone).date()
    until = datetime.combine(first_kept_day, time.min, project.zone)
    deleted = 0
    while True:
        moments = Hit.objects.filter(project=project, at__lt=until).order_by("at").values_list("at", flat=True)
        last = list(moments[DELETE_ROWS - 1 : DELETE_ROWS])
        bound = {"at__lte": last[0]} if last else {"at__lt": until}
        deleted += Hit.objects.filter(project=project, **bound).delete()[0]
        if not last:
            return deleted
