"""Which colours people can tell apart, whatever their colour vision.

A platform has the same colour everywhere, and there are more platforms than colours that look different. So a chart
hatches a colour that looks like one it has already used.
"""

import math
from collections.abc import Sequence
from functools import cache

REST = "var(--pale)"  # of palette.css: all platforms that a chart doesn't name
LOOK_ALIKE = 0.04  # a distance in Oklab, twice the least that people see side by side

Triple = tuple[float, float, float]
Matrix = tuple[Triple, Triple, Triple]

# How linear sRGB looks to people who lack one kind of cone: Machado, Oliveira and Fernandes, "A Physiologically-based
# Model for Simulation of Color Vision Deficiency", 2009, at full severity.
COLOUR_VISIONS: dict[str, Matrix] = {
    "typical": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": (
        (0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)
    ),
}  # fmt: skip

# From linear sRGB to Oklab: Björn Ottosson, "A perceptual color space for image processing", 2020.
TO_CONES: Matrix = (
    (0.4122214708, 0.5363325363, 0.0514459929),
    (0.2119034982, 0.6806995451, 0.1073969566),
    (0.0883024619, 0.2817188376, 0.6299787005),
)
TO_OKLAB: Matrix = (
    (0.2104542553, 0.7936177850, -0.0040720468),
    (1.9779984951, -2.4285922050, 0.4505937099),
    (0.0259040371, 0.7827717662, -0.8086757660),
)


def linear(colour: str) -> Triple:
    """Return `#rrggbb` as linear red, green and blue from 0 to 1 (IEC 61966-2-1)."""
    red, green, blue = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    return _linear(red), _linear(green), _linear(blue)


@cache
def distance(first: str, second: str) -> float:
    """Return how different two colours look to those who see the least difference: a distance in Oklab."""
    return min(
        math.dist(_oklab(_times(vision, linear(first))), _oklab(_times(vision, linear(second))))
        for vision in COLOUR_VISIONS.values()
    )


def hatched(colours: Sequence[str]) -> list[bool]:
    """Tell of each colour of a chart, in order, whether it must be hatched: if it looks like a plain one before it."""
    plain: list[str] = []
    answers = []
    for colour in colours:
        is_alike = any(distance(colour, other) < LOOK_ALIKE for other in plain)
        answers.append(is_alike)
        if not is_alike:
            plain.append(colour)
    return answers


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)


def _times(matrix: Matrix, vector: Triple) -> Triple:
    first, second, third = (sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix)
    return first, second, third


def _oklab(colour: Triple) -> Triple:
    cones = _times(TO_CONES, tuple(min(max(channel, 0), 1) for channel in colour))  # type: ignore[arg-type]
    return _times(TO_OKLAB, tuple(math.cbrt(cone) for cone in cones))  # type: ignore[arg-type]
