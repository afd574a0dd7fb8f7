"""Small lines without axes, drawn as SVG."""

from collections.abc import Sequence
from typing import NamedTuple

SPARK_WIDTH, SPARK_HEIGHT = 100, 20


def spark_line(values: Sequence[int | None], width: int, height: int) -> str:
    """Return the points of an SVG polyline in a box, highest value at the top; empty where there is nothing to draw.

    The line begins after the values that are None: nothing was counted then. If there are more values than the box is
    wide, neighbours are added up.
    """
    if len(values) > width:
        step = -(-len(values) // width)
        values = [_sum(values[start : start + step]) for start in range(0, len(values), step)]
    counted = [(index, value) for index, value in enumerate(values) if value is not None]
    most_visits = max((value for _, value in counted), default=0)
    if not most_visits or len(counted) < 2:
        return ""
    step_x = width / (len(values) - 1)
    return " ".join(
        f"{index * step_x:.1f},{height - 1 - (height - 2) * value / most_visits:.1f}" for index, value in counted
    )


class SparkLine(NamedTuple):
    """The points of a line, and of its last part, which leads to a day that is not over. Both may be empty."""

    points: str
    so_far: str = ""


NO_LINE = SparkLine("")


def spark_line_of_days(days: Sequence[int | None], width: int, height: int, *, is_open: bool) -> SparkLine:
    """Return the line of the visits of some days. `is_open` tells that the last of them is not over."""
    points = spark_line(days, width, height)
    if not is_open:
        return SparkLine(points)
    *whole_days, last_whole_day, today = points.split() if points else ["", ""]
    return SparkLine(" ".join([*whole_days, last_whole_day]), f"{last_whole_day} {today}".strip())


def _sum(values: Sequence[int | None]) -> int | None:
    counted = [value for value in values if value is not None]
    return sum(counted) if counted else None
