"""The key figures of a program: installations that are active, new and back, and the share on the newest version."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from collector.programs.windows import DAY, Window
from dashboard import formatting
from dashboard.report.changes import Change, count_change, no_earlier_data, share_change
from dashboard.report.comparison import is_measured
from dashboard.report.figures import Figure
from dashboard.report.program.panel import installations
from dashboard.report.program.subject import ProgramSubject, days_label
from dashboard.usage.actives import Actives
from dashboard.usage.results import Newcomers
from dashboard.visits.periods import Comparison, Period


@dataclass(frozen=True, slots=True)
class NewestShare:
    """How many of the installations active in a window run the newest version."""

    on_newest: int
    active: int

    @property
    def share(self) -> float | None:
        return self.on_newest / self.active if self.active else None


@dataclass(frozen=True, slots=True)
class FigureNumbers:
    """What the figures are made of. `actives_before` has the reports of the windows that are compared with.

    `newcomers_before` are those of the earlier period's days. What is not compared is None.
    """

    actives: Actives
    actives_before: Actives | None
    newcomers_before: Newcomers | None
    newest: NewestShare
    newest_before: NewestShare | None


def program_figures(
    subject: ProgramSubject, numbers: FigureNumbers, comparison: Comparison, earlier: Period | None
) -> Sequence[Figure]:
    """Return the figures, each with its change. Of a period that includes today, only whole days are compared."""
    maker = _Maker(subject, numbers, comparison, earlier)
    return (maker.day(), maker.days(7), maker.days(28), maker.new(), maker.back(), maker.newest())


def comparison_note(subject: ProgramSubject, comparison: Comparison) -> str:
    """Say that the changes leave out today, which the figures count; empty where they don't."""
    if comparison is Comparison.NONE or not subject.is_today_shown:
        return ""
    return _("Changes compare whole days, up to %(day)s") % {"day": formatting.day(subject.last_whole_day, "yMMMd")}


@dataclass(frozen=True, slots=True)
class _Maker:
    subject: ProgramSubject
    numbers: FigureNumbers
    comparison: Comparison
    earlier: Period | None

    def day(self) -> Figure:
        subject = self.subject
        active = self.numbers.actives.on(subject.last_day)
        note = _("today so far (UTC)") if subject.is_today_shown else formatting.day(subject.last_day, "yMMMEd")
        change = None if subject.is_today_shown else self._window_change(1)
        return _figure("day", _("Active in a day"), active, note, change)

    def days(self, days: int) -> Figure:
        window = Window.to(self.subject.last_day, days)
        labels = {7: _("Active in 7 days"), 28: _("Active in 28 days")}
        return _figure(
            f"days_{days}",
            labels[days],
            self.numbers.actives.active(window),
            days_label(window),
            self._window_change(days),
        )

    def new(self) -> Figure:
        new = self._newcomers().new
        change = self._newcomers_change(lambda newcomers: newcomers.new)
        return _figure("new", _("New"), new, _("first report in this range"), change)

    def back(self) -> Figure:
        back = self._newcomers().back
        change = self._newcomers_change(lambda newcomers: newcomers.back)
        return _figure("back", _("Back after a pause"), back, _("of more than 28 days"), change)

    def newest(self) -> Figure:
        newest = self.subject.program.versions.newest
        numbers = self.numbers.newest
        if not newest:
            note, change = _("no newest version is declared"), None
        else:
            note = _("%(version)s, of those active in 7 days") % {"version": newest}
            change = self._newest_change()
        text = formatting.UNSEEN if not newest or numbers.share is None else formatting.percent(numbers.share)
        return Figure("newest", _("On the newest version"), text, numbers.on_newest, note, change, installations())

    def _newcomers(self) -> Newcomers:
        return self.numbers.actives.newcomers(self.subject.period.start, self.subject.period.end)

    def _earlier_window(self, days: int) -> Window:
        return earlier_window(self.subject, self.earlier if self.comparison is Comparison.YEAR else None, days)

    def _window_change(self, days: int) -> Change | None:
        """Compare the window that ends with the last whole day with the one before it, or that of a year earlier."""
        window, before = self._earlier_window(days), self.numbers.actives_before
        if before is None:
            return None
        if not is_measured(window.start, self.subject.first_day):
            return no_earlier_data()
        now = self.numbers.actives.to(self.subject.last_whole_day, days)
        return count_change(now, before.active(window), days_label(window))

    def _newest_change(self) -> Change | None:
        window, before = self._earlier_window(7), self.numbers.newest_before
        if self.comparison is Comparison.NONE:
            return None
        if not is_measured(window.start, self.subject.first_day):
            return no_earlier_data()
        return share_change(self.numbers.newest.share, before.share, days_label(window)) if before else None

    def _newcomers_change(self, number: Callable[[Newcomers], int]) -> Change | None:
        """Compare the whole days of the period with as many of the earlier one."""
        if self.earlier is None:
            return None
        period, days = self.subject.period, whole_days_before(self.subject, self.earlier)
        if days.days and not is_measured(days.start, self.subject.first_day):
            return no_earlier_data()
        before = self.numbers.newcomers_before
        if before is None:
            return None
        now = self.numbers.actives.newcomers(period.start, self.subject.last_whole_day + DAY)
        return count_change(number(now), number(before), formatting.days(days.start, days.last_day))


def whole_days_before(subject: ProgramSubject, earlier: Period) -> Period:
    """Return as many days of the earlier period as the period has whole days."""
    return Period(earlier.start, earlier.start + (subject.last_whole_day + DAY - subject.period.start))


def earlier_window(subject: ProgramSubject, year_earlier: Period | None, days: int) -> Window:
    """Return the window that the one to the last whole day is compared with: the one before it, for a day that of the
    week before. With `year_earlier`, it is the one that ends with the same day of that period.
    """
    last_day = subject.last_whole_day
    if year_earlier is not None:
        return Window.to(year_earlier.last_day - (subject.last_day - last_day), days)
    return Window.to(last_day - max(days, 7) * DAY, days)


def _figure(key: str, label: str, number: int, note: str, change: Change | None) -> Figure:
    return Figure(key, label, formatting.short(number), number, note, change, installations())
