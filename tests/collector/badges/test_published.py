"""Which numbers of a program a badge may show."""

import pytest

from collector.badges.published import Public, _public, published

WEEK = {"installations": 40, "tables": {"version": {"values": [["2.4.1", 25], ["2.4.0", 10]], "other": 5}}}


@pytest.mark.parametrize(
    ("week", "panels", "expected"),
    [
        (WEEK, ("actives", "versions"), Public(40, {"2.4.1": 0.625, "2.4.0": 0.25})),
        (WEEK, ("actives",), Public(40, None)),
        (WEEK, ("versions", "systems"), Public(None, {"2.4.1": 0.625, "2.4.0": 0.25})),
        (WEEK, ("systems",), Public(None, None)),
        ({"installations": None, "tables": {}}, ("actives", "versions"), Public(None, None)),
    ],
)
def test_a_badge_shows_what_the_week_has_and_the_panels_allow(week, panels, expected):
    assert _public(week, panels) == expected


def test_nothing_is_public_of_a_program_that_publishes_nothing(program):
    assert published(program) == Public()
