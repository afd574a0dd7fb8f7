"""Conditions that visits must meet, and how a query string names them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy

from collector.models import Dimension

UNKNOWN = "(unknown)"  # in an address, the value of what is not known
MAX_VALUE = 255  # characters, as `DailyCount` has room for
MAX_ID = 2**31 - 1
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


NO_FILTERS = Filters()


def read_filters(asked: Mapping[str, Any]) -> tuple[Filters, list[Any]]:
    """Return the filters of an address, and the names of those that can't be read."""
    ignored: list[Any] = []
    pixel_id = None
    if asked.get(PIXEL_FILTER):
        pixel_id = positive_number(asked[PIXEL_FILTER], MAX_ID)
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


def positive_number(text: str, most: int) -> int | None:
    """Return the positive number that `text` writes, up to `most`; None where it writes none."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 10):
        return None
    number = int(text)
    return number if 0 < number <= most else None
