"""Delete what has expired: hits after their project's retention, raw reports, strings that no hit names any more, and
visitors together with the salt of their date.

It goes in short steps, so that nobody waits long: the drain stores hits between some of them, and others write between
two transactions. On PostgreSQL a month of hits that has expired in every project is dropped whole (`hit_months`). What
is noted of a deletion is the same, and so is what stays.

A wrong clock must not delete everything. If the clock is more than `MAX_JUMP` ahead of the last deletion, which runs
every hour, the server may have been off, or the clock is wrong. A project of which that would delete more than
`MAX_SHARE` then keeps its hits until somebody runs `manage.py purge --allow-large`. The same goes for raw reports.

Salts and visitors go by the clock whatever it says: a server that was off looks the same as a clock that is wrong, and
their deletion is a promise to readers. After a clock that was ahead, the readers of that day count as visitors again.
"""

import logging
import time as clock
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from django.apps import apps
from django.db import InterfaceError, OperationalError
from django.db.models import Max

from collector.models import (
    AuditEntry,
    DailyReading,
    DailySalt,
    DailyVisitor,
    Hit,
    KeyRequest,
    OwnVisitor,
    Project,
    Span,
    SpoolOffset,
    TryCount,
    Upkeep,
    WindowSalt,
)
from collector.models.audit import AUDIT_KEPT
from collector.storage import report_retention
from collector.storage.hit_months import drop_months, expired_months
from collector.storage.marks import delete_expired_marks, delete_old_names
from collector.storage.salt_keys import salt_keys
from collector.storage.salts import last_expired_date
from collector.storage.sqlite_log import truncate_log
from collector.storage.string_uses import delete_unused_strings, delete_uses
from collector.storage.window_salts import expired_before

logger = logging.getLogger(__name__)

DELETE_ROWS = 20_000  # by one statement: other writers get their turn between two statements
PAUSE_SECONDS = 0.01  # after as many; SQLite does not queue writers
MAX_JUMP = timedelta(days=2)
MAX_SHARE = 0.1
DAY = timedelta(days=1)


class Expiry(NamedTuple):
    """Which hits of a project have expired: those before `until`, when its first kept day begins."""

    project: Project
    first_kept_day: date
    until: datetime


def delete_expired(now: datetime, *, waiting_since: date | None = None, allows_large: bool = False) -> int:
    """Delete what has expired, as `expire` does, and return how many rows. Other writers get their turn in between."""
    deleted = 0
    for rows in expire(now, waiting_since=waiting_since, allows_large=allows_large):
        deleted += rows
        if rows >= DELETE_ROWS:
            clock.sleep(PAUSE_SECONDS)
    return deleted


def expire(now: datetime, *, waiting_since: date | None = None, allows_large: bool = False) -> Iterator[int]:
    """Delete expired hits, reports, visitors, salts, strings, tries, entries of the audit trail, sessions, invitations.

    Yields how many rows each step deleted; about how many, if it dropped a month. Between two steps, the caller may do
    something else. Hits are deleted by whole days of their project's time zone: in the end a day has either all of its
    hits or none. `waiting_since` is the day since which reports may wait in a spool, if any do. If a
    project fails, that is logged, and the others go on. Raises OperationalError or InterfaceError if the database is
    away. Counts stay.
    """
    last_expired = last_expired_date(now)
    yield from _delete_salts(now, last_expired)
    yield _delete_of_people(now)
    is_trusted = allows_large or clock_is_plausible(now)
    first_day_of_reports = report_retention.first_kept_day(now, waiting_since)
    refused: list[str] = []
    expiries: list[Expiry] = []
    projects = list(Project.objects.order_by("pk"))
    for project in projects:
        with _others_go_on(project):
            for remembered in (DailyVisitor, DailyReading, OwnVisitor):
                yield remembered.objects.filter(project=project, date__lte=last_expired).delete()[0]
            yield from delete_expired_marks(project, now)
            yield delete_old_names(project, now)
            expiry = _expiry(project, now)
            if not is_trusted and (
                _is_large(project, expiry.until) or report_retention.is_large(project, first_day_of_reports)
            ):
                refused.append(project.slug)
            else:
                expiries.append(expiry)
    if len(expiries) == len(projects):
        yield _drop_months(expiries)
    for expiry in expiries:
        with _others_go_on(expiry.project):
            yield from _delete_hits(expiry)
            yield from report_retention.delete_expired_reports(expiry.project, first_day_of_reports)
    yield delete_unused_strings()
    _remember_clock(now, refused)
    truncate_log()


def _delete_of_people(now: datetime) -> int:
    """Delete what has expired of members and of those who try to log in, and return how much.

    Apps that stand above this one delete what is theirs.
    """
    deleted: int = TryCount.objects.filter(ends_at__lte=now).delete()[0]
    deleted += AuditEntry.objects.filter(at__lt=now - AUDIT_KEPT).delete()[0]
    deleted += sum(app.delete_expired(now) for app in apps.get_app_configs() if hasattr(app, "delete_expired"))
    return deleted


def _delete_salts(now: datetime, last_expired: date) -> Iterator[int]:
    """Delete expired salts: first their keys, without which nobody can use what else is left of them."""
    salt_keys().expire(now)
    yield KeyRequest.objects.filter(asked_at__lt=now - DAY).delete()[0]
    yield DailySalt.objects.filter(date__lte=last_expired).delete()[0]
    first_kept = expired_before(now)
    yield sum(WindowSalt.objects.filter(span=span, date__lt=first_kept[span]).delete()[0] for span in Span)


@contextmanager
def _others_go_on(project: Project) -> Iterator[None]:
    """Log what is wrong with one project: the others keep their promise. Not for a database that is away."""
    try:
        yield
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        logger.exception("The expired hits of %s can't be deleted", project.slug)


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


def _expiry(project: Project, now: datetime) -> Expiry:
    """Return what has expired, in the time zone in which days of that time were counted."""
    _note_time_zone(project, now)
    _correct_future(project, now)
    first_kept_day = (now - project.retention).astimezone(project.zone_of_oldest_days).date()
    return Expiry(project, first_kept_day, datetime.combine(first_kept_day, time.min, project.zone_of_oldest_days))


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


def _note_deletion(expiry: Expiry) -> None:
    """Note from when on hits are kept, before any is deleted: nobody may take a day for whole meanwhile."""
    project, first_kept_day, until = expiry
    expired = Hit.objects.filter(project=project, at__lt=until)
    if expired.exists() and (project.hits_kept_since is None or project.hits_kept_since < until):
        project.hits_kept_since, project.counted_from = _counted_again_from(project, first_kept_day, until)
        project.save(update_fields=["hits_kept_since", "counted_from"])


def _drop_months(expiries: list[Expiry]) -> int:
    """Drop the months that have expired in every project, and return about how many hits that were.

    `expiries` are those of all projects. If one can't be noted, nothing is dropped.
    """
    months = expired_months(min(expiry.until for expiry in expiries)) if expiries else []
    noted = 0
    for expiry in expiries if months else []:
        with _others_go_on(expiry.project):
            _note_deletion(expiry)
            noted += 1
    return drop_months(months) if noted == len(expiries) else 0


def _delete_hits(expiry: Expiry) -> Iterator[int]:
    """Delete the hits that have expired, and the notes of strings that only they name. Yields numbers of rows."""
    _note_deletion(expiry)
    hits = Hit.objects.filter(project=expiry.project)
    while True:
        moments = hits.filter(at__lt=expiry.until).order_by("at").values_list("at", flat=True)
        last = list(moments[DELETE_ROWS - 1 : DELETE_ROWS])
        bound = {"at__lte": last[0]} if last else {"at__lt": expiry.until}
        yield hits.filter(**bound).delete()[0]
        if not last:
            break
    yield delete_uses(expiry.project.pk, expiry.until)
