"""The salts that key the marks of ids from other SDKs: one for each UTC day, ISO week and month.

Like the salts of visitors (`salts.py` beside it), they are the same in every process, created ahead of their window so
that an outage costs nothing, and deleted within 48 hours of its end. They are others: no mark can be compared with a
visitor, nor a day's with its week's.
"""

import secrets
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from collector.models import Span, WindowSalt
from collector.programs.weeks import monday_of
from collector.storage.salts import DAYS_AHEAD, SALT_BYTES

_DAY = timedelta(days=1)
_KEPT = timedelta(hours=46)  # after the window's end; the drain deletes once an hour
_LABELS = {span.label: span for span in Span}


Date = date  # for a field that is also called date


class Window(NamedTuple):
    """One UTC day, ISO week or month, by its first day."""

    span: Span
    date: Date

    @property
    def name(self) -> str:
        """Its name in memory and in the standby file, such as `week:2026-11-30`."""
        return f"{self.span.label}:{self.date.isoformat()}"

    @property
    def end(self) -> Date:
        """The day after its last day."""
        if self.span is Span.MONTH:
            return (self.date + 31 * _DAY).replace(day=1)
        return self.date + int(self.span) * _DAY


def windows_of(day: date) -> tuple[Window, Window, Window]:
    """Return the day, the week and the month in which a day lies."""
    return Window(Span.DAY, day), Window(Span.WEEK, monday_of(day)), Window(Span.MONTH, day.replace(day=1))


def windows_to_load(now: datetime) -> list[str]:
    """Return the names of the windows whose salts a process needs: those of yesterday, today and the next days."""
    today = now.astimezone(UTC).date()
    days = [today + number * _DAY for number in range(-1, DAYS_AHEAD + 1)]
    return sorted({window.name for day in days for window in windows_of(day)})


def is_window_kept(name: str, now: datetime) -> bool:
    """Whether the salt of a named window may still be kept."""
    return _window(name).end > first_kept_end(now)


def first_kept_end(now: datetime) -> date:
    """Return the day on or before which the windows end whose salts and marks are to be deleted."""
    return (now.astimezone(UTC) - _KEPT).date()


def expired_before(now: datetime) -> dict[Span, date]:
    """Return for each span the first day of its oldest window that is kept."""
    oldest = first_kept_end(now)  # the last day of the oldest window that is kept, or a later one of it
    return {window.span: window.date for window in windows_of(oldest)}


def load_window_salts(names: Iterable[str]) -> dict[str, bytes]:
    """Return the salts of named windows; create those that are missing. One query, three if one is missing.

    Use a new salt only after the transaction is committed. Only then do all processes have the same one.
    """
    wanted = [_window(name) for name in names]
    salts = _stored(wanted)
    if missing := [window for window in wanted if window.name not in salts]:
        rows = [WindowSalt(span=span, date=day, salt=secrets.token_bytes(SALT_BYTES)) for span, day in missing]
        WindowSalt.objects.bulk_create(rows, ignore_conflicts=True)  # another process may be first: its salt is used
        salts = _stored(wanted)
    return salts


def _stored(wanted: Sequence[Window]) -> dict[str, bytes]:
    names = {window.name for window in wanted}
    rows = WindowSalt.objects.filter(date__in={window.date for window in wanted}).values_list("span", "date", "salt")
    salts = {Window(Span(span), day).name: bytes(salt) for span, day, salt in rows}
    return {name: salt for name, salt in salts.items() if name in names}


def _window(name: str) -> Window:
    label, _, day = name.partition(":")
    return Window(_LABELS[label], date.fromisoformat(day))
