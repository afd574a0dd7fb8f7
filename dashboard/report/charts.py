"""What every chart is made of: points, series, and the table under it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from dashboard.report.axis import Tick, number_axis, percent_axis
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

    None stands for times at which nothing could be counted: before the first visit, and in hours that have not come.
    `is_hatched` is a second sign, beside the colour.
    """

    label: str
    colour: str
    values: Sequence[int | None]
    is_hatched: bool = False


@dataclass(frozen=True, slots=True)
class Point:
    """One point of a chart, and its row in the table under it: `numbers` stand below the chart's headings.

    `at` is its time in ISO 8601, for spreadsheets. `visits` is None where nothing could be counted, as in `Series`.
    `is_open` tells that its time is not over: its numbers are those so far.
    """

    label: str
    title: str
    at: str
    visits: int | None
    numbers: Sequence[int | None]
    marks: Sequence[str] = ()
    is_open: bool = False

    @property
    def full_title(self) -> str:
        """Return the title, with a word for a time that is not over."""
        return f"{self.title} · {so_far()}" if self.is_open else self.title

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing at all is known of its time. The table leaves it out."""
        return not self.marks and all(number is None for number in self.numbers)


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart over its table. `total` names the sum of a stack; empty for visits.

    `earlier` is the line of the earlier period, with None where it was not measured, as in `Series`. In the table it
    stands in the column `earlier_label`.
    """

    key: str
    section: str
    title: str
    caption: str
    heading: str
    points: Sequence[Point]
    series: Sequence[Series]
    headings: Sequence[str]
    earlier: Sequence[int | None] = ()
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
            "titles": [point.full_title for point in self.points],
            "series": [
                {"label": series.label, "values": list(series.values), "hatched": series.is_hatched}
                for series in self.series
            ],
            "shape": self.shape.value,
            "axis": [tick._asdict() for tick in self._axis()],
        }
        if open_points := [index for index, point in enumerate(self.points) if point.is_open]:
            data["open"] = {"index": open_points[0], "label": so_far()}
        if self.earlier:
            data["earlier"] = {"label": self.earlier_label, "values": list(self.earlier)}
        if self.has_marks:
            data["marks"] = [list(point.marks) for point in self.points]
        return data

    def _axis(self) -> list[Tick]:
        if self.shape is Shape.BANDS:
            return percent_axis()
        columns = [series.values for series in self.series]
        if self.shape is Shape.STACK:
            columns = [[sum(value or 0 for value in values) for values in zip(*columns, strict=True)]]
        return number_axis(value for column in [*columns, self.earlier] for value in column)


def so_far() -> str:
    """Return the words for a number of a time that is not over."""
    return _("so far")
