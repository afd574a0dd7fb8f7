"""The actives of a program over its period, and how many of them are new, returning, or back after a pause."""

from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from collector.models import ProgramSection
from collector.programs.windows import Window
from dashboard import formatting
from dashboard.report.charts import BUCKET_NAMES, Chart, Point, Series, Shape
from dashboard.report.program.colours import BLUE, GREEN, ORANGE, PALE, SKY
from dashboard.report.program.subject import ProgramSubject
from dashboard.usage.actives import Actives
from dashboard.visits.periods import Bucket

Values = Sequence[int]
Marks = Mapping[Window, Sequence[str]]


def actives_chart(subject: ProgramSubject, actives: Actives, marks: Marks) -> Chart:
    """Draw the installations active in each day, week or month, and in the rolling windows that end with it."""
    bucket, windows = subject.period.bucket, subject.bucket_windows()
    lines: Mapping[str, tuple[str, Values]]
    days_28 = [actives.to(window.last_day, 28) for window in windows]
    if bucket is Bucket.WEEK:
        means = [_mean(actives, window) for window in windows]
        weeks = [actives.active(window) for window in windows]
        lines = {_("28 days"): (BLUE, days_28), _("Week"): (ORANGE, weeks), _("Day, on average"): (GREEN, means)}
    elif bucket is Bucket.MONTH:
        means = [_mean(actives, window) for window in windows]
        months = [actives.active(window) for window in windows]
        lines = {_("Month"): (BLUE, months), _("Day, on average"): (GREEN, means)}
    else:
        days = [actives.on(window.start) for window in windows]
        days_7 = [actives.to(window.start, 7) for window in windows]
        lines = {_("28 days"): (BLUE, days_28), _("7 days"): (ORANGE, days_7), _("Day"): (GREEN, days)}
    series = [Series(label, colour, values) for label, (colour, values) in lines.items()]
    return _chart(
        subject,
        "actives",
        _("Active installations"),
        _("Installations active in the days up to each point · UTC"),
        windows,
        series,
        Shape.LINES,
        marks,
    )


def turnout_chart(subject: ProgramSubject, actives: Actives, marks: Marks) -> Chart:
    """Stack the active installations: returning ones, new ones, and those back after a pause."""
    windows = subject.bucket_windows()
    turnouts = [actives.turnout(window) for window in windows]
    series = [
        Series(_("Returning"), PALE, [turnout.returning for turnout in turnouts]),
        Series(_("Back after a pause"), SKY, [turnout.back for turnout in turnouts]),
        Series(_("New"), GREEN, [turnout.new for turnout in turnouts]),
    ]
    return _chart(
        subject,
        "turnout",
        _("New and returning"),
        _("Active installations · UTC"),
        windows,
        series,
        Shape.STACK,
        marks,
    )


def _mean(actives: Actives, window: Window) -> int:
    days = (Window.to(window.last_day, window.days - ago).start for ago in range(window.days))
    return formatting.half_up(sum(actives.on(day) for day in days) / window.days)


def _chart(
    subject: ProgramSubject,
    key: str,
    title: str,
    caption: str,
    windows: Sequence[Window],
    series: Sequence[Series],
    shape: Shape,
    marks: Marks,
) -> Chart:
    points = bucket_points(subject, windows, series, marks)
    heading = str(BUCKET_NAMES[subject.period.bucket])
    headings = [one.label for one in series]
    return Chart(
        key, ProgramSection.ACTIVES.value, title, caption, heading, points, series, headings, shape=shape,
        total=pgettext("installations", "Active"),
    )  # fmt: skip


def bucket_points(
    subject: ProgramSubject,
    windows: Sequence[Window],
    series: Sequence[Series],
    marks: Marks | None = None,
) -> list[Point]:
    """Return a point for each of the period's buckets, with the number of each series. `marks` are texts by window."""
    points = []
    for index, (window, (label, title)) in enumerate(zip(windows, subject.bucket_labels, strict=True)):
        numbers = [one.values[index] for one in series]
        is_open = window.end > subject.today
        points.append(
            Point(label, title, f"{window.start}", numbers[0], numbers, (marks or {}).get(window, ()), is_open)
        )
    return points
