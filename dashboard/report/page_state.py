"""What the address of a page asks for: its range, unit and comparison, its filters, and which list in full.

All of a page's state is in its query string, so that a view can be bookmarked and shared, and links between views are
query strings alone: they work wherever the page stands. Whatever the query string says, a page gets a `PageState`: what
can't be read is left out, with a notice that says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from dashboard.visits.filters import NO_FILTERS, Filters, positive_number, read_filters
from dashboard.visits.periods import Bucket, Comparison, Period, PeriodForm

MAX_PAGE = 100_000


@dataclass(frozen=True)
class PageState:
    """What a page shows. `full` names the one list that it shows whole, from page number `number` on.

    `rows` is how many rows of that list a page has, 0 where that is for the list to say. `asked` is the period of the
    address, where not all of that can be shown.
    """

    period: Period
    comparison: Comparison = Comparison.PREVIOUS
    filters: Filters = NO_FILTERS
    is_line: bool = False
    full: str = ""
    number: int = 1
    rows: int = 0
    notices: tuple[str, ...] = ()
    asked: Period | None = None

    @property
    def earlier(self) -> Period | None:
        """Return the period that this one is compared with; before all of time there was none."""
        return None if self.period.name == "all" else self.period.earlier(self.comparison)

    @property
    def addressed(self) -> Period:
        """Return the period that its address names."""
        return self.asked or self.period

    def parameters(self) -> dict[str, str]:
        """Return all that the address must say to ask for this view again, without `full`."""
        period = self.addressed
        asked = {"range": period.name} if period.name else {"start": f"{period.start}", "end": f"{period.last_day}"}
        if period.unit:
            asked["by"] = period.unit.value
        if self.comparison is not Comparison.PREVIOUS:
            asked["compare"] = self.comparison.value
        if self.is_line:
            asked["trend"] = "line"
        return asked | self.filters.parameters()

    @cached_property
    def _parameters(self) -> Mapping[str, str]:
        return self.parameters()  # for the sixty links of a page

    def link(self, *without: str, **changes: str) -> str:
        """Return the address of this view with some parameters left out and others changed, such as `?range=30d`."""
        kept = {key: value for key, value in self._parameters.items() if key not in without}
        return f"?{urlencode(kept | changes)}"

    def links(self, parameter: str) -> str:
        """Return what links to this view with other values of a parameter begin with; a value, quoted, ends them."""
        others = self.link(parameter)
        return f"{others}&{parameter}=" if len(others) > 1 else f"?{parameter}="

    @property
    def query(self) -> str:
        """Return the query string that asks for this view again."""
        return self.link()[1:]


def read_page_state(
    asked: Mapping[str, Any], *, today: date, first_day: date | None, sections: bool = True
) -> PageState:
    """Read the query string of a page; `today` and `first_day` as `PeriodForm` has them. Never raises."""
    form = PeriodForm(asked, today=today, first_day=first_day)
    period = form.period()
    notices = [form.notice] if form.notice else []
    unit = asked.get("by", "")
    if unit in period.offered_buckets():
        period = replace(period, unit=Bucket(unit))
    elif unit:
        notices.append(_("This range can't be drawn by “%(unit)s”.") % {"unit": unit[:40]})
    compared = asked.get("compare", "") or Comparison.PREVIOUS
    if compared not in set(Comparison):
        notices.append(_("The address names no comparison that there is: this is the period before."))
        compared = Comparison.PREVIOUS
    filters, ignored = read_filters(asked)
    notices += [
        _("The filter “%(name)s” in the address can't be read, and was left out.") % {"name": name} for name in ignored
    ]
    return PageState(
        period=period,
        comparison=Comparison(compared),
        filters=filters,
        is_line=asked.get("trend") == "line",
        full=asked.get("all", "")[:40],
        number=positive_number(asked.get("page_number", ""), MAX_PAGE) or 1,
        notices=tuple(notices),
    )
