"""What the counts of reports answer, from counts written by hand. Each question is one query at most."""

from datetime import date, timedelta

import pytest

from collector.models import Driver, ReportDimension
from collector.programs.windows import Window
from dashboard.usage.counts import Usage, actives_of_programs, installations_on
from dashboard.usage.results import CohortWeek, EventUse, ProgramActives, PropertyValue, Runs, Upgrade
from tests.crowd import Crowd
from tests.dashboard.usage.conftest import DAY, day

TOMORROW = DAY + timedelta(days=1)
pytestmark = pytest.mark.usefixtures("another_program")

NOT_INSTALLED = (Driver.CI, Driver.AGENT, Driver.CONTAINER)


@pytest.fixture
def usage(program) -> Usage:
    return Usage(program, DAY)


def test_no_reports_are_answered_with_nothing(usage, django_assert_num_queries):
    with django_assert_num_queries(9):
        assert usage.first_day() is None
        assert usage.actives(day(30), TOMORROW).to(DAY, 28) == 0
        assert usage.by_day(ReportDimension.VERSION, day(30), TOMORROW) == {}
        assert usage.in_window(Window.to(DAY, 28), [ReportDimension.OS]) == {}
        assert usage.events(Window.to(DAY, 28)) == {}
        assert usage.properties(day(30), TOMORROW) == ([], [])
        assert usage.cohorts(day(80), DAY) == usage.upgrades(day(30), TOMORROW) == []
        assert usage.others(day(30), TOMORROW) == {}
        assert usage.runs(day(30), TOMORROW) == Runs({}, {})
        assert usage.newcomers(day(30), TOMORROW) == (0, 0)


def test_the_first_day_is_that_of_the_first_report_or_run(usage, count):
    count(ReportDimension.ACTIVE, "", 1, ago=3)
    assert usage.first_day() == day(3)
    count(ReportDimension.RUN, "", 0, number=1, ago=5)
    assert usage.first_day() == day(5)


def test_persons_and_servers_are_active_installations_and_no_others(usage, count):
    count(ReportDimension.ACTIVE, "", 5, gap=0)
    count(ReportDimension.ACTIVE, "", 3, gap=1)
    count(ReportDimension.ACTIVE, "", 7, gap=1, driver=Driver.SERVER)
    for driver in NOT_INSTALLED:
        count(ReportDimension.ACTIVE, "", 100, driver=driver)
    count(ReportDimension.ACTIVE, "", 100, ago=1, driver=Driver.CI)
    actives = usage.actives(day(30), TOMORROW)
    assert (actives.on(DAY), actives.to(DAY, 7), actives.newcomers(day(30), TOMORROW)) == (15, 5, (5, 0))
    others = usage.others(day(1), TOMORROW)
    assert others == {
        Driver.CI: {day(1): 100, DAY: 100}, Driver.AGENT: {DAY: 100}, Driver.CONTAINER: {DAY: 100}
    }  # fmt: skip


def test_values_by_day_and_of_the_first_report_in_a_window(usage, count):
    for ago in range(4):
        count(ReportDimension.ACTIVE, "", 100, ago=ago)
    count(ReportDimension.VERSION, "1.0", 10, ago=2, gap=0)
    count(ReportDimension.VERSION, "1.0", 4, ago=1, gap=1)
    count(ReportDimension.VERSION, "1.1", 6, ago=1, gap=1)
    count(ReportDimension.VERSION, "1.1", 2, ago=1, gap=2)  # it reported before the window of three days
    count(ReportDimension.VERSION, "1.1", 3, gap=32, driver=Driver.SERVER)
    count(ReportDimension.VERSION, "1.1", 50, gap=0, driver=Driver.CI)
    count(ReportDimension.OS, "linux", 8, ago=3, gap=0)  # before the window
    count(ReportDimension.OS, "macos", 9, ago=2, gap=2)
    assert usage.by_day(ReportDimension.VERSION, day(2), TOMORROW) == {
        day(2): {"1.0": 10}, day(1): {"1.0": 4, "1.1": 8}, DAY: {"1.1": 3}
    }  # fmt: skip
    assert usage.in_window(Window.to(DAY, 3), [ReportDimension.VERSION, ReportDimension.OS]) == {
        ReportDimension.VERSION: {"1.0": 10, "1.1": 5},
        ReportDimension.OS: {"macos": 9},
    }


def test_an_event_has_a_reach_and_a_number(usage, count):
    count(ReportDimension.EVENT, "build", 10, ago=2, gap=0, number=30)
    count(ReportDimension.EVENT, "build", 8, ago=1, gap=1, number=80)
    count(ReportDimension.EVENT, "build", 2, ago=1, gap=5, number=5)
    count(ReportDimension.EVENT, "build", 99, ago=1, driver=Driver.CI, number=999)
    count(ReportDimension.EVENT, "watch", 1, ago=1, gap=1, number=4)  # by installations that used it the day before
    count(ReportDimension.EVENT, "watch", 1, ago=3, gap=0, number=4)
    assert usage.events(Window.to(DAY, 3)) == {"build": EventUse(12, 115), "watch": EventUse(0, 4)}


def test_values_of_properties_and_bins_of_histograms_are_added_up(usage, count):
    count(ReportDimension.PROPERTY, "build.format=html", 3, number=30)
    count(ReportDimension.PROPERTY, "build.format=html", 3, ago=1, number=10, driver=Driver.SERVER)
    count(ReportDimension.PROPERTY, "build.format=c++.x", 3, number=50)
    count(ReportDimension.PROPERTY, "build.format=html", 3, ago=2, number=99)
    count(ReportDimension.BUCKET, "build.seconds#2", 3, number=7)
    count(ReportDimension.BUCKET, "build.seconds#10", 1, number=8)
    properties = usage.properties(day(1), TOMORROW)
    assert sorted(properties.values) == [
        PropertyValue("build", "format", "c++.x", 50), PropertyValue("build", "format", "html", 40)
    ]  # fmt: skip
    assert sorted(properties.bins) == [
        PropertyValue("build", "seconds", "10", 8), PropertyValue("build", "seconds", "2", 7)
    ]  # fmt: skip


def test_cohorts_are_read_by_week_without_older_ones(usage, count):
    by_week = {"driver": Driver.INSTALLATIONS}
    count(ReportDimension.COHORT, "2026-W46", 20, ago=11, **by_week)
    count(ReportDimension.COHORT, "2026-W46", 9, ago=4, **by_week)
    count(ReportDimension.COHORT, "2026-W47", 30, ago=4, **by_week)
    count(ReportDimension.COHORT, "2026-W02", 5, ago=4, **by_week)
    w46, w47 = date(2026, 11, 9), date(2026, 11, 16)
    assert sorted(usage.cohorts(day(11), DAY)) == [
        CohortWeek(w46, w46, 20), CohortWeek(w46, w47, 9), CohortWeek(w47, w47, 30)
    ]  # fmt: skip
    assert usage.cohorts(day(4), DAY) == [CohortWeek(w47, w47, 30)]


def test_upgrades_and_runs(usage, count):
    count(ReportDimension.UPGRADE, "1.0>1.1", 4)
    count(ReportDimension.UPGRADE, "1.0>1.1", 3, ago=1, driver=Driver.SERVER)
    count(ReportDimension.UPGRADE, "1.1>1.2-rc1", 9)
    count(ReportDimension.RUN, "build", 0, number=5)
    count(ReportDimension.RUN, "", 0, ago=1, number=6)
    count(ReportDimension.RUN_VERSION, "1.1", 0, number=7)
    assert usage.upgrades(day(1), TOMORROW) == [Upgrade("1.1", "1.2-rc1", 9), Upgrade("1.0", "1.1", 7)]
    runs = usage.runs(day(1), TOMORROW)
    assert runs == Runs({"build": 5, "": 6}, {"1.1": 7})
    assert runs.number == 11


def test_several_programs_are_read_at_once(project, program, another_program, count, django_assert_num_queries):
    count(ReportDimension.ACTIVE, "", 5, ago=20, gap=0)
    count(ReportDimension.ACTIVE, "", 2, ago=3, gap=17)
    count(ReportDimension.ACTIVE, "", 100, ago=3, driver=Driver.CI)
    count(ReportDimension.VERSION, "1.1", 2, ago=3, gap=17)
    count(ReportDimension.VERSION, "1.0", 7, ago=3, gap=17)
    with django_assert_num_queries(2):
        assert actives_of_programs(project, [program.pk, another_program.pk], DAY) == {
            program.pk: ProgramActives(2, 5), another_program.pk: ProgramActives(1000, 1000)
        }  # fmt: skip
        versions = {program.pk: "1.1", another_program.pk: "x"}
        assert installations_on(project, versions, Window.to(DAY, 7)) == {program.pk: 2, another_program.pk: 1000}


def test_each_dimension_counts_the_same_installations_in_any_window(usage, program):
    crowd = Crowd(DAY)
    crowd.live(40, 60)
    crowd.store(program)
    actives = usage.actives(day(60), TOMORROW)
    for ago, days in ((0, 1), (0, 7), (3, 28), (11, 31), (30, 14)):
        window = Window.to(day(ago), days)
        by_dimension = usage.in_window(window, [ReportDimension.ACTIVE, ReportDimension.VERSION, ReportDimension.OS])
        sums = {dimension: sum(values.values()) for dimension, values in by_dimension.items()}
        assert set(sums.values()) == {actives.active(window)}, window
        assert sum(actives.turnout(window)) == actives.active(window)
    assert actives.newcomers(day(60), TOMORROW) == usage.newcomers(day(60), TOMORROW)
