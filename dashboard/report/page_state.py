"""What the address of a view asks for: its range, unit and comparison, its filters, and which list to show whole.

All of a view's state is in its query string. So every state can be bookmarked and shared, and links between states are
only query strings, which work at any address. Any query string gives a `PageState`: what can't be read is ignored, with
a notice that says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from dashboard.visits.filters import NO_FILTERS, Filters, positive_number, read_filters
from dashboard.visits.periods import MONDAY, Bucket, Comparison, Period, PeriodForm

MAX_PAGE = 100_000
PERIOD_PARAMETERS = ("range", "start", "end", "by")


@dataclass(frozen=True)
class PageState:
    """What a view shows.

    `full_list` names the one list that it shows whole, `page_number` the part of its pagination, and
    `rows_per_page` the length of a part, 0 for the usual number. `cut_from` is the period that the address names, where
    only a part of it can be shown.
    """

    period: Period
    comparison: Comparison = Comparison.PREVIOUS
    filters: Filters = NO_FILTERS
    is_line: bool = False
    full_list: str = ""
    page_number: int = 1
    rows_per_page: int = 0
    notices: tuple[str, ...] = ()
    cut_from: Period | None = None

    @property
    def earlier(self) -> Period | None:
        """Return the period that this one is compared with. All of time has no period before it."""
        return None if self.period.name == "all" else self.period.earlier(self.comparison)

    @property
    def requested_period(self) -> Period:
        """Return the period that the address names."""
        return self.cut_from or self.period

    def cut_to(self, period: Period) -> "PageState":
        """Return this state for the part of its period that can be shown."""
        return self if period == self.period else replace(self, period=period, cut_from=self.period)

    def parameters(self) -> dict[str, str]:
        """Return the parameters of an address that asks for this state again, without its full list."""
        period = self.requested_period
        if period.name:
            parameters = {"range": period.name}
        else:
            parameters = {"start": f"{period.start}", "end": f"{period.last_day}"}
        if period.unit:
            parameters["by"] = period.unit.value
        if self.comparison is not Comparison.PREVIOUS:
            parameters["compare"] = self.comparison.value
        if self.is_line:
            parameters["trend"] = "line"
        return parameters | self.filters.parameters()

    @cached_property
    def _parameters(self) -> Mapping[str, str]:
        return self.parameters()  # once for the sixty links of a view

    def link(self, *without: str, **changes: str) -> str:
        """Return the address of this state with some parameters left out and others changed, such as `?range=30d`."""
        kept = {name: value for name, value in self._parameters.items() if name not in without}
        return f"?{urlencode(kept | changes)}"

    def links(self, parameter: str) -> str:
        """Return the start of all links that change only this parameter. Its value, quoted, completes one."""
        others = self.link(parameter)
        return f"{others}&{parameter}=" if len(others) > 1 else f"?{parameter}="

    @property
    def query(self) -> str:
        """Return the query string that asks for this state again."""
        return self.link()[1:]

    @property
    def all_time_url(self) -> str:
        return self.link(*PERIOD_PARAMETERS, range="all")

    @property
    def kept_parameters(self) -> list[tuple[str, str]]:
        """Return the parameters that the form for other dates keeps."""
        return [(name, value) for name, value in self.parameters().items() if name not in PERIOD_PARAMETERS]


def read_page_state(
    parameters: Mapping[str, Any],
    *,
    today: date,
    first_day: date | None,
    first_weekday: int = MONDAY,
    rows_per_page: int = 0,
) -> PageState:
    """Read the query string of a view; the days as `PeriodForm` takes them. Never raises."""
    form = PeriodForm(parameters, today=today, first_day=first_day, first_weekday=first_weekday)
    period = form.period()
    notices = [form.notice] if form.notice else []
    unit = parameters.get("by", "")
    if unit in period.offered_buckets():
        period = replace(period, unit=Bucket(unit))
    elif unit:
        notices.append(_("This range can't be drawn by “%(unit)s”.") % {"unit": unit[:40]})
    comparison = parameters.get("compare", "") or Comparison.PREVIOUS
    if comparison not in set(Comparison):
        notices.append(_("The address names an unknown comparison. Compared with the period before instead."))
        comparison = Comparison.PREVIOUS
    filters, ignored = read_filters(parameters)
    notices += [
        _("The filter “%(name)s” in the address is invalid and was ignored.") % {"name": name} for name in ignored
    ]
    return PageState(
        period=period,
        comparison=Comparison(comparison),
        filters=filters,
        is_line=parameters.get("trend") == "line",
        full_list=parameters.get("all", "")[:40],
        page_number=positive_number(parameters.get("page_number", ""), MAX_PAGE) or 1,
        rows_per_page=rows_per_page,
        notices=tuple(notices),
    )
