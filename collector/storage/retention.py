"""Delete what has expired: hits after their project's retention, raw reports, strings that no hit names any more, and
visitors together with the salt of their date.

A wrong clock must not delete everything. If the clock is more than `MAX_JUMP` ahead of the last deletion, which runs
every hour, the server may have been off, or the clock is wrong. A project of which that would delete more than
`MAX_SHARE` then keeps its hits until somebody runs `manage.py purge --allow-large`. The same goes for raw reports.

Salts and visitors go by the clock whatever it says: a server that was off looks the same as a clock that is wrong, and
their deletion is a promise to readers. After a clock that was ahead, the readers of that day count as visitors again.
"""

import logging
from datetime import date, datetime, time, timedelta

from django.db import InterfaceError, OperationalError
from django.db.models import Max

from collector.models import (
    DailyReading,
    DailySalt,
    DailyVisitor,
    Hit,
    OwnVisitor,
    Project,
    SpoolOffset,
    TryCount,
    Upkeep,
)
from collector.storage import report_retention
from collector.storage.salts import last_expired_date
from collector.storage.string_uses import delete_unused_strings, delete_uses

logger = logging.getLogger(__name__)

DELETE_ROWS = 20_000  # by one statement: other writers get their turn between two statements
MAX_JUMP = timedelta(days=2)
MAX_SHARE = 0.1
DAY = timedelta(days=1)


def delete_expired(now: datetime, *, waiting_since: date | None = None, allows_large: bool = False) -> int:
    """Delete expired hits, reports, visitors, salts, strings and tries; return how many rows were deleted. Counts stay.

    Hits are deleted by whole days of their project's time zone: a day has either all of its hits or none.
    `waiting_since` is the day since which reports may wait in a spool, if any do. If one project
    fails, it is logged, and the others go on. Raises OperationalError or InterfaceError if the database is away.
    """
    last_expired = last_expired_date(now)
    deleted, _ = DailySalt.objects.filter(date__lte=last_expired).delete()
    deleted += TryCount.objects.filter(ends_at__lte=now).delete()[0]
    is_trusted = allows_large or clock_is_plausible(now)
    first_day_of_reports = report_retention.first_kept_day(now, waiting_since)
    refused: list[str] = []
    for project in Project.objects.order_by("pk"):
        try:
            for remembered in (DailyVisitor, DailyReading, OwnVisitor):
                deleted += remembered.objects.filter(project=project, date__lte=last_expired).delete()[0]
            _note_time_zone(project, now)
            _correct_future(project, now)
            first_kept_day = _first_kept_day(project, now)
            until = datetime.combine(first_kept_day, time.min, project.zone_of_oldest_days)
            if not is_trusted and (
                _is_large(project, until) or report_retention.is_large(project, first_day_of_reports)
            ):
                refused.append(project.slug)
            else:
                deleted += _delete_hits(project, first_kept_day, until)
                deleted += report_retention.delete_expired_reports(project, first_day_of_reports)
        except (OperationalError, InterfaceError):
            raise
        except Exception:  # whatever is wrong with one project, the others keep their promise
            logger.exception("The expired hits of %s can't be deleted", project.slug)
    deleted += delete_unused_strings()
    _remember_clock(now, refused)
    return deleted


def clock_is_plausible(now: datetime) -> bool:
    """Whether the clock is at most `MAX_JUMP` ahead of the last deletion, or if there was none, of the last hit."""
    last = Upkeep.objects.filter(pk=1).values_list("trusted_at", flat=True).first()
    if last is None:
        drained_at = SpoolOffset.objects.aggregate(moment=Max("updated_at"))["moment"]
        taken_at = Hit.objects.aggregate(moment=Max("at"))["moment"] if drained_at is None else None
        last = drained_at or taken_at
    return last is None or now - last <= MAX_JUMP


def _remember_clock(now: datetime, refused: list[str]) -> None:
    upkeep, _ = Upkeep.objects.get_or_create(pk=1)
    if refused:
        upkeep.refused_at = upkeep.refused_at or now
        logger.error(
            "The clock says %s, which is long after the last deletion of expired hits. If that is right, run "
            "“manage.py purge --allow-large”: it would delete much of %s. Until then these hits and reports are kept.",
            now.isoformat(timespec="minutes"),
            ", ".join(refused),
        )
    else:
        upkeep.trusted_at, upkeep.refused_at = now, None
    upkeep.save(update_fields=["trusted_at", "refused_at"])


def _note_time_zone(project: Project, now: datetime) -> None:
    """Note when a project changed its time zone, and forget the former one once none of its days has hits."""
    if project.counted_zone in {"", project.timezone}:
        zone, changed_at = project.timezone, None
    elif project.zone_changed_at is None:
        zone, changed_at = project.counted_zone, now
    elif now - project.retention > project.zone_changed_at + 2 * DAY:
        zone, changed_at = project.timezone, None
    else:
        return
    if (zone, changed_at) != (project.counted_zone, project.zone_changed_at):
        project.counted_zone, project.zone_changed_at = zone, changed_at
        project.save(update_fields=["counted_zone", "zone_changed_at"])


def _correct_future(project: Project, now: datetime) -> None:
    """After a clock that was ahead deleted hits, say that hits are kept from tomorrow on, not from that clock's day."""
    if project.hits_kept_since is not None and project.hits_kept_since > now:
        tomorrow = now.astimezone(project.zone_of_oldest_days).date() + DAY
        if project.hits_kept_since > (midnight := datetime.combine(tomorrow, time.min, project.zone_of_oldest_days)):
            project.hits_kept_since, project.counted_from = midnight, tomorrow
            project.save(update_fields=["hits_kept_since", "counted_from"])


def _first_kept_day(project: Project, now: datetime) -> date:
    """Return the first day of the retention, in the time zone in which days of that time were counted."""
    return (now - project.retention).astimezone(project.zone_of_oldest_days).date()


def _is_large(project: Project, until: datetime) -> bool:
    hits = Hit.objects.filter(project=project)
    return hits.filter(at__lt=until).count() > MAX_SHARE * hits.count()


def _counted_again_from(project: Project, first_kept_day: date, until: datetime) -> tuple[datetime, date]:
    """Return the moment and the day from which on all hits are kept once those before `until` are deleted.

    A day that `rebuild` counted first after a change of time zone also counts hits from before it begins. Without them
    it can't be counted again, although its own hits are kept.
    """
    if first_kept_day != project.counted_from:
        return until, first_kept_day
    next_day = first_kept_day + DAY
    return datetime.combine(next_day, time.min, project.zone_of_oldest_days), next_day


def _delete_hits(project: Project, first_kept_day: date, until: datetime) -> int:
    """Delete the hits before a day, which begins at `until`, and the notes of strings that only they name."""
    deleted = 0
    expired = Hit.objects.filter(project=project, at__lt=until)
    if expired.exists() and (project.hits_kept_since is None or project.hits_kept_since < until):
        # First, so that nobody takes a day for whole while its hits are being deleted.
        project.hits_kept_since, project.counted_from = _counted_again_from(project, first_kept_day, until)
        project.save(update_fields=["hits_kept_since", "counted_from"])
    while True:
        moments = expired.order_by("at").values_list("at", flat=True)
        last = list(moments[DELETE_ROWS - 1 : DELETE_ROWS])
        bound = {"at__lte": last[0]} if last else {"at__lt": until}
        deleted += Hit.objects.filter(project=project, **bound).delete()[0]
        if not last:
            return deleted + delete_uses(project.pk, until)
