"""The trend: the visits of a period by hour, day, week or month, stacked by platform or as one line."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from collector.classify.platforms import platform_colour
from collector.classify.sites import Sites
from collector.models import Dimension, Project, Section
from dashboard import formatting
from dashboard.report.charts import BUCKET_NAMES, Chart, Point, Series, Shape
from dashboard.report.colours import REST, hatched
from dashboard.report.hours import hour_range
from dashboard.report.page_state import PageState
from dashboard.report.panels.platforms import platform_label
from dashboard.report.published import MAX_MARKS, PublishedArticle
from dashboard.report.subject import Subject
from dashboard.visits.periods import HOURS, Bucket, Period
from dashboard.visits.results import PlatformDay, visible_visitors

TREND_PLATFORMS = 6  # people can't tell more colours than these apart in a stack
TREND_CAPTIONS = {
    Bucket.HOUR: gettext_lazy("Visits by hour · time zone %(zone)s"),
    Bucket.DAY: gettext_lazy("Visits by day · time zone %(zone)s"),
    Bucket.WEEK: gettext_lazy("Visits by week · time zone %(zone)s"),
    Bucket.MONTH: gettext_lazy("Visits by month · time zone %(zone)s"),
}
BucketKey = tuple[date, str]  # the first day of a bucket, and its hour in a trend by the hour


def trend_chart(
    subject: Subject, state: PageState, days: Sequence[PlatformDay], days_before: Sequence[PlatformDay]
) -> Chart:
    """Stack the visits by platform, the biggest by name and the rest together; or draw them as one line.

    `days_before` are those of the earlier period.
    """
    period = state.period
    keys = _bucket_keys(period)
    visits, visitors = _by_bucket(period, days)
    counted = [visits[key] if key in visits or _is_counted(key, period, subject) else None for key in keys]
    if state.is_line:
        totals = [None if by_platform is None else by_platform.total() for by_platform in counted]
        series, platform_series = [Series(_("Visits"), "", totals)], []
    else:
        series = platform_series = _stack(counted, subject.sites)
    earlier = _earlier_visits(subject, state, days_before, keys)
    earlier_label = state.earlier.label if state.earlier and earlier else ""
    columns: list[Sequence[int | None]] = [earlier] if earlier else []
    columns += [platform.values for platform in platform_series]
    marks, has_today = _marks(subject.project, period, subject.published), period.last_day == subject.today
    points = []
    for index, (key, by_platform) in enumerate(zip(keys, counted, strict=True)):
        count = None if by_platform is None else by_platform.total()
        visible = None if count is None else visible_visitors(count, visitors[key])
        numbers = [count, visible, *[column[index] for column in columns]]
        is_open = has_today and key == _current_key(period, subject)
        label, title, at = _names(key, period, is_open=is_open)
        points.append(Point(label, title, at, count, numbers, marks.get(key, ()), is_open))
    headings = [_("Visits"), _("Visitors")]
    headings += [earlier_label] if earlier_label else []
    headings += [platform.label for platform in platform_series]
    return Chart(
        "trend", Section.TREND.value, _("Trend"),
        str(TREND_CAPTIONS[period.bucket]) % {"zone": subject.project.timezone}, str(BUCKET_NAMES[period.bucket]),
        points, series, headings, earlier, earlier_label,
        Shape.LINE if state.is_line else Shape.STACK,
    )  # fmt: skip


def _bucket_keys(period: Period) -> list[BucketKey]:
    if period.bucket is Bucket.HOUR:
        return [(day, hour) for day in period.dates() for hour in HOURS]
    return [(day, "") for day in period.buckets()]


def _current_key(period: Period, subject: Subject) -> BucketKey:
    """Return the key of the current hour, day, week or month."""
    hour = f"{subject.clock.hour:02}" if period.bucket is Bucket.HOUR else ""
    return period.bucket_of(subject.today), hour


def _is_counted(key: BucketKey, period: Period, subject: Subject) -> bool:
    """Tell whether anything could be counted: from the day of the first visit to the current hour."""
    if subject.first_day is None or key > _current_key(period, subject):
        return False
    return key[0] >= period.bucket_of(subject.first_day)


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


def _stack(columns: Sequence[Mapping[str, int] | None], sites: Sites) -> list[Series]:
    """Return a series for each of the biggest platforms, and one for the rest. A column has a bucket's visits."""
    totals: Counter[str] = Counter()
    for column in columns:
        totals.update(column or {})
    ranked = sorted(totals, key=lambda slug: (-totals[slug], slug))
    named, rest = ranked[:TREND_PLATFORMS], ranked[TREND_PLATFORMS:]
    colours = [platform_colour(slug) for slug in named]
    series = [
        Series(platform_label(slug, sites), colour, [_sum_of(column, [slug]) for column in columns], is_hatched)
        for slug, colour, is_hatched in zip(named, colours, hatched(colours), strict=True)
    ]
    if rest:
        label = ngettext("%(platforms)s other", "%(platforms)s others", len(rest)) % {"platforms": len(rest)}
        series.append(Series(label, REST, [_sum_of(column, rest) for column in columns], is_hatched=True))
    return series


def _sum_of(visits: Mapping[str, int] | None, platforms: Iterable[str]) -> int | None:
    return None if visits is None else sum(visits.get(slug, 0) for slug in platforms)


def _earlier_visits(
    subject: Subject, state: PageState, days_before: Sequence[PlatformDay], keys: Sequence[BucketKey]
) -> list[int | None]:
    """Return the visits of the earlier period, bucket by bucket; an empty list where nothing is compared.

    Each day moves by the same number of days into its bucket. The extra day of a leap year counts in the last bucket.
    Buckets without a day from the first visit on are None.
    """
    earlier, first_day = state.earlier, subject.first_day
    if earlier is None or first_day is None or not days_before:
        return []
    visits: Counter[BucketKey] = Counter()
    is_hourly = state.period.bucket is Bucket.HOUR
    shift, last = state.period.start - earlier.start, state.period.last_day
    bucket_of = {day: state.period.bucket_of(min(day + shift, last)) for day in earlier.dates()}
    for row in days_before:
        if (row.dimension == Dimension.HOUR) is is_hourly:
            visits[bucket_of[row.date], row.hour] += row.visits
    measured = {bucket for day, bucket in bucket_of.items() if day >= first_day}
    return [visits[key] if key[0] in measured else None for key in keys]


def _marks(project: Project, period: Period, published: Sequence[PublishedArticle]) -> dict[BucketKey, list[str]]:
    """Return the titles of the articles that appeared, by bucket."""
    marks: dict[BucketKey, list[str]] = defaultdict(list)
    for article in published[:MAX_MARKS]:
        at = article.at.astimezone(project.zone)
        hour = f"{at.hour:02}" if period.bucket is Bucket.HOUR else ""
        marks[period.bucket_of(at.date()), hour].append(article.title)
    return marks


def _names(key: BucketKey, period: Period, *, is_open: bool) -> tuple[str, str, str]:
    """Name a bucket: in short for the axis, in full, and in ISO 8601."""
    day, hour = key
    if hour:
        return *_hour_names(day, hour, period), f"{day}T{hour}:00"
    return *_bucket_names(day, period, is_open=is_open), f"{day}"


def _hour_names(day: date, hour: str, period: Period) -> tuple[str, str]:
    """Name an hour: in short for the axis, and in full."""
    label = formatting.hour(hour)
    if period.days > 1:
        label = f"{formatting.day(day, 'MMMd')} {label}"
    return label, _("%(hour)s, %(day)s") % {"hour": hour_range(hour), "day": formatting.day(day, "yMMMd")}


def _bucket_names(day: date, period: Period, *, is_open: bool) -> tuple[str, str]:
    """Name the day, week or month that begins on `day`: in short for the axis, and in full.

    The days that count are added where the period begins or ends within it. That it is not over (`is_open`) says so of
    its end.
    """
    if period.bucket is Bucket.DAY:
        return formatting.day(day, "MMMd"), formatting.day(day, "yMMMEd")
    if period.bucket is Bucket.WEEK:
        label = formatting.day(day, "MMMd")
        title = _("Week of %(day)s") % {"day": formatting.day(day, "yMMMd")}
    else:
        label = formatting.day(day, "yMMM")
        title = formatting.day(day, "yMMMM")
    last_day = period.last_day_of(day)
    if day < period.start or (last_day > period.last_day and not is_open):
        title = f"{title} · {formatting.days(max(day, period.start), min(last_day, period.last_day))}"
    return label, title
