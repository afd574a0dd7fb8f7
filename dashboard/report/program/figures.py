"""The key figures of a program: installations that are active, new and back, and the share on the newest version."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from dashboard import formatting
from dashboard.report.changes import Change, count_change, share_change
from dashboard.report.figures import Figure
from dashboard.report.program.panel import installations
from dashboard.report.program.subject import ProgramSubject, days_label
from dashboard.usage.actives import Actives
from dashboard.usage.windows import DAY, Window
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
    """What the figures are made of. `earlier_actives` has the reports of the days a year earlier, if that is compared.

    `newest_before` is None where nothing is compared.
    """

    actives: Actives
    earlier_actives: Actives
    newest: NewestShare
    newest_before: NewestShare | None


def program_figures(
    subject: ProgramSubject, numbers: FigureNumbers, comparison: Comparison, earlier: Period | None
) -> Sequence[Figure]:
    """Return the figures, each with its change. Of a period that includes today, only whole days are compared."""
    maker = _Maker(subject, numbers, comparison, earlier)
    return (maker.day(), maker.days(7), maker.days(28), maker.new(), maker.back(), maker.newest())


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
        period, actives = self.subject.period, self.numbers.actives
        new = actives.new(period.start, period.end)
        return _figure("new", _("New"), new, _("first report in this range"), self._sum_change("new"))

    def back(self) -> Figure:
        period, actives = self.subject.period, self.numbers.actives
        back = actives.back(period.start, period.end)
        return _figure("back", _("Back after a pause"), back, _("of more than 28 days"), self._sum_change("back"))

    def newest(self) -> Figure:
        newest = self.subject.program.versions.newest
        numbers = self.numbers.newest
        if not newest:
            note, change = _("no newest version is declared"), None
        else:
            note = _("%(version)s, of those active in 7 days") % {"version": newest}
            before = self.numbers.newest_before
            label = days_label(self._earlier_window(7))
            change = share_change(numbers.share, before.share, label) if before else None
        text = formatting.UNSEEN if not newest or numbers.share is None else formatting.percent(numbers.share)
        return Figure("newest", _("On the newest version"), text, numbers.on_newest, note, change, installations())

    def _reference(self) -> date:
        """Return the last whole day of the period."""
        return self.subject.last_day - DAY if self.subject.is_today_shown else self.subject.last_day

    def _earlier_window(self, days: int) -> Window:
        return earlier_window(self.subject, self.comparison, self.earlier, days, self._reference())

    def _window_change(self, days: int) -> Change | None:
        """Compare the window that ends with the last whole day with the one before it, or that of a year earlier."""
        if self.comparison is Comparison.NONE:
            return None
        window = self._earlier_window(days)
        if window.last_day < self.subject.first_day:
            return None
        is_year = self.comparison is Comparison.YEAR and self.earlier is not None
        before = (self.numbers.earlier_actives if is_year else self.numbers.actives).active(window)
        return count_change(self.numbers.actives.to(self._reference(), days), before, days_label(window))

    def _sum_change(self, name: str) -> Change | None:
        """Compare the whole days of the period with as many of the earlier one."""
        period = self.subject.period
        days = (self._reference() + DAY - period.start).days
        if self.earlier is None or days < 1:
            return None
        end = self.earlier.start + days * DAY
        if end <= self.subject.first_day:
            return None
        count: Mapping[str, tuple[int, int]] = {
            "new": (
                self.numbers.actives.new(period.start, period.start + days * DAY),
                self.numbers.earlier_actives.new(self.earlier.start, end),
            ),
            "back": (
                self.numbers.actives.back(period.start, period.start + days * DAY),
                self.numbers.earlier_actives.back(self.earlier.start, end),
            ),
        }
        return count_change(*count[name], formatting.days(self.earlier.start, end - DAY))


def earlier_window(
    subject: ProgramSubject, comparison: Comparison, earlier: Period | None, days: int, reference: date
) -> Window:
    """Return the window that one ending with `reference` is compared with: the one before it, a week earlier for a day.

    With a year earlier, it is as many days before the end of the earlier period as `reference` is before the end of
    the period.
    """
    if comparison is Comparison.YEAR and earlier is not None:
        return Window.to(earlier.last_day - (subject.last_day - reference), days)
    return Window.to(reference - max(days, 7) * DAY, days)


def _figure(key: str, label: str, number: int, note: str, change: Change | None) -> Figure:
    return Figure(key, label, formatting.short(number), number, note, change, installations())
