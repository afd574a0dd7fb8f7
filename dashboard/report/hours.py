"""When people read: the visits by weekday and hour as a table of shaded cells, and how hours are written."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import ceil

from django.utils.dates import WEEKDAYS, WEEKDAYS_ABBR
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from collector.models import Section
from dashboard import formatting
from dashboard.report.claims import may_claim, measured_days
from dashboard.report.subject import Subject
from dashboard.visits.periods import HOURS, Period
from dashboard.visits.results import WeekHour

SHADES = 8
BUSIEST_HOUR_OF_WEEK = (
    gettext_lazy("Busiest hour: Mondays, %(hours)s."),
    gettext_lazy("Busiest hour: Tuesdays, %(hours)s."),
    gettext_lazy("Busiest hour: Wednesdays, %(hours)s."),
    gettext_lazy("Busiest hour: Thursdays, %(hours)s."),
    gettext_lazy("Busiest hour: Fridays, %(hours)s."),
    gettext_lazy("Busiest hour: Saturdays, %(hours)s."),
    gettext_lazy("Busiest hour: Sundays, %(hours)s."),
)


@dataclass(frozen=True, slots=True)
class HoursCell:
    """The visits of one hour of a weekday; `shade` is 0 for none, up to `SHADES` for the most."""

    visits: int
    shade: int
    title: str


@dataclass(frozen=True, slots=True)
class HoursLine:
    """One weekday, or all of them together."""

    label: str
    title: str
    cells: Sequence[HoursCell]
    visits: int

    @property
    def numbers(self) -> Sequence[int]:
        return (self.visits,)


@dataclass(frozen=True, slots=True)
class HoursGrid:
    """One line for each weekday and one column for each hour, in the project's time zone.

    `busiest` names the hour with most visits in a sentence, or says that there are too few to name one.
    """

    key: str
    section: str
    title: str
    caption: str
    busiest: str
    hours: Sequence[str]
    lines: Sequence[HoursLine]
    total: HoursLine

    def table(self) -> tuple[list[str], list[list[object]]]:
        """Return its head and its rows as a spreadsheet takes them."""
        head = [_("Weekday"), *map(formatting.hour, self.hours), _("Visits")]
        rows: list[list[object]] = [
            [line.title, *[cell.visits for cell in line.cells], line.visits] for line in (*self.lines, self.total)
        ]
        return head, rows


def hours_grid(subject: Subject, period: Period, week: Counter[WeekHour]) -> HoursGrid:
    """Lay out `week`, the visits by weekday (0 is Monday) and hour, from the first day of the project's week on.

    Weekdays outside the period are left out.
    """
    first = period.first_weekday - 1
    weekdays = sorted({day.weekday() for day in period.dates()[:7]}, key=lambda weekday: (weekday - first) % 7)
    most_visits = max(week.values(), default=0)
    lines = []
    for weekday in weekdays:
        visits_by_hour = {hour: week[WeekHour(weekday, hour)] for hour in HOURS}
        lines.append(_line(str(WEEKDAYS_ABBR[weekday]), str(WEEKDAYS[weekday]), visits_by_hour, most_visits))
    of_all_days = {hour: sum(week[WeekHour(weekday, hour)] for weekday in weekdays) for hour in HOURS}
    return HoursGrid(
        "hours",
        Section.HOURS.value,
        _("When they read"),
        _("By weekday and hour in %(zone)s") % {"zone": subject.project.timezone},
        _busiest_of_week(week, measured_days(period, subject.first_day)),
        HOURS,
        lines,
        _line(_("All"), _("All days"), of_all_days, max(of_all_days.values())),
    )


def hour_range(hour: str) -> str:
    """Write an hour from its start to its end, such as `09:00-10:00` with a dash."""
    return f"{formatting.hour(hour)}{formatting.DASH}{formatting.hour(f'{(int(hour) + 1) % 24:02}')}"


def busiest_hour(visits_by_hour: Mapping[str, int], days: int) -> str:
    """Return the hour of the day with most visits, the first of equals; empty with too few visits or measured days."""
    if not may_claim(sum(visits_by_hour.values()), days):
        return ""
    return max(sorted(visits_by_hour), key=lambda hour: visits_by_hour[hour])


def _line(label: str, title: str, visits_by_hour: Mapping[str, int], most_visits: int) -> HoursLine:
    language = formatting.active()
    cells = []
    for hour, visits in visits_by_hour.items():
        shade = ceil(visits * SHADES / most_visits) if most_visits else 0
        cells.append(HoursCell(visits, shade, f"{title}, {hour_range(hour)}: {formatting.exact(visits, language)}"))
    return HoursLine(label, title, cells, sum(visits_by_hour.values()))


def _busiest_of_week(week: Counter[WeekHour], days: Sequence[date]) -> str:
    """Name the busiest hour in a sentence, by its mean over the weekdays of the measured days. Empty without visits.

    Where it is as busy on two weekdays or at two hours, the busiest hour of all days together is named.
    """
    if not week.total():
        return ""
    if not may_claim(week.total(), len(days)):
        return _("Too few visits or days to say when most reading happens.")
    number_of = Counter(day.weekday() for day in days)
    means = {week_hour: visits / max(number_of[week_hour.weekday], 1) for week_hour, visits in week.items() if visits}
    busiest, *others = sorted(means, key=lambda week_hour: -means[week_hour])[:2]
    if not others or means[busiest] > means[others[0]]:
        return str(BUSIEST_HOUR_OF_WEEK[busiest.weekday]) % {"hours": hour_range(busiest.hour)}
    of_all_days = Counter[str]()
    for week_hour, visits in week.items():
        of_all_days[week_hour.hour] += visits
    return _("Busiest hour: %(hours)s.") % {"hours": hour_range(busiest_hour(of_all_days, len(days)))}
