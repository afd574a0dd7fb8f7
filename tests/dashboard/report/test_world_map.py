"""The map of countries: the classes of its shades, and their legend."""

import pytest

from dashboard.report.panels.world_map import world_map


@pytest.mark.parametrize(
    ("most", "labels"),
    [
        (1, ["1"]),
        (2, ["1–2"]),
        (3, ["1–2", "3"]),
        (100, ["1–9", "10–29", "30–99", "100"]),
        (170, ["1–9", "10–29", "30–99", "100–170"]),
        (41_000, ["1–2,999", "3,000–9,999", "10,000–29,999", "30,000–41,000"]),
    ],
)
def test_a_legend_has_the_numbers_of_each_shade(most, labels):
    classes = world_map([("DE", most)]).classes
    assert [one.label for one in classes] == labels
    assert [one.shade for one in classes] == list(range(1, len(labels) + 1))


def test_a_country_has_the_shade_of_its_class():
    countries = world_map([("US", 170), ("DE", 99), ("FR", 30), ("IN", 9), ("", 400), ("BR", 0)]).countries
    assert [(one.code, one.shade) for one in countries] == [("US", 4), ("DE", 3), ("FR", 3), ("IN", 1)]
    assert countries[1].label == "Germany"


def test_there_is_no_map_where_no_country_is_known():
    assert world_map([("", 12)]) is None
    assert world_map([]) is None
