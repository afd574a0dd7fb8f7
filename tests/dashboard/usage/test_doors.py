from datetime import date, timedelta
from itertools import pairwise

import pytest

from collector.models import Driver, ReportDimension, Span
from collector.models.programs import Part
from collector.programs.windows import Window
from dashboard.usage.counts import Usage
from dashboard.usage.doors import DoorUsage, DoorUse, windows_in
from tests.dashboard.usage.conftest import DAY, day

pytestmark = pytest.mark.django_db
ACTIVE, VERSION, EVENT = ReportDimension.ACTIVE, ReportDimension.VERSION, ReportDimension.EVENT
EVERYWHERE = Part.DAY + Part.WEEK + Part.MONTH


def test_installations_of_a_window_are_those_whose_first_day_in_it_it_was(program, count, another_program):
    for ago, gap, number in ((0, Part.DAY, 3), (0, Part.DAY + Part.WEEK, 2), (1, EVERYWHERE, 7)):
        count(ACTIVE, "", number, ago=ago, gap=gap, driver=Driver.DOOR)
    count(ACTIVE, "", 5, gap=Part.DAY, driver=Driver.SESSION)
    count(ACTIVE, "", 100)

    days = DoorUsage(program).days(day(6), DAY + timedelta(1))

    today, week, month = Window.to(DAY, 1), Window.to(DAY, 5), Window.to(DAY, 20)
    assert (days.installations(today, Part.DAY), days.sessions(today)) == (5, 5)
    assert days.installations(week, Part.WEEK) == 9
    assert days.installations(month, Part.MONTH) == 7


def test_no_question_about_our_clients_has_them_in_its_answer(program, count):
    for driver in (Driver.DOOR, Driver.SESSION):
        for dimension, value in ((ACTIVE, ""), (VERSION, "1"), (EVENT, "build")):
            count(dimension, value, 4, gap=EVERYWHERE, number=9, driver=driver)
    usage, window = Usage(program, DAY), Window.to(DAY, 28)

    assert usage.actives(*window).active(window) == 0
    assert usage.newcomers(*window) == (0, 0)
    assert usage.in_window(window, [VERSION]) == usage.events(window) == usage.others(*window) == {}
    assert usage.first_day() == DAY


def test_events_of_nobody_known_are_something_to_show(program, count):
    count(EVENT, "build", 0, number=4, driver=Driver.DOOR)

    assert Usage(program, DAY).first_day() == DAY


def test_values_have_two_months_apart(program, count, another_program):
    for ago, gap in ((0, EVERYWHERE), (0, Part.DAY), (30, EVERYWHERE)):
        count(VERSION, "2.0", 5, ago=ago, gap=gap, driver=Driver.DOOR)
    count(VERSION, "2.0", 2, gap=Part.DAY, driver=Driver.SESSION)
    count(EVENT, "build", 3, gap=EVERYWHERE, number=20, driver=Driver.DOOR)
    count(EVENT, "build", 0, number=4, driver=Driver.DOOR)
    month = Window(date(2026, 11, 1), DAY + timedelta(1))

    values = DoorUsage(program).values(Window(date(2026, 10, 1), month.start), month)

    assert values[VERSION] == {"2.0": DoorUse(5, 5, 2, 0)}
    assert values[EVENT] == {"build": DoorUse(3, 0, 0, 24)}


@pytest.mark.parametrize(
    ("span", "starts"),
    [
        (Span.DAY, ["2026-11-28", "2026-11-29", "2026-11-30", "2026-12-01"]),
        (Span.WEEK, ["2026-11-23", "2026-11-30"]),
        (Span.MONTH, ["2026-11-01", "2026-12-01"]),
    ],
)
def test_a_range_is_extended_to_whole_windows_at_its_beginning(span, starts):
    windows = windows_in(date(2026, 11, 28), date(2026, 12, 2), span)

    assert [str(window.start) for window in windows] == starts
    assert windows[-1].end == date(2026, 12, 2)
    assert all(one.end == other.start for one, other in pairwise(windows))
