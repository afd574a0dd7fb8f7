"""Charts over their tables: the trend of a period, and an article's first week."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from collector.classify.platforms import platform_colour
from collector.models import Dimension, Project, Section
from dashboard import formatting
from dashboard.report.page_state import PageState
from dashboard.report.panels.panel import platform_label, to_the_next
from dashboard.visits.periods import DAY, HOURS, Bucket, Period
from dashboard.visits.results import PlatformDay, visible_visitors

TREND_PLATFORMS = 6  # more colours than these can't be told apart in a stack
REST_COLOUR = "#c9c8c1"
FIRST_WEEK = 7
MAX_MARKS = 30
BUCKET_NAMES = {
    Bucket.HOUR: pgettext_lazy("unit of a chart", "Hour"),
    Bucket.DAY: pgettext_lazy("unit of a chart", "Day"),
    Bucket.WEEK: pgettext_lazy("unit of a chart", "Week"),
    Bucket.MONTH: pgettext_lazy("unit of a chart", "Month"),
}
TREND_CAPTIONS = {
    Bucket.HOUR: gettext_lazy("Visits by hour · time zone %(zone)s"),
    Bucket.DAY: gettext_lazy("Visits by day · time zone %(zone)s"),
    Bucket.WEEK: gettext_lazy("Visits by week · time zone %(zone)s"),
    Bucket.MONTH: gettext_lazy("Visits by month · time zone %(zone)s"),
}
Key = tuple[date, str]  # the first day of a bucket, and the hour where it is one


class Published(NamedTuple):
    """An article that appeared in the period, and when."""

    title: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Series:
    """The numbers of one platform (or of all), one a point of the chart."""

    label: str
    colour: str
    values: Sequence[int]


@dataclass(frozen=True, slots=True)
class Point:
    """One line of the table under a chart: when, how many visits, and its `numbers` below the chart's headings.

    `at` is when in ISO 8601, for spreadsheets.
    """

    label: str
    title: str
    at: str
    visits: int
    numbers: Sequence[int | None]
    marks: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart over its table: bars, or one line."""

    key: str
    section: str
    title: str
    caption: str
    heading: str
    points: Sequence[Point]
    series: Sequence[Series]
    headings: Sequence[str]
    earlier: Sequence[int] = ()
    earlier_label: str = ""
    is_line: bool = False

    @property
    def data_id(self) -> str:
        return f"{self.key}-data"

    @property
    def legend(self) -> bool:
        """Tell whether its colours mean something."""
        return any(series.colour for series in self.series)

    @property
    def marks(self) -> bool:
        return any(point.marks for point in self.points)

    def table(self) -> tuple[list[str], list[list[object]]]:
        """Return its head and its rows as a spreadsheet takes them: plain numbers, empty where nothing is known."""
        return [self.heading, *self.headings], [[point.at, *point.numbers] for point in self.points]

    @property
    def painted(self) -> dict[str, Any]:
        """Return what JavaScript needs to paint it."""
        painted: dict[str, Any] = {
            "labels": [point.label for point in self.points],
            "titles": [point.title for point in self.points],
            "series": [{"label": series.label, "values": list(series.values)} for series in self.series],
            "line": self.is_line,
        }
        if self.earlier:
            painted["earlier"] = {"label": self.earlier_label, "values": list(self.earlier)}
        if self.marks:
            painted["marks"] = [list(point.marks) for point in self.points]
        return painted


def trend_chart(
    project: Project,
    view: PageState,
    days: Sequence[PlatformDay],
    earlier: Sequence[PlatformDay],
    published: Sequence[Published] = (),
) -> Chart:
    """Stack the visits by platform: the biggest by their names, the rest together; or draw them as one line.

    `earlier` are those of the period compared with; `published` the articles that appeared in this one.
    """
    period = view.period
    visits, visitors = _by_bucket(period, days)
    keys = _keys(period)
    totals: Counter[str] = Counter()
    for counter in visits.values():
        totals.update(counter)
    series = (
        [Series(_("Visits"), "", [visits[key].total() for key in keys])]
        if view.is_line
        else _stack([visits[key] for key in keys], totals)
    )
    marks = _marks(project, period, published)
    before, before_label = _earlier(view, earlier, keys)
    parts = [] if view.is_line else series
    points = []
    for place, key in enumerate(keys):
        label, title = _when(key, period)
        count = visits[key].total()
        numbers = [count, visible_visitors(count, visitors[key]), *before[place : place + 1]]
        numbers += [one.values[place] for one in parts]
        at = f"{key[0]}T{key[1]}:00" if key[1] else f"{key[0]}"
        points.append(Point(label, title, at, count, numbers, marks.get(key, ())))
    return Chart(
        "trend",
        Section.TREND.value,
        _("Trend"),
        str(TREND_CAPTIONS[period.bucket]) % {"zone": project.timezone},
        str(BUCKET_NAMES[period.bucket]),
        points,
        series,
        [_("Visits"), _("Visitors"), *filter(None, [before_label]), *[one.label for one in parts]],
        before,
        before_label,
        view.is_line,
    )


def first_week_chart(project: Project, lifetime: Sequence[tuple[date, str, int]], today: date) -> Chart | None:
    """Draw the visits of an article's first days; nothing before its second day."""
    days = Counter[date]()
    for day, _platform, visits in lifetime:
        days[day] += visits
    first = min(days, default=today)
    shown = [first + number * DAY for number in range(FIRST_WEEK) if first + number * DAY <= today]
    if len(shown) < 2:
        return None
    total = days.total()
    points, reached = [], 0
    for number, day in enumerate(shown, 1):
        reached += days[day]
        title = _("Day %(number)s: %(day)s · %(share)s of all visits so far had come") % {
            "number": number,
            "day": formatting.day(day, "yMMMEd"),
            "share": formatting.percent(reached / total),
        }
        points.append(Point(_("Day %(number)s") % {"number": number}, title, f"{day}", days[day], [days[day]]))
    caption = _("Visits of each day since the first, %(day)s") % {"day": formatting.day(first, "yMMMd")}
    half = half_life(days)
    if half:
        caption += " · " + ngettext(
            "half of all visits so far had come within %(days)s day",
            "half of all visits so far had come within %(days)s days",
            half,
        ) % {"days": formatting.exact(half)}
    series = [Series(_("Visits"), "", [days[day] for day in shown])]
    return Chart(
        "first-week",
        Section.TREND.value,
        _("Its first week"),
        caption,
        str(BUCKET_NAMES[Bucket.DAY]),
        points,
        series,
        [_("Visits")],
    )


def half_life(days: Mapping[date, int]) -> int:
    """Return within how many days from the first on half of all visits came; 0 where there were none."""
    total, reached = sum(days.values()), 0
    for day in sorted(days):
        reached += days[day]
        if reached * 2 >= total > 0:
            return (day - min(days)).days + 1
    return 0


def _keys(period: Period) -> list[Key]:
    if period.bucket is Bucket.HOUR:
        return [(day, hour) for day in period.dates() for hour in HOURS]
    return [(day, "") for day in period.buckets()]


def _by_bucket(period: Period, days: Sequence[PlatformDay]) -> tuple[dict[Key, Counter[str]], Counter[Key]]:
    """Return the visits of each bucket by platform, and its visitors."""
    hourly = period.bucket is Bucket.HOUR
    visits: dict[Key, Counter[str]] = defaultdict(Counter)
    visitors: Counter[Key] = Counter()
    buckets = {day: period.bucket_of(day) for day in {day.date for day in days}}
    for day in days:
        if (day.dimension == Dimension.HOUR) is hourly:
            key = (buckets[day.date], day.hour)
            visits[key][day.platform] += day.visits
            visitors[key] += day.visitors
    return visits, visitors


def _stack(columns: Sequence[Mapping[str, int]], totals: Mapping[str, int]) -> list[Series]:
    ranked = sorted(totals, key=lambda slug: (-totals[slug], slug))
    named, rest = ranked[:TREND_PLATFORMS], ranked[TREND_PLATFORMS:]
    series = [
        Series(platform_label(slug), platform_colour(slug), [column.get(slug, 0) for column in columns])
        for slug in named
    ]
    if rest:
        label = ngettext("%(platforms)s other", "%(platforms)s others", len(rest)) % {"platforms": len(rest)}
        series.append(Series(label, REST_COLOUR, [sum(column.get(slug, 0) for slug in rest) for column in columns]))
    return series


def _earlier(view: PageState, days: Sequence[PlatformDay], keys: Sequence[Key]) -> tuple[list[int], str]:
    """Return the visits of the earlier period, bucket by bucket, and what to call it."""
    period = view.earlier
    if period is None or not days:
        return [], ""
    # Day by day, so that every one falls into a bucket; the day that a leap year has more, into the last.
    visits: Counter[Key] = Counter()
    hourly = view.period.bucket is Bucket.HOUR
    shift, last = view.period.start - period.start, view.period.last_day
    buckets = {day: view.period.bucket_of(min(day + shift, last)) for day in period.dates()}
    for day in days:
        if (day.dimension == Dimension.HOUR) is hourly:
            visits[buckets[day.date], day.hour] += day.visits
    return [visits[key] for key in keys], period.label


def _marks(project: Project, period: Period, published: Sequence[Published]) -> dict[Key, list[str]]:
    """Return the titles of the articles that appeared, by bucket."""
    marks: dict[Key, list[str]] = defaultdict(list)
    for article in published[:MAX_MARKS]:
        at = article.at.astimezone(project.zone)
        hour = f"{at.hour:02}" if period.bucket is Bucket.HOUR else ""
        marks[period.bucket_of(at.date()), hour].append(article.title)
    return marks


def _when(key: Key, period: Period) -> tuple[str, str]:
    """Name one bucket, in brief for the axis and in full."""
    day, hour = key
    if hour:
        label = formatting.hour(hour)
        if period.days > 1:
            label = f"{formatting.day(day, 'MMMd')} {label}"
        return label, _("%(hour)s, %(day)s") % {"hour": to_the_next(hour), "day": formatting.day(day, "yMMMd")}
    if period.bucket is Bucket.DAY:
        return formatting.day(day, "MMMd"), formatting.day(day, "yMMMEd")
    is_week = period.bucket is Bucket.WEEK
    label = formatting.day(day, "MMMd" if is_week else "yMMM")
    title = _("Week of %(day)s") % {"day": formatting.day(day, "yMMMd")} if is_week else formatting.day(day, "yMMMM")
    if day < period.start:
        title = _("%(bucket)s, from %(day)s") % {"bucket": title, "day": formatting.day(period.start, "MMMd")}
    return label, title
