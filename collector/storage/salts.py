"""The salts that key the visitor hashes: one random salt for each date, the same in every process.

A salt is made of two random halves: one in the database, and one in a file outside every backup (`salt_keys.py`).

A project uses the salt of its own local date. Around the world a date lasts 50 hours: it begins in UTC+14 and ends in
UTC-12. A salt, and the `DailyVisitor` rows of its date, are deleted within 48 hours of that end.

Salts are created up to `DAYS_AHEAD` days before their date. An outage of the database over midnight then costs no
visitor. This does not weaken the promise: a salt that no hash was made with yet tells nothing about anybody, and it is
deleted by the same rule as if it had been created on its date.

Salts of dates further ahead stay, too. They may be those of today, seen while the clock is wrong; without them, every
reader of today would be a second visitor.
"""

import secrets
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta

from collector.models import DailySalt
from collector.storage.salt_keys import KeyName, check_of, salt_keys, salt_of

SALT_BYTES = 32
DAYS_AHEAD = 2
EARLIEST, LATEST = timedelta(hours=14), timedelta(hours=-12)  # offsets of the time zones where a date begins and ends
_KEPT = timedelta(hours=46)  # after the date's end in the last zone; the drain deletes once an hour


def dates_to_load(now: datetime) -> list[str]:
    """Return the dates, in ISO 8601, whose salts a process needs: today's in every time zone, and the next days'."""
    first, last = _local_date(now, LATEST), _local_date(now, EARLIEST) + timedelta(days=DAYS_AHEAD)
    return [(first + timedelta(days=day)).isoformat() for day in range((last - first).days + 1)]


def last_expired_date(now: datetime) -> date:
    """Return the last date whose salt and visitors are to be deleted. That of each earlier date is, too."""
    return _local_date(now - _KEPT, LATEST) - timedelta(days=1)


def is_kept(day: str, now: datetime) -> bool:
    """Whether the salt of a date, in ISO 8601, may still be kept."""
    return date.fromisoformat(day) > last_expired_date(now)


def key_name(day: date) -> KeyName:
    """Return the name of the key of a date's salt."""
    expires_at = datetime.combine(day + timedelta(days=1), time(), UTC) - LATEST + _KEPT
    return KeyName(f"date:{day.isoformat()}", expires_at)


def load_salts(days: Iterable[str]) -> dict[str, bytes]:
    """Return the salts of dates in ISO 8601; create those that are missing. One query, three if one is missing.

    Use a new salt only after the transaction is committed. Only then do all processes have the same one.
    """
    return with_keys(load_halves(days))


def load_halves(days: Iterable[str]) -> dict[str, bytes]:
    """Return the database's halves of salts, as `load_salts` does."""
    wanted = {date.fromisoformat(day) for day in days}
    halves = _stored(wanted)
    if missing := wanted - halves.keys():
        keys = salt_keys().keys(map(key_name, missing))
        rows = [
            DailySalt(date=day, salt=secrets.token_bytes(SALT_BYTES), key_check=check_of(keys[key_name(day).text]))
            for day in sorted(missing)
        ]
        DailySalt.objects.bulk_create(rows, ignore_conflicts=True)  # another process may be first: its salt is used
        halves = _stored(wanted)
    return {day.isoformat(): half for day, half in halves.items()}


def with_keys(halves: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the salts that halves make with the keys of this machine, by date in ISO 8601. Makes missing keys."""
    names = {day: key_name(date.fromisoformat(day)) for day in halves}
    keys = salt_keys().keys(names.values())
    return {day: salt_of(names[day], half, keys[names[day].text]) for day, half in halves.items()}


def stored_salts(days: Iterable[str]) -> dict[str, bytes]:
    """Return the salts of dates in ISO 8601, without those that nobody has created yet. One query."""
    halves = _stored({date.fromisoformat(day) for day in days})
    return with_keys({day.isoformat(): half for day, half in halves.items()})


def _stored(days: set[date]) -> dict[date, bytes]:
    rows = DailySalt.objects.filter(date__in=days).values_list("date", "salt")
    return {day: bytes(half) for day, half in rows}


def _local_date(moment: datetime, offset: timedelta) -> date:
    return (moment.astimezone(UTC) + offset).date()
