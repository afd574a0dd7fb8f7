"""Which reports count in a window of days, so that each installation counts once.

A report says how many days ago its installation last reported (`gap`, 0 for never). It is the first one of its
installation in a window if that day was before the window's start. This is exact for windows of up to 31 days.
"""

from datetime import date, timedelta
from typing import Any, NamedTuple, Self

from django.db.models import DateField, F, Func, IntegerField, Q, Value

from collector.models.programs import NEW

DAY = timedelta(days=1)
MAX_WINDOW_DAYS = 31


class Window(NamedTuple):
    """The UTC days `[start, end)`, 31 at most."""

    start: date
    end: date

    @classmethod
    def to(cls, last_day: date, days: int) -> Self:
        """Return the window of some days that ends with `last_day`."""
        return cls(last_day - (days - 1) * DAY, last_day + DAY)

    @property
    def days(self) -> int:
        return (self.end - self.start).days

    @property
    def last_day(self) -> date:
        return self.end - DAY


class DaysSince(Func):
    """The days from `start` to the date of a count. SQLite stores dates as text; Julian days differ by whole days."""

    output_field = IntegerField()
    arg_joiner = " - "
    template = "(%(expressions)s)"

    def __init__(self, start: date) -> None:
        super().__init__(F("date"), Value(start, output_field=DateField()))

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        return self.as_sql(
            compiler, connection, template="(julianday(%(expressions)s))", arg_joiner=") - julianday(", **extra
        )


def check_length(window: Window) -> None:
    """Raise ValueError if installations can't be told apart over so many days."""
    if window.days > MAX_WINDOW_DAYS:
        raise ValueError(f"{window.days} days: installations are only known apart over {MAX_WINDOW_DAYS} days")


def first_in(window: Window) -> Q:
    """Return the condition that a count of the window's days is of installations without an earlier report in it."""
    check_length(window)
    return Q(gap=NEW) | Q(gap__gt=DaysSince(window.start))
