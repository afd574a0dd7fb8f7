"""The one rule by which numbers are compared, on cards, on pages and for programs.

- A period is compared with an earlier one of as many days, or with the same days a year earlier (`Period.earlier`).
- If it includes today, only as much of the earlier one counts: up to this time of its last day (`up_to`). Visits and
  visitors are known by the hour. Shares don't grow in the course of a day, so they are compared with the whole earlier
  period. Bots are not known by the hour, so they are not compared until the period is over. Programs report once a day:
  of their days only whole ones are compared.
- The earlier period must have been measured as a whole (`is_measured`). Otherwise there is "no earlier data". Visits
  measured as 0 are compared.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime

from django.utils.translation import gettext as _

from dashboard.report.figures import EarlierNumbers
from dashboard.report.numbers import FIGURE_DIMENSIONS, period_numbers, totals_of
from dashboard.report.page_state import PageState
from dashboard.report.subject import Subject
from dashboard.visits.periods import Period
from dashboard.visits.results import PlatformDay, Total, read_through
from dashboard.visits.source import VisitSource


def is_measured(start: date, first_day: date | None) -> bool:
    """Tell whether all days from `start` on were measured. `first_day` is that of the first visit or report.

    That day itself was not: counting began in the course of it. A morning would be compared with no morning at all.
    """
    return first_day is not None and first_day < start


def up_to(clock: datetime, whole_days: int, by_hour: Mapping[str, int]) -> int:
    """Return the count of some whole days, and of one day more up to the time of `clock`.

    `by_hour` is the count of that day by hour, `00` to `23`. The current hour counts by its minutes that have passed.
    The result is rounded once, in whole numbers, so that sums in any order are the same.
    """
    minutes = clock.hour * 60 + clock.minute
    in_minutes = sum(count * min(max(minutes - 60 * int(hour), 0), 60) for hour, count in by_hour.items())
    return whole_days + (in_minutes + 30) // 60


def label_up_to(clock: datetime, earlier: Period) -> str:
    """Name the part of the earlier period that a period with today is compared with."""
    return _("%(days)s, up to %(time)s") % {"days": earlier.label, "time": f"{clock:%H:%M}"}


def lacks_earlier_data(subject: Subject, state: PageState) -> bool:
    """Tell whether a view would be compared with a period that was not measured as a whole."""
    return state.earlier is not None and not is_measured(state.earlier.start, subject.first_day)


def earlier_numbers(
    subject: Subject, state: PageState, earlier: VisitSource | None, days_before: Sequence[PlatformDay]
) -> EarlierNumbers | None:
    """Return the numbers of the earlier period; None where there is no source for it, or it was not measured."""
    if earlier is None or lacks_earlier_data(subject, state):
        return None
    is_project = subject.is_whole_project(state)
    sums = earlier.sums(FIGURE_DIMENSIONS, with_pixels=is_project)
    reading = read_through(sums.pixels.values()) if is_project else earlier.read_through()
    numbers = period_numbers(days_before, sums, reading)
    if state.period.last_day != subject.today:
        return EarlierNumbers(numbers, earlier.period.label)
    return EarlierNumbers(
        numbers,
        earlier.period.label,
        so_far=_so_far(earlier, days_before, subject.clock),
        label_so_far=label_up_to(subject.clock, earlier.period),
    )


def comparison_note(earlier: EarlierNumbers | None) -> str:
    """Say below the figures what they are compared with; empty where nothing is compared."""
    if earlier is None:
        return ""
    return _("Visits and visitors compared with %(days)s") % {"days": earlier.counts_label}


def _so_far(earlier: VisitSource, days_before: Sequence[PlatformDay], clock: datetime) -> Total:
    """Return the visits and visitors of the earlier period up to this time of its last day."""
    whole_days = [day for day in totals_of(days_before) if day.date != earlier.period.last_day]
    visits, visitors = Counter[str](), Counter[str]()
    for hour in earlier.last_day_hours():
        visits[hour.hour] += hour.visits
        visitors[hour.hour] += hour.visitors
    return Total(
        up_to(clock, sum(day.visits for day in whole_days), visits),
        up_to(clock, sum(day.visitors for day in whole_days), visitors),
    )
