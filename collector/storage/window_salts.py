"""The salts that key the marks of ids from other SDKs: one for each UTC day, ISO week and month.

Like the salts of visitors (`salts.py` beside it), they are the same in every process, created ahead of their window so
that an outage costs nothing, and deleted within 48 hours of its end. They are others: no mark can be compared with a
visitor, nor a day's with its week's.
"""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from collector.models import Span, WindowSalt
from collector.programs.weeks import monday_of
from collector.storage.salt_keys import KeyName, check_of, salt_keys, salt_of
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


def key_name(window: Window) -> KeyName:
    """Return the name of the key of a window's salt."""
    return KeyName(window.name, datetime.combine(window.end, time(), UTC) + _KEPT)


def load_window_salts(names: Iterable[str]) -> dict[str, bytes]:
    """Return the salts of named windows; create those that are missing. One query, three if one is missing.

    Use a new salt only after the transaction is committed. Only then do all processes have the same one.
    """
    return with_window_keys(load_window_halves(names))


def load_window_halves(names: Iterable[str]) -> dict[str, bytes]:
    """Return the database's halves of salts, as `load_window_salts` does."""
    wanted = [_window(name) for name in names]
    halves = _stored(wanted)
    if missing := [window for window in wanted if window.name not in halves]:
        keys = salt_keys().keys(map(key_name, missing))
        rows = [
            WindowSalt(
                span=window.span,
                date=window.date,
                salt=secrets.token_bytes(SALT_BYTES),
                key_check=check_of(keys[window.name]),
            )
            for window in missing
        ]
        WindowSalt.objects.bulk_create(rows, ignore_conflicts=True)  # another process may be first: its salt is used
        halves = _stored(wanted)
    return halves


def with_window_keys(halves: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the salts that halves make with the keys of this machine, by window. Makes missing keys."""
    names = {name: key_name(_window(name)) for name in halves}
    keys = salt_keys().keys(names.values())
    return {name: salt_of(names[name], half, keys[name]) for name, half in halves.items()}


def _stored(wanted: Sequence[Window]) -> dict[str, bytes]:
    names = {window.name for window in wanted}
    rows = WindowSalt.objects.filter(date__in={window.date for window in wanted}).values_list("span", "date", "salt")
    halves = {Window(Span(span), day).name: bytes(half) for span, day, half in rows}
    return {name: half for name, half in halves.items() if name in names}


def _window(name: str) -> Window:
    label, _, day = name.partition(":")
    return Window(_LABELS[label], date.fromisoformat(day))
