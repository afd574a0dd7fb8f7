"""The numbers beside a chart."""

from random import Random

import pytest

from dashboard import formatting
from dashboard.report.axis import number_axis, percent_axis
from tests.dashboard.test_formatting import LANGUAGES, number_in


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ([], ["0", "1"]),
        ([0, None], ["0", "1"]),
        ([5, None, 2], ["0", "1", "2", "3", "4", "5"]),
        ([6], ["0", "2", "4", "6"]),
        ([2790], ["0", "1k", "2k", "3k"]),
        ([51_000], ["0", "20k", "40k", "60k"]),
        ([2_100_000], ["0", "500k", "1M", "1.5M", "2M", "2.5M"]),
    ],
)
def test_an_axis_ends_at_or_above_the_largest_number(values, labels):
    assert [tick.label for tick in number_axis(values)] == labels


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_number_of_an_axis_is_rounded(language):
    random = Random(language)
    for most in [random.randrange(1, 10 ** random.randint(1, 10)) for _ in range(300)]:
        ticks = number_axis([most])
        assert ticks[-2].value < most <= ticks[-1].value
        assert [number_in(formatting.short(tick.value, language), language) for tick in ticks] == [
            tick.value for tick in ticks
        ]


def test_shares_have_an_axis_in_percent():
    assert [tick.label for tick in percent_axis()] == ["0%", "25%", "50%", "75%", "100%"]
