"""An owner's decisions: leave reports out of all figures, or let them count. Each can be undone by another one.

A decision holds at once for reports that arrive later. Stored reports are looked through in steps, in
`look_through`: the page does it for a moment, so that most decisions show at once, and the drain does the rest.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from collector.models import LeftOut, Pixel, Project, Report
from collector.models.left_out import EXCESS, FIELDS, NEW_ONES
from collector.models.programs import KEPT_DAYS
from collector.programs.report import ProgramReport
from collector.storage.left_out import (
    Key,
    decode_report,
    matches,
    move,
    of_key,
    rows_of_counts,
    take_from_figures,
)
from collector.storage.report_counts import add_counts
from collector.storage.store import lock_pixels

STEP_REPORTS = 5_000


def is_decidable(what: str) -> bool:
    """Whether a text names reports that can be left out."""
    field, _, value = what.partition("=")
    return what in {EXCESS, NEW_ONES} or (field in FIELDS and bool(value))


def leave_out(pixel: Pixel, day: date, what: str, reason: str, user: User | None) -> None:
    """Leave the reports of a day out of all figures. Those that are stored are looked through later."""
    with transaction.atomic():
        key = _locked(pixel, day, what)
        left_out, _ = LeftOut.objects.get_or_create(**of_key(key), defaults={"is_out": False})
        if not left_out.is_out:
            take_from_figures(rows_of_counts(key))
        _decide(key, reason, user, is_out=True, is_pending=what != EXCESS)
        _note_change(pixel)


def let_count(pixel: Pixel, day: date, what: str, reason: str, user: User | None) -> None:
    """Let reports of a day count again, or note that they are real. They count at once."""
    with transaction.atomic():
        key = _locked(pixel, day, what)
        left_out, _ = LeftOut.objects.get_or_create(**of_key(key), defaults={"is_out": False})
        if left_out.is_out:
            add_counts(rows_of_counts(key))
        _decide(key, reason, user, is_out=False, is_pending=False)
        # Another decision of the same day may leave some of them out, too.
        others = LeftOut.objects.filter(project_id=key.project_id, pixel_id=pixel.pk, date=day, is_out=True)
        others.exclude(what=EXCESS).update(is_pending=True)
        _note_change(pixel)


def pending() -> list[LeftOut]:
    """Return the decisions whose stored reports still have to be looked through. One query."""
    return list(LeftOut.objects.filter(is_pending=True).order_by("project_id", "pixel_id", "date", "what"))


def look_through(left_outs: Sequence[LeftOut]) -> Iterator[int]:
    """Move the stored reports that decisions leave out. Yields how many each step moved.

    A step is one transaction, and reads the keys of `STEP_REPORTS` reports. Several may take the same ones at once.
    """
    for left_out in left_outs:
        key = Key(left_out.project_id, left_out.pixel_id, left_out.date.isoformat(), left_out.what)
        last_id: int | None = None
        is_done = False
        while not is_done:
            moved, last_id = _step(key, last_id)
            is_done = last_id is None
            yield moved


def _step(key: Key, after_id: int | None) -> tuple[int, int | None]:
    """Move the next reports; return how many, and the last id that was looked at. None if there are no more."""
    with transaction.atomic():
        lock_pixels({key.pixel_id})
        left_outs = LeftOut.objects.filter(project_id=key.project_id, pixel_id=key.pixel_id, date=key.day)
        states = dict(left_outs.values_list("what", "is_out"))
        if not states.get(key.what):  # it was undone meanwhile
            return 0, None
        free = ["", *(what for what, is_out in states.items() if not is_out)]
        reports = Report.objects.filter(project_id=key.project_id, pixel_id=key.pixel_id, date=key.day)
        if after_id is not None:
            reports = reports.filter(id__gt=after_id)
        ids = list(reports.order_by("id").values_list("id", flat=True)[:STEP_REPORTS])
        some = reports.filter(id__lte=ids[-1], left_out__in=free).order_by("id").select_for_update() if ids else ()
        matching = [report for report in some if matches(key.what, _body(report))]
        if matching:
            move(key, matching, is_out=True)
            Project.objects.filter(pk=key.project_id).update(recounted_at=timezone.now())
        if len(ids) < STEP_REPORTS:
            LeftOut.objects.filter(**of_key(key)).update(is_pending=False)
            return len(matching), None
        return len(matching), ids[-1]


def can_be_left_out(day: date, now: datetime) -> bool:
    """Whether the raw reports of a UTC day are still there. `now` is in UTC."""
    return now.date() - timedelta(days=KEPT_DAYS) < day <= now.date()


def _body(report: Report) -> ProgramReport:
    return decode_report(report.body)


def _locked(pixel: Pixel, day: date, what: str) -> Key:
    """Keep drains from storing reports of a program until the transaction ends, and return the key of a decision."""
    Pixel.objects.select_for_update(of=("self",)).get(pk=pixel.pk)
    return Key(pixel.project_id, pixel.pk, day.isoformat(), what)


def _decide(key: Key, reason: str, user: User | None, *, is_out: bool, is_pending: bool) -> None:
    LeftOut.objects.filter(**of_key(key)).update(
        is_out=is_out, is_pending=is_pending, reason=reason, decided_at=timezone.now(), decided_by=user
    )


def _note_change(pixel: Pixel) -> None:
    """Tell the caches of counts that theirs are out of date."""
    Project.objects.filter(pk=pixel.project_id).update(recounted_at=timezone.now())
