"""How installations are counted in windows, from reports by day and gap."""

from collections import defaultdict
from datetime import date, timedelta
from random import Random

import pytest

from collector.programs.windows import Window
from dashboard.usage.actives import Actives
from tests.dashboard.usage.conftest import DAY, day

ONE_DAY = timedelta(days=1)


def test_an_installation_counts_once_in_a_window():
    # One installation reports on five days in a row, another one is new on the third of them.
    actives = Actives([(day(4), {0: 1}), (day(3), {1: 1}), (day(2), {1: 1, 0: 1}), (day(1), {1: 1}), (DAY, {1: 1})])
    assert [actives.on(day(ago)) for ago in (4, 3, 2, 1, 0)] == [1, 1, 2, 1, 1]
    assert [actives.to(day(ago), 7) for ago in (4, 3, 2, 1, 0)] == [1, 1, 2, 2, 2]
    assert actives.to(DAY, 2) == 1


@pytest.mark.parametrize(("gap", "active_in_7_days"), [(0, 1), (3, 0), (4, 1), (32, 1)])
def test_the_first_report_in_a_window_is_the_one_whose_gap_begins_before_it(gap, active_in_7_days):
    actives = Actives([(day(3), {gap: 1})])  # the fourth day of the window: a gap of 3 days begins in it
    assert actives.to(DAY, 7) == active_in_7_days


def test_new_ones_and_those_back_after_a_pause_are_told_apart_from_returning_ones():
    actives = Actives([(day(1), {0: 5, 28: 7, 29: 11}), (DAY, {0: 1, 1: 12, 2: 2, 32: 3})])
    assert actives.turnout(Window.to(DAY, 1)) == (1, 3, 14)
    assert actives.turnout(Window.to(DAY, 2)) == (6, 14, 9)  # a gap of 1 is the same installation on the next day
    assert actives.turnout(Window.to(DAY, 2)).active == 29
    assert actives.newcomers(day(400), DAY + ONE_DAY) == (6, 14)


def test_a_window_has_31_days_at_most():
    actives = Actives([(DAY, {32: 1})])
    assert actives.to(DAY, 31) == 1
    with pytest.raises(ValueError, match="32 days"):
        actives.to(DAY, 32)


@pytest.mark.parametrize("days", [1, 2, 7, 28, 31])
def test_any_window_equals_a_recount_of_installations(days):
    random = Random(days)
    seen: dict[date, set[int]] = defaultdict(set)
    gaps: dict[date, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for installation in range(60):
        active = sorted(random.sample(range(90), random.choice((1, 2, 5, 40))), reverse=True)
        for former, ago in zip([None, *active], active, strict=False):
            seen[day(ago)].add(installation)
            gaps[day(ago)][0 if former is None else min(former - ago, 32)] += 1
    actives = Actives(gaps.items())
    for ago in range(30):
        window = Window.to(day(ago), days)
        active = set().union(*(seen[window.start + number * ONE_DAY] for number in range(days)))
        assert actives.active(window) == len(active)
