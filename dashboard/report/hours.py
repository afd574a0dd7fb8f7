"""When they read: the visits by weekday and hour, as a table of shaded cells."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.dates import WEEKDAYS, WEEKDAYS_ABBR
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from collector.models import Project, Section
from dashboard import formatting
from dashboard.report.panels.panel import to_the_next
from dashboard.visits.periods import HOURS, Period
from dashboard.visits.results import WeekHour

SHADES = 8
BEST_HOUR_OF_WEEK = (
    gettext_lazy("Most reading happens on Mondays, %(hours)s."),
    gettext_lazy("Most reading happens on Tuesdays, %(hours)s."),
    gettext_lazy("Most reading happens on Wednesdays, %(hours)s."),
    gettext_lazy("Most reading happens on Thursdays, %(hours)s."),
    gettext_lazy("Most reading happens on Fridays, %(hours)s."),
    gettext_lazy("Most reading happens on Saturdays, %(hours)s."),
    gettext_lazy("Most reading happens on Sundays, %(hours)s."),
)


@dataclass(frozen=True, slots=True)
class Cell:
    """The visits of one hour of a weekday; `shade` is 0 for none, up to `SHADES` for the most."""

    visits: int
    shade: int
    title: str


@dataclass(frozen=True, slots=True)
class Line:
    """One weekday, or all of them together."""

    label: str
    title: str
    cells: Sequence[Cell]
    visits: int

    @property
    def numbers(self) -> Sequence[int]:
        return (self.visits,)


@dataclass(frozen=True, slots=True)
class Grid:
    """A weekday a line, an hour a column, in the project's time zone. `best` names the hour with most visits."""

    key: str
    section: str
    title: str
    caption: str
    best: str
    hours: Sequence[str]
    lines: Sequence[Line]
    total: Line

    def table(self) -> tuple[list[str], list[list[object]]]:
        """Return its head and its rows as a spreadsheet takes them."""
        head = [_("Weekday"), *map(formatting.hour, self.hours), _("Visits")]
        rows: list[list[object]] = [
            [line.title, *[cell.visits for cell in line.cells], line.visits] for line in (*self.lines, self.total)
        ]
        return head, rows


def hours_grid(project: Project, period: Period, week: Counter[WeekHour]) -> Grid:
    """Set out `week`, the visits by weekday (0 for Monday) and hour; weekdays that the period lacks are left out."""
    weekdays = sorted({day.weekday() for day in period.dates()[:7]})
    most, language = max(week.values(), default=0), formatting.active()
    lines = []
    for weekday in weekdays:
        name = str(WEEKDAYS[weekday])
        cells = [_cell(name, hour, week[WeekHour(weekday, hour)], most, language) for hour in HOURS]
        lines.append(Line(str(WEEKDAYS_ABBR[weekday]), name, cells, sum(cell.visits for cell in cells)))
    by_hour = Counter({hour: sum(week[WeekHour(weekday, hour)] for weekday in weekdays) for hour in HOURS})
    most_by_hour = max(by_hour.values(), default=0)
    every = _("All days")
    cells = [_cell(every, hour, by_hour[hour], most_by_hour, language) for hour in HOURS]
    return Grid(
        "hours",
        Section.HOURS.value,
        _("When they read"),
        _("By weekday and hour in %(zone)s") % {"zone": project.timezone},
        _best(week, period),
        HOURS,
        lines,
        Line(_("All"), every, cells, by_hour.total()),
    )


def _best(week: Counter[WeekHour], period: Period) -> str:
    """Name the best hour in a sentence, by its mean over the weekdays of the period; the first of equals."""
    if not week or not max(week.values()):
        return ""
    days = Counter(day.weekday() for day in period.dates())
    weekday, hour = max(sorted(week), key=lambda at: week[at] / max(days[at.weekday], 1))
    if period.days < 7:
        return _("Most reading happened %(hours)s.") % {"hours": to_the_next(hour)}
    return str(BEST_HOUR_OF_WEEK[weekday]) % {"hours": to_the_next(hour)}


def _cell(name: str, hour: str, visits: int, most: int, language: str) -> Cell:
    shade = -(-visits * SHADES // most) if most else 0
    return Cell(visits, shade, f"{name}, {to_the_next(hour)}: {formatting.exact(visits, language)}")
