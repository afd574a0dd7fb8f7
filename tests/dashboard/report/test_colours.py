"""Colours that carry data: seen against the paper of both themes, and told apart by people with any colour vision."""

import re
from itertools import combinations, pairwise

import pytest

from dashboard.report.colours import COLOUR_VISIONS, LOOK_ALIKE, distance, hatched, linear
from dashboard.report.panels.world_map import MAX_CLASSES
from dashboard.report.program.colours import BANDS, PALE
from tests.server import ROOT

PALETTE = (ROOT / "static" / "css" / "palette.css").read_text("utf-8")
THEMES = pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
SHADES = [f"shape-{shade}" for shade in range(1, MAX_CLASSES + 1)]
NAMES = [name.removeprefix("var(--").removesuffix(")") for name in (*BANDS, PALE)]


def in_theme(name: str, theme: int) -> str:
    """Return a colour of palette.css as `#rrggbb`."""
    colours = re.search(rf"--{name}: light-dark\((#\w{{6}}), (#\w{{6}})\)", PALETTE)
    assert colours, name
    return colours[theme + 1]


def contrast(first: str, second: str) -> float:
    """Return the contrast ratio of two colours (WCAG 2.2)."""
    dark, light = sorted(
        0.2126 * red + 0.7152 * green + 0.0722 * blue for red, green, blue in (linear(first), linear(second))
    )
    return (light + 0.05) / (dark + 0.05)


@THEMES
@pytest.mark.parametrize("name", [*NAMES, *SHADES])
def test_a_colour_of_charts_and_maps_has_contrast_to_the_paper(name, theme):
    assert contrast(in_theme(name, theme), in_theme("paper", theme)) >= 3


@THEMES
def test_any_two_colours_of_a_chart_can_be_told_apart_with_any_colour_vision(theme):
    colours = {name: in_theme(name, theme) for name in NAMES}
    distances = {pair: distance(colours[pair[0]], colours[pair[1]]) for pair in combinations(colours, 2)}
    assert {pair: number for pair, number in distances.items() if number < 2 * LOOK_ALIKE} == {}


@THEMES
def test_the_shades_of_the_map_differ_and_lead_away_from_the_paper(theme):
    shades = [in_theme(name, theme) for name in SHADES]
    assert all(distance(*pair) >= 2 * LOOK_ALIKE for pair in pairwise(shades))
    ratios = [contrast(shade, in_theme("paper", theme)) for shade in shades]
    assert ratios == sorted(ratios)


def test_a_distance_is_that_of_the_colour_vision_that_sees_the_least():
    assert distance("#000000", "#ffffff") == pytest.approx(1, abs=0.001)
    assert distance("#0071b1", "#6160b3") < 0.01  # blue and violet: 0.083 with typical colour vision
    assert all(sum(row) == pytest.approx(1, abs=0.001) for rows in COLOUR_VISIONS.values() for row in rows)  # greys


def test_a_chart_hatches_a_colour_like_one_before_it():
    blue, violet, green = "#0071b1", "#6160b3", "#009e73"
    assert hatched([blue, green, violet]) == [False, False, True]
    assert hatched([violet, green, blue]) == [False, False, True]
    assert hatched([]) == []
