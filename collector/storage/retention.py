"""Delete what has expired: hits after their project's retention, visitors with the salt of their date, and tries."""

from datetime import datetime, time, timedelta

from collector.models import DailySalt, DailyVisitor, Hit, Project, TryCount
from collector.storage.salts import last_expired_date

DELETE_ROWS = 20_000  # by one statement: other writers get their turn between two statements


def delete_expired(now: datetime) -> int:
    """Delete expired hits, visitors, salts and counts of tries; return how many rows were deleted. Daily counts stay.

    Hits are deleted by whole days of their project's time zone: a day has either all of its hits or none.
    """
    last_expired = last_expired_date(now)
    deleted, _ = DailySalt.objects.filter(date__lte=last_expired).delete()
    deleted += TryCount.objects.filter(ends_at__lte=now).delete()[0]
    for project in Project.objects.all():
        deleted += DailyVisitor.objects.filter(project=project, date__lte=last_expired).delete()[0]
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
