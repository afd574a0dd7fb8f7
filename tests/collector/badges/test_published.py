"""Which numbers of a program a badge may show."""

import pytest

from collector.badges.published import Public, _public, published

WEEK = {"installations": 40, "tables": {"version": {"values": [["2.4.1", 25], ["2.4.0", 10]], "other": 5}}}


SHARES = {"2.4.1": 0.625, "2.4.0": 0.25}


@pytest.mark.parametrize(
    ("week", "public", "expected"),
    [
        (WEEK, {"installations", "newest-share"}, (40, SHARES)),
        (WEEK, {"installations"}, (40, None)),
        (WEEK, {"newest-share"}, (None, SHARES)),
        ({"installations": None, "tables": {}}, {"installations", "newest-share"}, (None, None)),
    ],
)
def test_a_badge_shows_what_the_week_has_and_the_declaration_makes_public(week, public, expected):
    assert _public(week, frozenset(public)) == Public(frozenset(public), *expected)


def test_nothing_is_public_of_a_program_that_publishes_nothing(program):
    assert published(program) == Public()
