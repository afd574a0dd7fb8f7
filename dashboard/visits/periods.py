"""The range of days that a view shows, read from its query string.

Every query string gives a period: one that is not valid gives the default, with a notice. Days are those of the
project's time zone; ranges are half-open, `[start, end)`.
"""

import calendar
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from dashboard import formatting

DAY = timedelta(days=1)
HALF_HOUR = timedelta(minutes=30)  # the smallest change of clocks that is in use
EARLIEST = date(2000, 1, 1)  # older than any count
HOURS = tuple(f"{hour:02}" for hour in range(24))
MONDAY = 1  # days of the week have their numbers of ISO 8601, up to 7 for Sunday


class Bucket(StrEnum):
    """How much time one point of a trend covers."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


MAX_DAYS = {Bucket.HOUR: 7, Bucket.DAY: 400, Bucket.WEEK: 2_000, Bucket.MONTH: 20_000}  # about 400 points at most


class Comparison(StrEnum):
    """What a period is compared with."""

    PREVIOUS = "previous"
    YEAR = "year"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Period:
    """The days `[start, end)`. `name` is that of their preset, empty for two dates; `unit` is the chosen bucket.

    Its weeks begin on `first_weekday`.
    """

    start: date
    end: date
    name: str = ""
    unit: Bucket | None = None
    first_weekday: int = MONDAY

    @property
    def last_day(self) -> date:
        return self.end - DAY

    @property
    def days(self) -> int:
        return (self.end - self.start).days

    @property
    def bucket(self) -> Bucket:
        """Return the chosen unit, by default the one that gives a trend 12 to about 100 points."""
        if self.unit is not None:
            return self.unit
        if self.days == 1:
            return Bucket.HOUR
        if self.days <= 93:
            return Bucket.DAY
        if self.days <= 400:
            return Bucket.WEEK
        return Bucket.MONTH

    @property
    def label(self) -> str:
        """Write the range with both its first and its last day, such as `24 Oct - 22 Nov 2026` with a dash."""
        return formatting.days(self.start, self.last_day)

    @property
    def query(self) -> str:
        """Return the query string of this period."""
        return f"range={self.name}" if self.name else f"start={self.start}&end={self.last_day}"

    def moments(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """Return the moments at which it starts and ends, in UTC."""
        return midnight(self.start, zone), midnight(self.end, zone)

    def dates(self) -> list[date]:
        """Return all its days."""
        return [self.start + day * DAY for day in range(self.days)]

    def earlier(self, comparison: Comparison) -> "Period | None":
        """Return the period to compare with: as many days before it, or the same days a year earlier."""
        if comparison is Comparison.NONE:
            return None
        if comparison is Comparison.PREVIOUS:
            earlier = self.days_before()
        else:
            start, last = _months_before(self.start, 12), _months_before(self.last_day, 12)
            earlier = Period(start, last + DAY, "", self.bucket, self.first_weekday)
        return earlier if earlier.start >= EARLIEST else None

    def days_before(self) -> "Period":
        """Return the period of as many days that ends where this one starts."""
        return Period(self.start - self.days * DAY, self.start, "", self.bucket, self.first_weekday)

    def offered_buckets(self) -> list[Bucket]:
        """Return the units that give a trend more than one point, and not too many."""
        shortest = {Bucket.HOUR: 1, Bucket.DAY: 2, Bucket.WEEK: 14, Bucket.MONTH: 60}
        return [bucket for bucket in Bucket if shortest[bucket] <= self.days <= MAX_DAYS[bucket]]

    def bucket_of(self, day: date) -> date:
        """Return the first day of the week or month that `day` lies in, or the day itself."""
        if self.bucket is Bucket.WEEK:
            return first_of_week(day, self.first_weekday)
        if self.bucket is Bucket.MONTH:
            return day.replace(day=1)
        return day

    def buckets(self) -> list[date]:
        """Return the first days of all buckets, in order; for hours, all days."""
        starts = []
        day = self.bucket_of(self.start)
        while day < self.end:
            starts.append(day)
            day = self.last_day_of(day) + DAY
        return starts

    def last_day_of(self, start: date) -> date:
        """Return the last day of the bucket that begins on `start`, which may be after this period."""
        if self.bucket is Bucket.WEEK:
            return start + 6 * DAY
        if self.bucket is Bucket.MONTH:
            return (start + 31 * DAY).replace(day=1) - DAY
        return start

    def clock_change(self, zone: ZoneInfo) -> str:
        """Say which hours of a single day were skipped or came twice as the clocks changed; empty for other periods."""
        if self.days != 1:
            return ""
        start, end = self.moments(zone)
        half_hours = (end - start) // HALF_HOUR
        if half_hours == 48:
            return ""
        half_hours_of = Counter((start + number * HALF_HOUR).astimezone(zone).hour for number in range(half_hours))
        skipped = [formatting.hour(hour) for hour in HOURS if half_hours_of[int(hour)] < 2]
        doubled = [formatting.hour(hour) for hour in HOURS if half_hours_of[int(hour)] > 2]
        sentences = []
        if skipped:
            sentences.append(
                _("The clocks changed on this day: %(hours)s was skipped.") % {"hours": formatting.listed(skipped)}
            )
        if doubled:
            sentences.append(
                _("The clocks changed on this day: %(hours)s came twice.") % {"hours": formatting.listed(doubled)}
            )
        return " ".join(sentences)


def first_of_week(day: date, first_weekday: int) -> date:
    """Return the first day of the week that `day` lies in."""
    return day - (day.isoweekday() - first_weekday) % 7 * DAY


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return the moment at which a day starts in a time zone, in UTC."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _months_before(day: date, months: int) -> date:
    """Return the same day some months earlier, or the last day of a shorter month."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


@dataclass(frozen=True, slots=True)
class Preset:
    """A range with a name. `start` returns its first day for a given today. All but `yesterday` end today."""

    name: str
    label: StrOrPromise
    start: Callable[[date], date]


PRESETS = {
    preset.name: preset
    for preset in (
        Preset("today", gettext_lazy("Today"), lambda today: today),
        Preset("yesterday", gettext_lazy("Yesterday"), lambda today: today - DAY),
        Preset("7d", gettext_lazy("7 days"), lambda today: today - 6 * DAY),
        Preset("30d", gettext_lazy("30 days"), lambda today: today - 29 * DAY),
        Preset("90d", gettext_lazy("90 days"), lambda today: today - 89 * DAY),
        Preset("12m", gettext_lazy("12 months"), lambda today: _months_before(today, 12) + DAY),
        Preset("all", gettext_lazy("All"), lambda today: today - 29 * DAY),  # until something is counted
    )
}
DEFAULT = "30d"


class PeriodForm(forms.Form):
    """Reads `?range=30d`, or `?start=2026-01-01&end=2026-01-31` with both days included. Dates win over a name."""

    range = forms.ChoiceField(choices=[(preset.name, preset.label) for preset in PRESETS.values()], required=False)
    start = forms.DateField(input_formats=["%Y-%m-%d"], required=False)
    end = forms.DateField(input_formats=["%Y-%m-%d"], required=False)

    def __init__(
        self, data: Mapping[str, Any], *, today: date, first_day: date | None, first_weekday: int = MONDAY
    ) -> None:
        """`today` is in the project's time zone; `first_day` is the first day with a count."""
        super().__init__(data)
        self.today = today
        self.first_day = first_day
        self.first_weekday = first_weekday

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        start, end = cleaned.get("start"), cleaned.get("end")
        if self.errors or not (start or end):
            return cleaned
        if not (start and end):
            raise forms.ValidationError(_("Enter both a start date and an end date."))
        if end < start:
            raise forms.ValidationError(_("The end date is before the start date."))
        if start < EARLIEST:
            raise forms.ValidationError(_("There are no counts before %(year)s.") % {"year": EARLIEST.year})
        if start > self.today:
            raise forms.ValidationError(_("The start date is in the future."))
        return cleaned

    def period(self) -> Period:
        """Return the requested period, cut off after today; the default if the request is not valid. Never raises."""
        if not self.is_valid():
            return self._preset(DEFAULT)
        if self.cleaned_data["start"]:
            end = min(self.cleaned_data["end"], self.today) + DAY
            return Period(self.cleaned_data["start"], end, first_weekday=self.first_weekday)
        return self._preset(self.cleaned_data["range"] or DEFAULT)

    @property
    def notice(self) -> str:
        """Say why the view shows the default and not the requested range; empty if the request is valid."""
        if self.is_valid():
            return ""
        reasons = self.non_field_errors()
        reason = reasons[0] if reasons else _("The range in this page's address is not valid.")
        return _("%(reason)s Showing the last 30 days.") % {"reason": reason}

    def _preset(self, name: str) -> Period:
        start = PRESETS[name].start(self.today)
        if name == "all" and self.first_day:
            start = min(self.first_day, self.today)
        end = self.today if name == "yesterday" else self.today + DAY
        return Period(start, end, name, first_weekday=self.first_weekday)
