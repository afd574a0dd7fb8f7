"""What is public about one week of a program, as it is stored and as others can read it."""

from collections.abc import Mapping

import msgspec

from collector.programs.small_counts import Number, PublishedTable, merge_small

UNKNOWN = "unknown"  # a version, a system … that is none of the known ones; “other” stands for merged values
# By panel of `forms.PUBLIC_PANELS` that has tables by value: what their values are of, as labels of `ReportDimension`.
FIELDS_OF_PANEL: Mapping[str, tuple[str, ...]] = {
    "versions": ("version",),
    "systems": ("os", "arch", "runtime"),
    "countries": ("country",),
}


class PublishedInstallations(msgspec.Struct, frozen=True):
    """The installations that were active in a week. None if they were too few; then there are no tables.

    `tables` is by field: `version`, `os`, `arch`, `runtime`, `country`.
    """

    installations: Number | None
    tables: dict[str, PublishedTable]


class PublishedEvent(msgspec.Struct, frozen=True):
    """An event, how many installations used it in a week, and how often."""

    event: str
    installations: Number
    uses: Number


class PublishedEvents(msgspec.Struct, frozen=True):
    """The events that enough installations used, the most frequent first."""

    events: tuple[PublishedEvent, ...]


def published_table(counts: dict[str, int], other: str) -> PublishedTable:
    """Return what may be published of a table. `other` is the value that stands for unknown ones in it."""
    return merge_small({UNKNOWN if value == other else value: count for value, count in counts.items()})
