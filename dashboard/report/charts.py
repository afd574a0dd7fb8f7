"""What every chart is made of: points, series, and the table under it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.utils.translation import pgettext_lazy

from dashboard.visits.periods import Bucket

BUCKET_NAMES = {
    Bucket.HOUR: pgettext_lazy("unit of a chart", "Hour"),
    Bucket.DAY: pgettext_lazy("unit of a chart", "Day"),
    Bucket.WEEK: pgettext_lazy("unit of a chart", "Week"),
    Bucket.MONTH: pgettext_lazy("unit of a chart", "Month"),
}


class Shape(StrEnum):
    """How the series of a chart are drawn."""

    STACK = "stack"  # as bars on top of one another
    LINE = "line"  # as one line, which needs no legend
    LINES = "lines"  # as lines from the same ground
    BANDS = "bands"  # as areas on top of one another, which share all of the height


@dataclass(frozen=True, slots=True)
class Series:
    """The numbers of one platform, say, or of all of them: one for each point of the chart.

    `is_hatched` is a second sign, beside the colour.
    """

    label: str
    colour: str
    values: Sequence[int]
    is_hatched: bool = False


@dataclass(frozen=True, slots=True)
class Point:
    """One point of a chart, and its row in the table under it: `numbers` stand below the chart's headings.

    `at` is its time in ISO 8601, for spreadsheets.
    """

    label: str
    title: str
    at: str
    visits: int
    numbers: Sequence[int | None]
    marks: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart over its table. `total` names the sum of a stack; empty for visits."""

    key: str
    section: str
    title: str
    caption: str
    heading: str
    points: Sequence[Point]
    series: Sequence[Series]
    headings: Sequence[str]
    earlier: Sequence[int] = ()
    earlier_label: str = ""
    shape: Shape = Shape.STACK
    total: str = ""

    @property
    def data_id(self) -> str:
        return f"{self.key}-data"

    @property
    def has_legend(self) -> bool:
        """Tell whether its colours mean something."""
        return any(series.colour for series in self.series)

    @property
    def has_marks(self) -> bool:
        return any(point.marks for point in self.points)

    def table(self) -> tuple[list[str], list[list[object]]]:
        """Return its header and its rows for a spreadsheet: plain numbers, empty where a number is unknown."""
        return [self.heading, *self.headings], [[point.at, *point.numbers] for point in self.points]

    @property
    def script_data(self) -> dict[str, Any]:
        """Return what JavaScript needs to paint it."""
        data: dict[str, Any] = {
            "labels": [point.label for point in self.points],
            "titles": [point.title for point in self.points],
            "series": [
                {"label": series.label, "values": list(series.values), "hatched": series.is_hatched}
                for series in self.series
            ],
            "shape": self.shape.value,
        }
        if self.earlier:
            data["earlier"] = {"label": self.earlier_label, "values": list(self.earlier)}
        if self.has_marks:
            data["marks"] = [list(point.marks) for point in self.points]
        return data
