"""What the address of a page asks for: its range, unit and comparison, its filters, and which list in full.

All of a page's state is in its query string, so that a view can be bookmarked and shared, and links between views are
query strings alone: they work wherever the page stands. Whatever the query string says, a page gets a `View`: what
can't be read is left out, with a notice that says so.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from collector.models import Dimension
from dashboard.visits.periods import Bucket, Comparison, Period, PeriodForm

UNKNOWN = "(unknown)"  # in an address, the value of what is not known
MAX_VALUE = 255  # characters, as `DailyCount` has room for
MAX_ID = 2**31 - 1
MAX_PAGE = 100_000
_UNSTORABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")

# What a page is filtered by, in the order of the chips. The first two are answered from the counts.
PIXEL_FILTER, PLATFORM_FILTER = "article", "platform"
DIMENSION_FILTERS = {
    "country": Dimension.COUNTRY,
    "language": Dimension.LANGUAGE,
    "device": Dimension.DEVICE,
    "browser": Dimension.BROWSER,
    "os": Dimension.OS,
    "page": Dimension.PAGE,
    "elsewhere": Dimension.ELSEWHERE,
}
FILTER_NAMES = {
    PIXEL_FILTER: gettext_lazy("Article"),
    PLATFORM_FILTER: gettext_lazy("Platform"),
    "country": gettext_lazy("Country"),
    "language": gettext_lazy("Language"),
    "device": gettext_lazy("Device"),
    "browser": gettext_lazy("Browser"),
    "os": gettext_lazy("System"),
    "page": gettext_lazy("Page"),
    "elsewhere": gettext_lazy("Seen elsewhere"),
}


@dataclass(frozen=True, slots=True)
class Filters:
    """Values that visits must have, as the counts write them: an empty string stands for unknown."""

    pixel_id: int | None = None
    platform: str | None = None
    values: tuple[tuple[Dimension, str], ...] = ()

    @property
    def need_hits(self) -> bool:
        """Whether the counts can't answer: they know articles and platforms alone."""
        return bool(self.values)

    def parameters(self) -> dict[str, str]:
        """Return them as an address has them."""
        asked = {}
        if self.pixel_id is not None:
            asked[PIXEL_FILTER] = str(self.pixel_id)
        if self.platform is not None:
            asked[PLATFORM_FILTER] = self.platform
        keys = {dimension: key for key, dimension in DIMENSION_FILTERS.items()}
        return asked | {keys[dimension]: value or UNKNOWN for dimension, value in self.values}


@dataclass(frozen=True)
class View:
    """What a page shows. `full` names the one list that it shows whole, from page number `number` on.

    `rows` is how many rows of that list a page has, 0 where that is for the list to say. `asked` is the period of the
    address, where not all of that can be shown.
    """

    period: Period
    comparison: Comparison = Comparison.PREVIOUS
    filters: Filters = Filters()
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


def view(asked: Mapping[str, Any], *, today: date, first_day: date | None, sections: bool = True) -> View:
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
    filters, ignored = _filters(asked)
    notices += [
        _("The filter “%(name)s” in the address can't be read, and was left out.") % {"name": name} for name in ignored
    ]
    return View(
        period=period,
        comparison=Comparison(compared),
        filters=filters,
        is_line=asked.get("trend") == "line",
        full=asked.get("all", "")[:40],
        number=_number(asked.get("page_number", ""), MAX_PAGE) or 1,
        notices=tuple(notices),
    )


def _filters(asked: Mapping[str, Any]) -> tuple[Filters, list[Any]]:
    """Return the filters of an address, and the names of those that can't be read."""
    ignored: list[Any] = []
    pixel_id = None
    if asked.get(PIXEL_FILTER):
        pixel_id = _number(asked[PIXEL_FILTER], MAX_ID)
        if pixel_id is None:
            ignored.append(FILTER_NAMES[PIXEL_FILTER])
    values = {}
    for key in (PLATFORM_FILTER, *DIMENSION_FILTERS):
        value = asked.get(key, "")
        if not value:
            continue
        if len(value) > MAX_VALUE or _UNSTORABLE.search(value):
            ignored.append(FILTER_NAMES[key])
        else:
            values[key] = "" if value == UNKNOWN and key != PLATFORM_FILTER else value  # a platform is always known
    platform = values.pop(PLATFORM_FILTER, None)
    return Filters(pixel_id, platform, tuple((DIMENSION_FILTERS[key], value) for key, value in values.items())), ignored


def _number(text: str, most: int) -> int | None:
    """Return the positive number that `text` writes, up to `most`; None where it writes none."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 10):
        return None
    number = int(text)
    return number if 0 < number <= most else None
