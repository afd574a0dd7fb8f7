"""Small lines without axes, drawn as SVG."""

from collections.abc import Sequence

SPARK_WIDTH, SPARK_HEIGHT = 100, 20


def spark_line(values: Sequence[int], width: int, height: int) -> str:
    """Return the points of an SVG polyline in a box, highest value at the top; empty where there is nothing to draw.

    If there are more values than the box is wide, neighbours are added up.
    """
    if len(values) > width:
        step = -(-len(values) // width)
        values = [sum(values[start : start + step]) for start in range(0, len(values), step)]
    most_visits = max(values, default=0)
    if not most_visits or len(values) < 2:
        return ""
    step_x = width / (len(values) - 1)
    return " ".join(
        f"{index * step_x:.1f},{height - 1 - (height - 2) * value / most_visits:.1f}"
        for index, value in enumerate(values)
    )
