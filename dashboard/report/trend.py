"""The trend: the visits of a period by hour, day, week or month, stacked by platform or as one line."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from collector.classify.platforms import platform_colour
from collector.classify.sites import Sites, sites_of
from collector.models import Dimension, Project, Section
from dashboard import formatting
from dashboard.report.charts import BUCKET_NAMES, Chart, Point, Series, Shape
from dashboard.report.hours import hour_range
from dashboard.report.page_state import PageState
from dashboard.report.panels.platforms import platform_label
from dashboard.report.published import MAX_MARKS, PublishedArticle
from dashboard.visits.periods import HOURS, Bucket, Period
from dashboard.visits.results import PlatformDay, visible_visitors

TREND_PLATFORMS = 6  # people can't tell more colours than these apart in a stack
REST_COLOUR = "#c9c8c1"
TREND_CAPTIONS = {
    Bucket.HOUR: gettext_lazy("Visits by hour · time zone %(zone)s"),
    Bucket.DAY: gettext_lazy("Visits by day · time zone %(zone)s"),
    Bucket.WEEK: gettext_lazy("Visits by week · time zone %(zone)s"),
    Bucket.MONTH: gettext_lazy("Visits by month · time zone %(zone)s"),
}
BucketKey = tuple[date, str]  # the first day of a bucket, and its hour in a trend by the hour


def trend_chart(
    project: Project,
    state: PageState,
    days: Sequence[PlatformDay],
    days_before: Sequence[PlatformDay],
    published: Sequence[PublishedArticle] = (),
) -> Chart:
    """Stack the visits by platform, the biggest by name and the rest together; or draw them as one line.

    `days_before` are those of the earlier period, `published` the articles that appeared in this one.
    """
    period = state.period
    keys = _bucket_keys(period)
    visits, visitors = _by_bucket(period, days)
    if state.is_line:
        series, platform_series = [Series(_("Visits"), "", [visits[key].total() for key in keys])], []
    else:
        series = platform_series = _stack([visits[key] for key in keys], sites_of(project.sites))
    earlier = _earlier_visits(state, days_before, keys)
    earlier_label = state.earlier.label if state.earlier and earlier else ""
    columns: list[Sequence[int]] = [earlier] if earlier else []
    columns += [platform.values for platform in platform_series]
    marks = _marks(project, period, published)
    points = []
    for index, key in enumerate(keys):
        count = visits[key].total()
        numbers = [count, visible_visitors(count, visitors[key]), *[column[index] for column in columns]]
        points.append(_point(key, period, count, numbers, marks.get(key, ())))
    headings = [_("Visits"), _("Visitors")]
    headings += [earlier_label] if earlier_label else []
    headings += [platform.label for platform in platform_series]
    return Chart(
        "trend", Section.TREND.value, _("Trend"),
        str(TREND_CAPTIONS[period.bucket]) % {"zone": project.timezone}, str(BUCKET_NAMES[period.bucket]),
        points, series, headings, earlier, earlier_label,
        Shape.LINE if state.is_line else Shape.STACK,
    )  # fmt: skip


def _bucket_keys(period: Period) -> list[BucketKey]:
    if period.bucket is Bucket.HOUR:
        return [(day, hour) for day in period.dates() for hour in HOURS]
    return [(day, "") for day in period.buckets()]


def _by_bucket(period: Period, days: Sequence[PlatformDay]) -> tuple[dict[BucketKey, Counter[str]], Counter[BucketKey]]:
    """Return the visits of each bucket by platform, and its visitors."""
    is_hourly = period.bucket is Bucket.HOUR
    visits: dict[BucketKey, Counter[str]] = defaultdict(Counter)
    visitors: Counter[BucketKey] = Counter()
    bucket_of = {day: period.bucket_of(day) for day in {row.date for row in days}}
    for row in days:
        if (row.dimension == Dimension.HOUR) is is_hourly:
            key = (bucket_of[row.date], row.hour)
            visits[key][row.platform] += row.visits
            visitors[key] += row.visitors
    return visits, visitors


def _stack(columns: Sequence[Mapping[str, int]], sites: Sites) -> list[Series]:
    """Return a series for each of the biggest platforms, and one for the rest. A column has a bucket's visits."""
    totals: Counter[str] = Counter()
    for column in columns:
        totals.update(column)
    ranked = sorted(totals, key=lambda slug: (-totals[slug], slug))
    named, rest = ranked[:TREND_PLATFORMS], ranked[TREND_PLATFORMS:]
    series = [
        Series(platform_label(slug, sites), platform_colour(slug), [column.get(slug, 0) for column in columns])
        for slug in named
    ]
    if rest:
        label = ngettext("%(platforms)s other", "%(platforms)s others", len(rest)) % {"platforms": len(rest)}
        series.append(Series(label, REST_COLOUR, [sum(column.get(slug, 0) for slug in rest) for column in columns]))
    return series


def _earlier_visits(state: PageState, days_before: Sequence[PlatformDay], keys: Sequence[BucketKey]) -> list[int]:
    """Return the visits of the earlier period, bucket by bucket; an empty list where nothing is compared.

    Each day moves by the same number of days into its bucket. The extra day of a leap year counts in the last bucket.
    """
    earlier = state.earlier
    if earlier is None or not days_before:
        return []
    visits: Counter[BucketKey] = Counter()
    is_hourly = state.period.bucket is Bucket.HOUR
    shift, last = state.period.start - earlier.start, state.period.last_day
    bucket_of = {day: state.period.bucket_of(min(day + shift, last)) for day in earlier.dates()}
    for row in days_before:
        if (row.dimension == Dimension.HOUR) is is_hourly:
            visits[bucket_of[row.date], row.hour] += row.visits
    return [visits[key] for key in keys]


def _marks(project: Project, period: Period, published: Sequence[PublishedArticle]) -> dict[BucketKey, list[str]]:
    """Return the titles of the articles that appeared, by bucket."""
    marks: dict[BucketKey, list[str]] = defaultdict(list)
    for article in published[:MAX_MARKS]:
        at = article.at.astimezone(project.zone)
        hour = f"{at.hour:02}" if period.bucket is Bucket.HOUR else ""
        marks[period.bucket_of(at.date()), hour].append(article.title)
    return marks


def _point(key: BucketKey, period: Period, visits: int, numbers: Sequence[int | None], marks: Sequence[str]) -> Point:
    day, hour = key
    label, title = _hour_names(day, hour, period) if hour else _bucket_names(day, period)
    at = f"{day}T{hour}:00" if hour else f"{day}"
    return Point(label, title, at, visits, numbers, marks)


def _hour_names(day: date, hour: str, period: Period) -> tuple[str, str]:
    """Name an hour: in short for the axis, and in full."""
    label = formatting.hour(hour)
    if period.days > 1:
        label = f"{formatting.day(day, 'MMMd')} {label}"
    return label, _("%(hour)s, %(day)s") % {"hour": hour_range(hour), "day": formatting.day(day, "yMMMd")}


def _bucket_names(day: date, period: Period) -> tuple[str, str]:
    """Name the day, week or month that begins on `day`: in short for the axis, and in full."""
    if period.bucket is Bucket.DAY:
        return formatting.day(day, "MMMd"), formatting.day(day, "yMMMEd")
    if period.bucket is Bucket.WEEK:
        label = formatting.day(day, "MMMd")
        title = _("Week of %(day)s") % {"day": formatting.day(day, "yMMMd")}
    else:
        label = formatting.day(day, "yMMM")
        title = formatting.day(day, "yMMMM")
    if day < period.start:  # the period begins within the week or month
        title = _("%(bucket)s, from %(day)s") % {"bucket": title, "day": formatting.day(period.start, "MMMd")}
    return label, title
