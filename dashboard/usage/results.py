"""The answers to questions about reports."""

from datetime import date
from typing import NamedTuple


class Turnout(NamedTuple):
    """The installations that were active in some days, by what their first report in them said.

    `new` reported for the first time, `back` after a pause of more than 28 days, `returning` are all others.
    """

    new: int
    back: int
    returning: int

    @property
    def active(self) -> int:
        return self.new + self.back + self.returning


class Newcomers(NamedTuple):
    """The installations that reported for the first time, and how often one came back after a pause."""

    new: int
    back: int


class CohortWeek(NamedTuple):
    """The installations of a cohort that were active in a week. Both weeks are named by their Monday."""

    cohort: date
    week: date
    installations: int


class Upgrade(NamedTuple):
    """The installations that reported version `new` after version `old`."""

    old: str
    new: str
    installations: int


class EventUse(NamedTuple):
    """An event's use in a window: `reach` is the installations that used it, `number` how often they did."""

    reach: int
    number: int


class PropertyValue(NamedTuple):
    """A value of a property, or a bin of a histogram (`2`), and how often it was used."""

    event: str
    name: str
    value: str
    number: int


class Properties(NamedTuple):
    """The values of choices, flags and versions, and the bins of histograms, in no order."""

    values: list[PropertyValue]
    bins: list[PropertyValue]


class Runs(NamedTuple):
    """What shells reported: runs by event (empty if they named none) and by version."""

    events: dict[str, int]
    versions: dict[str, int]

    @property
    def number(self) -> int:
        return sum(self.events.values())


class ProgramActives(NamedTuple):
    """The installations of one program that were active in the last 7 and in the last 28 days."""

    days_7: int
    days_28: int
