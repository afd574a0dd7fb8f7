"""The numbers of programs equal a plain recount over who was really active, whatever goes wrong on the way."""

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import chain
from pathlib import Path

import msgspec
import pytest
from django.db import transaction

from collector.models import Driver, Pixel, Project, Report, ReportCount, ReportDimension
from collector.programs.report import ProgramReport
from collector.spool.report_line import SpooledReport
from collector.spool.writer import SpoolWriter
from collector.storage.drain import Drain
from tests.installations import Server
from tests.recount import Key, Recount
from tests.reports import new_program
from tests.world import FIRST_DAY, LAST_DAY, ClonedWorld, World

pytestmark = pytest.mark.django_db  # the transaction of `tools` is around those of tests
DAYS = range(FIRST_DAY, LAST_DAY + 1)
MONDAYS = [day for day in DAYS if date.fromordinal(day).weekday() == 0]
Row = tuple[str, str, str, int, int, int]  # dimension, driver, value, gap, reports, number
Window = tuple[int, int]


class Counted:
    """All counts of one program, and the formulas by which numbers are read from them."""

    def __init__(self, pixel: Pixel) -> None:
        self._rows: defaultdict[int, list[Row]] = defaultdict(list)
        columns = ("date", "dimension", "driver", "value", "gap", "reports", "number")
        for day, dimension, driver, *values in ReportCount.objects.filter(pixel=pixel).values_list(*columns):
            labels = (ReportDimension(dimension).label, Driver(driver).label)
            self._rows[day.toordinal()].append((*labels, *values))

    def first_in(self, start: int, end: int, dimensions: set[str]) -> Counter[Key]:
        """Count the reports, or uses, that are an installation's first in a window."""
        counted: Counter[Key] = Counter()
        for day in range(start, end + 1):
            for dimension, driver, value, gap, reports, _ in self._rows.get(day, ()):
                if dimension in dimensions and (gap == 0 or gap > day - start):
                    counted[dimension, driver, value] += reports
        return counted

    def numbers(self, start: int, end: int, dimensions: set[str]) -> Counter[Key]:
        counted: Counter[Key] = Counter()
        for day in range(start, end + 1):
            for dimension, driver, value, _, _, number in self._rows.get(day, ()):
                if dimension in dimensions:
                    counted[dimension, driver, value] += number
        return counted

    def by_history(self, day: int) -> Counter[Key]:
        counted: Counter[Key] = Counter()
        for dimension, driver, _, gap, reports, _ in self._rows[day]:
            if dimension == "active":
                kind = "new" if gap == 0 else "back" if gap > 28 else "returning"
                counted[kind, driver, ""] += reports
        return counted

    def all_rows(self) -> list[tuple[int, Row]]:
        return sorted((day, row) for day, rows in self._rows.items() for row in rows)


ACTIVE = {"active", "version", "os", "arch", "runtime"}
USED = {"event", "property", "bucket"}


@dataclass
class Case:
    """What really was, and what was counted."""

    recount: Recount
    counted: Counted


def windows() -> Iterator[Window]:
    """Yield each day, calendar week and month, the 7 and 28 days that end on each day, and random windows."""
    yield from ((day, day) for day in DAYS)
    yield from ((monday, monday + 6) for monday in MONDAYS)
    for month in range(7, 12):
        yield date(2026, month, 1).toordinal(), date(2026, month + 1, 1).toordinal() - 1
    for length in (7, 28):
        yield from ((day - length + 1, day) for day in DAYS)
    rng = random.Random(3)
    for _ in range(60):
        start = rng.choice(DAYS)
        yield start, start + rng.randint(1, 30)


def spool_taken(directory: Path, pixel: Pixel, server: Server, seed: int = 4) -> None:
    """Spool what a server took, in any order: reports of one installation arrive through several servers."""
    rng = random.Random(seed)
    writer = SpoolWriter(directory, segment_bytes=2_000_000)
    for taken_on, report in rng.sample(server.taken, len(server.taken)):
        body = msgspec.convert(report, ProgramReport)
        noon = datetime.fromordinal(taken_on).replace(hour=12, tzinfo=UTC)
        writer.append(SpooledReport(pixel.token, int(noon.timestamp() * 1e6), body).to_line())
    writer.close()


def drain_in(directory: Path, batch_lines: Callable[[], int]) -> None:
    """Drain a spool in batches of any sizes."""
    while Drain(directory, batch_lines=batch_lines()).drain_once():
        pass


@pytest.fixture(scope="module")
def tools(django_db_setup, django_db_blocker) -> Iterator[Project]:
    """Return a project that stays for all tests of this file. Everything is undone after them."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield Project.objects.create(name="Tools", slug="tools")
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def case(tools, tmp_path_factory) -> Case:
    world = World(1_500)
    directory = tmp_path_factory.mktemp("spool")
    pixel = new_program(tools, "Paperclip")
    spool_taken(directory, pixel, world.server)
    drain_in(directory, lambda: 20_000)
    assert Report.objects.filter(pixel=pixel).count() < len(world.server.taken)
    return Case(Recount(world.lives), Counted(pixel))


def test_actives_of_all_windows_and_what_they_run_equal_a_recount(case):
    for start, end in windows():
        assert case.counted.first_in(start, end, ACTIVE) == case.recount.active(start, end), (start, end)


def test_new_returning_and_those_back_after_a_pause_equal_a_recount(case):
    kinds: Counter[str] = Counter()
    for day in DAYS:
        counted = case.counted.by_history(day)
        assert counted == case.recount.by_history(day), day
        kinds.update(kind for kind, _, _ in counted)
    assert kinds.keys() == {"new", "returning", "back"}


def test_retention_of_all_cohorts_equals_a_recount(case):
    for monday in MONDAYS:
        rows = case.counted.first_in(monday, monday, {"cohort"})
        assert Counter({since: reports for (_, _, since), reports in rows.items()}) == case.recount.cohorts(monday)


def test_upgrades_equal_a_recount(case):
    for day in DAYS:
        assert case.counted.first_in(day, day, {"upgrade"}) == case.recount.upgrades(day)


def test_reach_and_numbers_of_events_equal_a_recount_without_last_days(case):
    for start, end in windows():
        assert case.counted.first_in(start, end, {"event"}) == case.recount.reach(start, end), (start, end)
        assert case.counted.numbers(start, end, USED) == case.recount.numbers(start, end), (start, end)
    for day in DAYS:
        assert case.counted.first_in(day, day, USED) == case.recount.reach_on(day), day


def test_copies_of_a_state_count_once_a_day_and_at_most_once_each_in_a_window(tools, tmp_path):
    world = ClonedWorld(groups=40, copies=3)
    pixel = new_program(tools, "Copied")
    spool_taken(tmp_path, pixel, world.server)
    drain_in(tmp_path, lambda: 20_000)
    recount, counted = Recount(world.lives), Counted(pixel)

    exceeding = 0
    for start, end in windows():
        [lives] = (recount.active(start, end)["active", "person", ""],)
        reports = counted.first_in(start, end, {"active"})["active", "person", ""]
        assert lives <= reports <= (lives if start == end else world.copies * lives)
        exceeding += reports > lives
    assert exceeding


def test_batches_of_any_size_and_segments_drained_twice_count_the_same(tools, tmp_path):
    world = World(100, seed=5)
    rows = []
    rng = random.Random(6)
    for number, sizes in enumerate((lambda: 20_000, lambda: rng.randint(1, 400))):
        pixel = new_program(tools, f"Batches {number}")
        for twice in range(2):
            spool_taken(tmp_path, pixel, world.server, seed=twice)
            drain_in(tmp_path, sizes)
        rows.append(Counted(pixel).all_rows())
    assert rows[0] == rows[1]
    assert list(chain(rows[0]))
