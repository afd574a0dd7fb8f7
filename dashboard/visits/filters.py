"""Conditions that visits must meet, and how a query string names them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy

from collector.models import Dimension
from collector.storage.campaigns import CAMPAIGN_DIMENSIONS, PARAMETERS

UNKNOWN = "(unknown)"  # stands in a query string for the empty string, which the counts have for unknown
MAX_VALUE = 255  # characters of `DailyCount.value`
MAX_ID = 2**31 - 1
_UNSTORABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")

# The parameters of a query string. The rollup answers the first two, all others need raw hits.
PIXEL_FILTER, PLATFORM_FILTER = "article", "platform"
CAMPAIGN_FILTERS = {PARAMETERS[dimension]: dimension for dimension in CAMPAIGN_DIMENSIONS}
DIMENSION_FILTERS = {
    "country": Dimension.COUNTRY,
    "language": Dimension.LANGUAGE,
    "device": Dimension.DEVICE,
    "browser": Dimension.BROWSER,
    "os": Dimension.OS,
    "page": Dimension.PAGE,
    "elsewhere": Dimension.ELSEWHERE,
    **CAMPAIGN_FILTERS,
}
NEVER_UNKNOWN = frozenset({"elsewhere", *CAMPAIGN_FILTERS})  # counted where a hit has one: `UNKNOWN` is a name here
FILTER_NAMES = {  # in the order in which a view shows its filters
    PIXEL_FILTER: gettext_lazy("Article"),
    PLATFORM_FILTER: gettext_lazy("Platform"),
    "country": gettext_lazy("Country"),
    "language": gettext_lazy("Language"),
    "device": gettext_lazy("Device"),
    "browser": gettext_lazy("Browser"),
    "os": gettext_lazy("System"),
    "page": gettext_lazy("Page"),
    "elsewhere": gettext_lazy("Seen elsewhere"),
    "utm_campaign": gettext_lazy("Campaign"),
    "utm_source": gettext_lazy("Campaign source"),
    "utm_medium": gettext_lazy("Campaign medium"),  # never just "Medium", which is a platform
    "utm_term": gettext_lazy("Campaign term"),
    "utm_content": gettext_lazy("Campaign content"),
    "utm_id": gettext_lazy("Campaign ID"),
}


@dataclass(frozen=True, slots=True)
class Filters:
    """Values that visits must have, as the counts have them: an empty string means unknown."""

    pixel_id: int | None = None
    platform: str | None = None
    values: tuple[tuple[Dimension, str], ...] = ()

    @property
    def need_hits(self) -> bool:
        """Whether only raw hits can answer: the counts can be filtered by article and platform alone."""
        return bool(self.values)

    def parameters(self) -> dict[str, str]:
        """Return the filters as parameters of a query string."""
        parameters = {}
        if self.pixel_id is not None:
            parameters[PIXEL_FILTER] = str(self.pixel_id)
        if self.platform is not None:
            parameters[PLATFORM_FILTER] = self.platform
        names = {dimension: name for name, dimension in DIMENSION_FILTERS.items()}
        for dimension, value in self.values:
            parameters[names[dimension]] = value or UNKNOWN
        return parameters


NO_FILTERS = Filters()


def read_filters(parameters: Mapping[str, Any]) -> tuple[Filters, list[Any]]:
    """Return the filters of a query string, and the names of the filters that are not valid."""
    invalid: list[Any] = []
    pixel_id = None
    if parameters.get(PIXEL_FILTER):
        pixel_id = positive_number(parameters[PIXEL_FILTER], MAX_ID)
        if pixel_id is None:
            invalid.append(FILTER_NAMES[PIXEL_FILTER])
    values = {}
    for name in (PLATFORM_FILTER, *DIMENSION_FILTERS):
        value = parameters.get(name, "")
        if len(value) > MAX_VALUE or _UNSTORABLE.search(value):
            invalid.append(FILTER_NAMES[name])
        elif value:
            values[name] = value
    platform = values.pop(PLATFORM_FILTER, None)  # never unknown: every visit has a platform
    of_dimensions = tuple(
        (DIMENSION_FILTERS[name], "" if value == UNKNOWN and name not in NEVER_UNKNOWN else value)
        for name, value in values.items()
    )
    return Filters(pixel_id, platform, of_dimensions), invalid


def positive_number(text: str, most: int) -> int | None:
    """Return the positive decimal number in `text`, None if it is anything else or above `most`."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 10):
        return None
    number = int(text)
    return number if 0 < number <= most else None
