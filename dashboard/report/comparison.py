"""What the key figures of a page are compared with: the earlier period, up to now where the current one is not over."""

from collections.abc import Sequence

from collector.models import Dimension
from dashboard.report.figures import EarlierNumbers
from dashboard.report.numbers import FIGURE_DIMENSIONS, period_numbers, totals_of
from dashboard.report.page_state import PageState
from dashboard.report.subject import Subject
from dashboard.visits.periods import Bucket, Period
from dashboard.visits.results import PlatformDay, read_through
from dashboard.visits.source import VisitSource


def earlier_numbers(
    subject: Subject, state: PageState, earlier: VisitSource | None, days_before: Sequence[PlatformDay]
) -> EarlierNumbers | None:
    """Return the numbers of the earlier period; None where there is no source for it."""
    period = state.earlier
    if earlier is None or period is None:
        return None
    is_project = subject.is_whole_project(state)
    sums = earlier.sums(period, FIGURE_DIMENSIONS, with_pixels=is_project)
    reading = read_through(sums.pixels.values()) if is_project else earlier.reading(period)
    is_over = state.period.last_day != subject.today
    return EarlierNumbers(
        period_numbers(days_before, sums, reading),
        period.label,
        so_far=None if is_over else _so_far(subject, period, earlier, days_before),
    )


def _so_far(
    subject: Subject, period: Period, earlier: VisitSource, days_before: Sequence[PlatformDay]
) -> tuple[int, int]:
    """Return the visits and visitors of a period up to this time of its last day.

    Of the current hour they are as many as its minutes are of an hour: visits are only known by the hour.
    """
    last, clock = period.last_day, subject.now.astimezone(subject.project.zone)
    whole_days = [day for day in totals_of(days_before) if day.date != last]
    visits = float(sum(day.visits for day in whole_days))
    visitors = float(sum(day.visitors for day in whole_days))
    for day in earlier.platform_days(Period(last, period.end, unit=Bucket.HOUR)):
        if day.dimension == Dimension.HOUR and day.date == last:
            part_of_hour = min(max(clock.hour + clock.minute / 60 - int(day.hour), 0), 1)
            visits += day.visits * part_of_hour
            visitors += day.visitors * part_of_hour
    return round(visits), round(visitors)
