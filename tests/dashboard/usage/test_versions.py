"""The order of versions, and how fast a release is taken up."""

from random import Random

from dashboard.usage.versions import days_to_half, version_key
from tests.dashboard.usage.conftest import DAY, day


def test_versions_are_sorted_by_age():
    by_age = [
        "other", "0.9", "1.0.0-alpha1", "1.0.0-beta2", "1.0.0-rc1", "1.0.0-rc.2", "1.0", "1.0.0-post1", "1.2.3", "1.10",
        "2.0.0-dev5", "2.0.0.1",
    ]  # fmt: skip
    shuffled = list(by_age)
    Random(1).shuffle(shuffled)
    assert sorted(shuffled, key=version_key) == by_age


def test_a_release_is_taken_up_when_half_of_a_day_run_it_or_a_newer_one():
    by_day = {
        day(9): {"1.0": 40},
        day(4): {"1.0": 30, "1.1": 5, "other": 5},
        day(3): {"1.0": 5, "1.1": 5},  # too few to say
        day(2): {"1.0": 21, "1.1": 12, "1.2": 8, "other": 1},
        day(1): {"1.0": 20, "1.1": 12, "1.2": 8},
        DAY: {"1.0": 5, "1.1": 5, "1.2": 30},
    }
    assert days_to_half(by_day, "1.1", day(5)) == 4
    assert days_to_half(by_day, "1.2", day(5)) == 5
    assert days_to_half(by_day, "1.3", day(5)) is None
    assert days_to_half({}, "1.1", day(30)) is None
