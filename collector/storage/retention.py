"""Delete what is past its time: hits by their project's retention, and visitors with the salt that made them."""

from datetime import UTC, datetime, time, timedelta

from collector.models import DailySalt, DailyVisitor, Hit, Project
from collector.models.counts import SALT_LIFETIME

DELETE_ROWS = 20_000  # a statement: other writers get their turn between two


def delete_expired(now: datetime) -> int:
    """Delete expired hits, visitors and salts; return how many rows went. Counts stay.

    Hits go by whole days of their project's time zone, so that every day that still has hits has all of them.
    """
    last_salted_day = (now - SALT_LIFETIME).astimezone(UTC).date()
    deleted, _ = DailySalt.objects.filter(date__lte=last_salted_day).delete()
    for project in Project.objects.all():
        deleted += DailyVisitor.objects.filter(project=project, date__lte=last_salted_day).delete()[0]
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
