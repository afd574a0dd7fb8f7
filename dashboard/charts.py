"""Bar charts over their tables: the trend of a period, and the hours of its days."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from collector.models import Dimension, Project
from collector.platforms import platform_colour, platform_name
from dashboard import labels
from dashboard.periods import HOURS, Bucket, Period
from dashboard.queries import PlatformDay, ValueCount

TREND_PLATFORMS = 6  # more colours than these can't be told apart in a stack
REST_COLOUR = "#c9c8c1"


@dataclass(frozen=True, slots=True)
class Series:
    """The numbers of one platform (or of all), one a point of the chart."""

    label: str
    colour: str
    values: Sequence[int]


@dataclass(frozen=True, slots=True)
class Point:
    """One line of the table under a chart: when, how many, and how many of each series."""

    label: str
    title: str
    visits: int
    visitors: int | None
    parts: Sequence[int]

    @property
    def numbers(self) -> Sequence[int | None]:
        """Return its numbers as they stand in the table."""
        return self.visits, self.visitors, *self.parts


@dataclass(frozen=True, slots=True)
class Chart:
    """A bar chart over its table."""

    key: str
    title: str
    caption: str
    heading: str
    points: Sequence[Point]
    series: Sequence[Series]

    @property
    def data_id(self) -> str:
        return f"{self.key}-data"

    @property
    def legend(self) -> bool:
        """Tell whether its colours mean something."""
        return any(series.colour for series in self.series)

    @property
    def painted(self) -> dict[str, Any]:
        """Return what JavaScript needs to paint it."""
        return {
            "labels": [point.label for point in self.points],
            "titles": [point.title for point in self.points],
            "series": [{"label": series.label, "values": list(series.values)} for series in self.series],
        }


def trend_chart(project: Project, period: Period, days: Sequence[PlatformDay]) -> Chart:
    """Stack the visits by platform: the biggest by their names, the rest together."""
    hourly = period.bucket is Bucket.HOUR
    visits: dict[date | str, Counter[str]] = defaultdict(Counter)
    visitors: Counter[date | str] = Counter()
    totals: Counter[str] = Counter()
    for day in days:
        if (day.dimension == Dimension.HOUR) is hourly:
            key = day.hour if hourly else period.bucket_of(day.date)
            visits[key][day.platform] += day.visits
            visitors[key] += day.visitors
            totals[day.platform] += day.visits
    ranked = sorted(totals, key=lambda slug: (-totals[slug], slug))
    named, rest = ranked[:TREND_PLATFORMS], ranked[TREND_PLATFORMS:]
    keys: Sequence[date | str] = HOURS if hourly else period.buckets()
    columns = [[visits[key][slug] for key in keys] for slug in named]
    series = [
        Series(platform_name(slug), platform_colour(slug), column) for slug, column in zip(named, columns, strict=True)
    ]
    if rest:
        column = [sum(visits[key][slug] for slug in rest) for key in keys]
        series.append(Series(f"{len(rest)} others", REST_COLOUR, column))
    points = [
        _point(*_when(key, period), visits[key].total(), visitors[key], [one.values[place] for one in series])
        for place, key in enumerate(keys)
    ]
    unit = "Hour" if hourly else period.bucket.capitalize()
    caption = f"Visits by {period.bucket}, by platform · time zone {project.timezone}"
    return Chart("trend", "Trend", caption, unit, points, series)


def hours_chart(project: Project, counts: Sequence[ValueCount]) -> Chart:
    by_hour = {count.value: count for count in counts}
    nothing = ValueCount(Dimension.HOUR, "", 0, 0, 0)
    rows = [by_hour.get(hour, nothing) for hour in HOURS]
    points = [
        _point(labels.hour(hour), _to_the_next(hour), row.visits, row.visitors, [])
        for hour, row in zip(HOURS, rows, strict=True)
    ]
    caption = f"By hour of the day in {project.timezone}"
    if counts:
        caption += f" · most from {_to_the_next(counts[0].value)}"
    series = [Series("Visits", "", [row.visits for row in rows])]
    return Chart("hours", "When they read", caption, "Hour", points, series)


def _point(label: str, title: str, visits: int, visitors: int, parts: Sequence[int]) -> Point:
    return Point(label, title, visits, labels.seen(visits, visitors), parts)


def _when(key: date | str, period: Period) -> tuple[str, str]:
    """Name one bucket, in brief for the axis and in full."""
    if isinstance(key, str):
        return labels.hour(key), f"{_to_the_next(key)}, {labels.day(period.start, 'j M Y')}"
    if period.bucket is Bucket.DAY:
        return labels.day(key, "j M"), labels.day(key, "D j M Y")
    cut = f", from {labels.day(period.start, 'j M')}" if key < period.start else ""
    if period.bucket is Bucket.WEEK:
        return labels.day(key, "j M"), f"Week of {labels.day(key, 'j M Y')}{cut}"
    return labels.day(key, "M Y"), f"{labels.day(key, 'F Y')}{cut}"


def _to_the_next(hour: str) -> str:
    return f"{hour}:00{labels.DASH}{(int(hour) + 1) % 24:02}:00"
