"""What is remembered of days: an answer is never older than the last report that may change it."""

import pytest
from django.db.models import F

from collector.models import ReportCount, ReportDimension
from collector.programs.windows import Window
from dashboard.usage.counts import Usage
from dashboard.usage.results import EventUse
from tests.dashboard.usage.conftest import DAY, day

pytestmark = pytest.mark.django_db

TOMORROW = day(-1)
WEEK = Window.to(DAY, 7)


@pytest.fixture
def report(count):
    """Return a function that counts reports of a version, as the drain does."""

    def report(version: str, reports: int, *, ago: int = 0, gap: int = 0) -> None:
        count(ReportDimension.VERSION, version, reports, ago=ago, gap=gap)
        active = ReportCount.objects.filter(dimension=ReportDimension.ACTIVE, date=day(ago), gap=gap)
        if not active.update(reports=F("reports") + reports):
            count(ReportDimension.ACTIVE, "", reports, ago=ago, gap=gap)

    return report


def versions(program) -> dict[str, int]:
    found = Usage(program, DAY).in_window(WEEK, [ReportDimension.VERSION])
    return found.get(ReportDimension.VERSION, {})


def events(program) -> dict[str, EventUse]:
    return Usage(program, DAY).events(WEEK)


@pytest.mark.parametrize("ago", [0, 3, 6])
def test_a_report_that_comes_later_is_in_the_next_answer(program, report, ago):
    report("2.4.0", 5, ago=3)
    assert versions(program) == {"2.4.0": 5}
    report("2.4.1", 2, ago=ago, gap=9)
    assert versions(program) == {"2.4.0": 5, "2.4.1": 2}


def test_days_are_read_once_while_no_report_comes(program, report, django_assert_num_queries):
    report("2.4.0", 5, ago=3)
    with django_assert_num_queries(2):  # the numbers of reports, and the facts
        versions(program)
    with django_assert_num_queries(1):
        assert versions(program) == {"2.4.0": 5}
    with django_assert_num_queries(1):
        assert Usage(program, DAY).by_day(ReportDimension.VERSION, day(6), TOMORROW) == {day(3): {"2.4.0": 5}}


def test_uses_that_a_later_report_names_are_in_the_next_answer(program, report, count, django_assert_num_queries):
    report("2.4.0", 5, ago=3)
    count(ReportDimension.EVENT, "build", 4, ago=5, number=9)
    assert events(program) == {"build": EventUse(4, 9)}
    with django_assert_num_queries(1):
        assert events(program) == {"build": EventUse(4, 9)}
    report("2.4.0", 1, gap=5)  # today, it says what was used five days ago
    count(ReportDimension.EVENT, "build", 1, ago=5, gap=7, number=3)
    assert events(program) == {"build": EventUse(5, 12)}


def test_uses_in_an_old_window_change_with_reports_after_it(program, report, count):
    window = Window.to(day(20), 7)
    report("2.4.0", 5, ago=22)
    count(ReportDimension.EVENT, "build", 4, ago=23, number=9)
    assert Usage(program, DAY).events(window) == {"build": EventUse(4, 9)}
    report("2.4.0", 1, ago=2, gap=20)
    count(ReportDimension.EVENT, "build", 1, ago=22, gap=7, number=3)
    assert Usage(program, DAY).events(window) == {"build": EventUse(5, 12)}


def test_programs_are_remembered_apart(program, another_program, report, count):
    report("2.4.0", 5, ago=3)
    assert versions(program) == {"2.4.0": 5}
    assert versions(another_program) == {"x": 1000}


def test_agents_are_no_installations(program, count):
    count(ReportDimension.VERSION, "2.4.0", 5)
    count(ReportDimension.ACTIVE, "", 5)
    count(ReportDimension.VERSION, "2.4.1", 7, driver=2)
    count(ReportDimension.ACTIVE, "", 7, driver=2)
    assert versions(program) == {"2.4.0": 5}
