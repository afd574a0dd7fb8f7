"""Questions about what other SDKs report, answered from the counts alone.

Installations are known apart within a UTC day, an ISO week and a month, and in no other window: their marks are deleted
with these. They are never added to those of our clients: nobody knows which are the same. Sessions are known by day.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from django.db.models import Q, Sum

from collector.models import Driver, DroppedName, Pixel, ReportCount, ReportDimension, Span
from collector.models.programs import OF_OTHER_SDKS, Part
from collector.programs.weeks import monday_of
from collector.programs.windows import DAY, Window

_DIMENSIONS = (
    ReportDimension.VERSION, ReportDimension.OS, ReportDimension.ARCH, ReportDimension.RUNTIME, ReportDimension.COUNTRY,
    ReportDimension.EVENT, ReportDimension.PROPERTY, ReportDimension.BUCKET,
)  # fmt: skip


class DoorDays:
    """The installations and sessions of some days."""

    def __init__(self, parts: Mapping[date, Mapping[int, int]], sessions: Mapping[date, int]) -> None:
        self._parts = parts
        self._sessions = sessions

    def installations(self, window: Window, part: Part) -> int:
        """Return the installations in a window, which is a day, an ISO week or a month, or its first days."""
        return sum(
            number for day in _days(window) for parts, number in self._parts.get(day, {}).items() if parts & part
        )

    def sessions(self, window: Window) -> int:
        """Return the sessions of each day in a window, added up."""
        return sum(self._sessions.get(day, 0) for day in _days(window))


class DoorUse(NamedTuple):
    """A value in two months: the installations in each; the sessions, and how often it was used, in the later one."""

    installations: int
    before: int
    sessions: int
    times: int


def as_counted(uses: Mapping[str, DoorUse], counted_as: Callable[[str], str]) -> Mapping[str, DoorUse]:
    """Return values as they count: those that count as the same one are added up."""
    counted: dict[str, DoorUse] = {}
    for value, use in uses.items():
        label = counted_as(value)
        counted[label] = DoorUse(*map(sum, zip(use, counted.get(label, (0, 0, 0, 0)), strict=True)))
    return counted


class DoorUsage:
    """What other SDKs reported of one program. Each method asks one query."""

    def __init__(self, pixel: Pixel) -> None:
        self._scope = {"project_id": pixel.project_id, "pixel_id": pixel.pk}

    def days(self, start: date, end: date) -> DoorDays:
        """Return the installations and sessions of the days `[start, end)`."""
        rows = ReportCount.objects.filter(
            **self._scope, dimension=ReportDimension.ACTIVE, date__gte=start, date__lt=end, driver__in=OF_OTHER_SDKS
        )
        parts: dict[date, dict[int, int]] = defaultdict(dict)
        sessions: dict[date, int] = {}
        for day, driver, part, number in rows.values_list("date", "driver", "gap", "reports"):
            if driver == Driver.SESSION:
                sessions[day] = sessions.get(day, 0) + number
            else:
                parts[day][part] = number
        return DoorDays(parts, sessions)

    def values(self, before: Window, month: Window) -> Mapping[int, Mapping[str, DoorUse]]:
        """Return what was reported in a month and in the one before, by dimension and value."""
        rows = ReportCount.objects.filter(
            **self._scope, dimension__in=_DIMENSIONS, date__gte=before.start, date__lt=month.end,
            driver__in=OF_OTHER_SDKS,
        ).values("dimension", "value")  # fmt: skip
        first_in_month = Q(driver=Driver.DOOR, gap__gte=int(Part.MONTH))  # the largest of the parts
        in_month = Q(date__gte=month.start)
        sums = rows.annotate(
            installations=Sum("reports", filter=first_in_month & in_month, default=0),
            before=Sum("reports", filter=first_in_month & ~in_month, default=0),
            sessions=Sum("reports", filter=Q(driver=Driver.SESSION) & in_month, default=0),
            times=Sum("number", filter=in_month, default=0),
        )
        values: dict[int, dict[str, DoorUse]] = defaultdict(dict)
        for dimension, value, *numbers in sums.values_list(
            "dimension", "value", "installations", "before", "sessions", "times"
        ):
            values[dimension][value] = DoorUse(*numbers)
        return values

    def dropped_names(self) -> Sequence[tuple[str, date]]:
        """Return the names that no declaration has, with the last day on which each was sent."""
        names = DroppedName.objects.filter(**self._scope).order_by("-date", "name")
        return list(names.values_list("name", "date"))


def windows_in(start: date, end: date, span: Span) -> list[Window]:
    """Return the days, ISO weeks or months in which the days `[start, end)` lie: each whole, but none after `end`.

    A part of a week or month says nothing: an installation counts on its first day in the whole.
    """
    whole = Window(_first_day(start, span), end)
    starts = [day for day in _days(whole) if _first_day(day, span) == day]
    return [Window(*days) for days in zip(starts, [*starts[1:], end], strict=True)]


def _first_day(day: date, span: Span) -> date:
    if span is Span.WEEK:
        return monday_of(day)
    return day.replace(day=1) if span is Span.MONTH else day


def _days(window: Window) -> list[date]:
    return [window.start + number * DAY for number in range(window.days)]
