"""What the key figures are compared with: the earlier period, cut at this time of its last day if today is included."""

from collections.abc import Sequence

from dashboard.report.figures import EarlierNumbers
from dashboard.report.numbers import FIGURE_DIMENSIONS, period_numbers, totals_of
from dashboard.report.page_state import PageState
from dashboard.report.subject import Subject
from dashboard.visits.results import PlatformDay, Total, read_through
from dashboard.visits.source import VisitSource


def earlier_numbers(
    subject: Subject, state: PageState, earlier: VisitSource | None, days_before: Sequence[PlatformDay]
) -> EarlierNumbers | None:
    """Return the numbers of the earlier period; None where there is no source for it."""
    if earlier is None:
        return None
    is_project = subject.is_whole_project(state)
    sums = earlier.sums(FIGURE_DIMENSIONS, with_pixels=is_project)
    reading = read_through(sums.pixels.values()) if is_project else earlier.read_through()
    is_over = state.period.last_day != subject.today
    return EarlierNumbers(
        period_numbers(days_before, sums, reading),
        earlier.period.label,
        so_far=None if is_over else _so_far(subject, earlier, days_before),
    )


def _so_far(subject: Subject, earlier: VisitSource, days_before: Sequence[PlatformDay]) -> Total:
    """Return the visits and visitors of the earlier period up to this time of its last day.

    Visits are only known by the hour. The current hour counts by the part of it that has passed.
    """
    last, clock = earlier.period.last_day, subject.now.astimezone(subject.project.zone)
    whole_days = [day for day in totals_of(days_before) if day.date != last]
    visits = float(sum(day.visits for day in whole_days))
    visitors = float(sum(day.visitors for day in whole_days))
    for hour in earlier.last_day_hours():
        part_of_hour = min(max(clock.hour + clock.minute / 60 - int(hour.hour), 0), 1)
        visits += hour.visits * part_of_hour
        visitors += hour.visitors * part_of_hour
    return Total(round(visits), round(visitors))
