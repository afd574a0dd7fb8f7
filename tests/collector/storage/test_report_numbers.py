"""The numbers of programs equal a plain recount over who was really active, whatever goes wrong on the way."""

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import chain
from pathlib import Path

import msgspec
import pytest
from django.db import transaction

from collector.intake.admission import Admission
from collector.intake.lookups import Lookups
from collector.intake.rate_limits import Rate, SenderLimiter
from collector.intake.reports import ReportReceiver
from collector.intake.request import PixelRequest
from collector.models import Pixel, Project, Report, ReportDimension
from collector.programs.declaration import read_declaration
from collector.programs.report import ProgramReport
from collector.programs.weeks import monday_of_week
from collector.programs.windows import DAY
from collector.programs.windows import Window as Days
from collector.spool.report_line import SpooledReport
from collector.spool.writer import SpoolWriter
from collector.storage.drain import Drain
from dashboard.usage.counts import Usage
from tests.collector.storage.counted import Counted, installed
from tests.installations import Device, Json, Server, Use, iso_day, new_device
from tests.programs import DECLARATION, declared
from tests.recount import Recount
from tests.world import FIRST_DAY, LAST_DAY, ClonedWorld, World

pytestmark = pytest.mark.django_db  # the transaction of `tools` is around those of tests
DAYS = range(FIRST_DAY, LAST_DAY + 1)
MONDAYS = [day for day in DAYS if date.fromordinal(day).weekday() == 0]
WITH_CHECK = f"""{DECLARATION}
[events.check]
reason = "How many check."
link = "https://paperclip.example/issues/3"
until = 2099-12-31
"""
Window = tuple[int, int]


ACTIVE = {"active", "version", "os", "arch", "runtime"}
USED = {"event", "property", "bucket"}
FACTS = (ReportDimension.VERSION, ReportDimension.OS, ReportDimension.ARCH, ReportDimension.RUNTIME)


@dataclass
class Case:
    """What really was, and what was counted."""

    recount: Recount
    counted: Counted
    usage: Usage


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
        writer.append(SpooledReport(pixel.token, noon_us(taken_on), body).to_line())
    writer.close()


def noon_us(day: int) -> int:
    return int(datetime.fromordinal(day).replace(hour=12, tzinfo=UTC).timestamp() * 1_000_000)


def drain_in(directory: Path, batch_lines: Callable[[], int]) -> None:
    """Drain a spool in batches of any sizes."""
    while Drain(directory, batch_lines=batch_lines()).drain_once():
        pass


class Endpoint(Server):
    """Our own endpoint in place of a model of it. Its lines are spooled as they are accepted."""

    def __init__(self, directory: Path, pixel: Pixel) -> None:
        super().__init__()
        writer = SpoolWriter(directory)
        self._receiver = ReportReceiver(Admission(Lookups(directory), SenderLimiter(Rate(0, 60))), writer)
        self._request = PixelRequest("POST", f"/e/{pixel.token}", {b"content-type": b"application/json"}, "192.0.2.1")
        self._program = read_declaration(pixel.declaration.text)

    def post(self, today: int, reports: list[Json]) -> int:
        body = {"v": 1, "schema": self._program.schema, "today": iso_day(today), "reports": reports}
        at_us = noon_us(self.today)
        answer = self._receiver.take(self._request, self._program, msgspec.json.encode(body), at_us)
        document = json.loads(answer.body)
        assert document["day"] == iso_day(self.today)
        if today == self.today:
            assert document["accepted"] == len(reports), document
            assert all(one["field"].endswith("].day") for one in document["rejected"]), document  # too long ago
        else:
            assert document["accepted"] == 0
        return self.today


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
    pixel = declared(tools, title="Paperclip")
    spool_taken(directory, pixel, world.server)
    drain_in(directory, lambda: 20_000)
    assert Report.objects.filter(pixel=pixel).count() < len(world.server.taken)
    return Case(Recount(world.lives), Counted(pixel), Usage(pixel, date.fromordinal(LAST_DAY)))


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


def test_what_the_page_reads_equals_the_recount_over_persons_and_servers(case):
    usage, recount = case.usage, case.recount
    actives = usage.actives(date.fromordinal(FIRST_DAY), date.fromordinal(LAST_DAY + 1))
    for start, end in windows():
        window = Days(date.fromordinal(start), date.fromordinal(end) + DAY)
        assert actives.active(window) == installed(recount.active(start, end), "active")[""], (start, end)
    for start, end in random.Random(9).sample(list(windows()), 40):
        window = Days(date.fromordinal(start), date.fromordinal(end) + DAY)
        active, number, reach = recount.active(start, end), recount.numbers(start, end), recount.reach(start, end)
        for dimension, values in usage.in_window(window, FACTS).items():
            assert Counter(values) == installed(active, ReportDimension(dimension).label)
        uses = usage.events(window)
        assert Counter({event: use.reach for event, use in uses.items()}) == installed(reach, "event")
        assert Counter({event: use.number for event, use in uses.items()}) == installed(number, "event")
        properties = usage.properties(*window)
        values = {f"{one.event}.{one.name}={one.value}": one.number for one in properties.values}
        assert Counter(values) == installed(number, "property")
        bins = {f"{one.event}.{one.name}#{one.value}": one.number for one in properties.bins}
        assert Counter(bins) == installed(number, "bucket")


def test_who_came_stayed_and_upgraded_on_the_page_equals_the_recount(case):
    usage, recount = case.usage, case.recount
    first, end = date.fromordinal(FIRST_DAY), date.fromordinal(LAST_DAY + 1)
    actives = usage.actives(first, end)
    upgrades: Counter[str] = Counter()
    for number in DAYS:
        day = date.fromordinal(number)
        history = recount.by_history(number)
        kinds = {kind: installed(history, kind)[""] for kind in ("new", "back", "returning")}
        assert actives.turnout(Days(day, day + DAY))._asdict() == kinds, day
        upgrades += installed(recount.upgrades(number), "upgrade")
    assert Counter({f"{one.old}>{one.new}": one.installations for one in usage.upgrades(first, end)}) == upgrades
    cohorts = Counter({(row.cohort, row.week): row.installations for row in usage.cohorts(first, end - DAY)})
    assert cohorts == Counter(
        {
            (monday_of_week(since), date.fromordinal(monday)): installations
            for monday in MONDAYS
            for since, installations in recount.cohorts(monday).items()
        }
    )
    others = usage.others(first, end)
    assert {driver.label for driver in others} == {"agent", "ci", "container"}
    for driver, by_day in others.items():
        active = {day: recount.active(day, day)["active", driver.label, ""] for day in DAYS}
        assert {day.toordinal(): reports for day, reports in by_day.items()} == {
            day: number for day, number in active.items() if number
        }


def test_the_endpoint_accepts_what_installations_send_and_it_counts_the_same(tools, tmp_path):
    pixel = declared(tools, WITH_CHECK, title="Sent")
    world = World(100, seed=7, server=Endpoint(tmp_path, pixel))
    drain_in(tmp_path, lambda: 20_000)

    recount, counted = Recount(world.lives), Counted(pixel)
    for day in DAYS:
        start = day - 27
        assert counted.first_in(start, day, ACTIVE) == recount.active(start, day), day
        assert counted.first_in(start, day, {"event"}) == recount.reach(start, day), day
        assert counted.first_in(day, day, USED) == recount.reach_on(day), day
        assert counted.numbers(day, day, USED) == recount.numbers(day, day), day


def test_copies_of_a_state_count_once_a_day_and_at_most_once_each_in_a_window(tools, tmp_path):
    world = ClonedWorld(groups=40, copies=3)
    pixel = declared(tools, title="Copied")
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


def days_of_one(tools, tmp_path, run: Callable[[Device, int], None], days: int, *, driver: str = "person") -> Counted:
    """Return what is counted of one device, which `run` uses on days from 0."""
    pixel = declared(tools, WITH_CHECK, title="One")
    device = new_device(random.Random(8), Endpoint(tmp_path, pixel), driver)
    for number in range(days):
        device.server.today = FIRST_DAY + number
        run(device, number)
    drain_in(tmp_path, lambda: 20_000)
    return Counted(pixel)


def test_after_lost_state_an_installation_is_new_and_what_it_had_not_told_is_lost(tools, tmp_path):
    def run(device: Device, number: int) -> None:
        if number == 3:
            device.lose_state()
        device.run([Use("check")], "up")

    counted = days_of_one(tools, tmp_path, run, days=5)

    new, returning = Counter({("new", "person", ""): 1}), Counter({("returning", "person", ""): 1})
    history = [counted.by_history(FIRST_DAY + number) for number in range(5)]
    assert history == [Counter(), new, returning, new, returning]  # on the first day, its user was told
    assert counted.first_in(FIRST_DAY, FIRST_DAY + 4, {"active"})["active", "person", ""] == 2
    used = [counted.numbers(FIRST_DAY + number, FIRST_DAY + number, {"event"}).total() for number in range(5)]
    assert used == [1, 1, 0, 1, 0]


def test_a_server_that_never_remembers_a_day_before_is_no_installation(tools, tmp_path):
    def run(device: Device, number: int) -> None:
        if number in (2, 3, 4):
            device.lose_state()
        device.run([], "up")

    counted = days_of_one(tools, tmp_path, run, days=7, driver="server")

    history = [{kind for kind, _, _ in counted.by_history(FIRST_DAY + number)} for number in range(7)]
    assert history == [set(), set(), set(), set(), set(), {"new"}, {"returning"}]


@pytest.mark.parametrize(("error", "uses_of_day_2"), [(-3, 0), (-2, 0), (3, 1)])  # -3: the day of the notice
def test_a_clock_that_jumps_hides_no_day_but_what_was_used_before_it_was_set_back_is_lost(
    tools, tmp_path, error, uses_of_day_2
):
    def run(device: Device, number: int) -> None:
        if number == 3:
            device.clock_error = error
        device.run([Use("check")], "up")

    counted = days_of_one(tools, tmp_path, run, days=6)

    kinds = [set(counted.by_history(FIRST_DAY + number)) for number in range(6)]
    assert kinds == [set(), {("new", "person", "")}, *[{("returning", "person", "")}] * 4]
    assert counted.first_in(FIRST_DAY + 2, FIRST_DAY + 5, {"active"})["active", "person", ""] == 1
    used = [counted.numbers(FIRST_DAY + number, FIRST_DAY + number, {"event"}).total() for number in range(6)]
    assert used == [1, 1, uses_of_day_2, 1, 1, 0]


def test_reports_that_reach_no_server_within_31_days_are_lost(tools, tmp_path):
    def run(device: Device, number: int) -> None:
        device.run([], "down" if 2 <= number < 37 else "up")

    counted = days_of_one(tools, tmp_path, run, days=39)

    seen = [number for number in range(39) if counted.by_history(FIRST_DAY + number)]
    assert seen == [1, *range(7, 39)]
    windows_from = [counted.first_in(FIRST_DAY + number, FIRST_DAY + number + 9, {"active"}) for number in range(1, 9)]
    assert [window["active", "person", ""] for window in windows_from] == [1, 0, 0, 0, 0, 0, 1, 1]


def test_batches_of_any_size_and_segments_drained_twice_count_the_same(tools, tmp_path):
    world = World(60, seed=5)
    rows = []
    rng = random.Random(6)
    for number, sizes in enumerate((lambda: 20_000, lambda: rng.randint(1, 400))):
        pixel = declared(tools, title=f"Batches {number}")
        for twice in range(2):
            spool_taken(tmp_path, pixel, world.server, seed=twice)
            drain_in(tmp_path, sizes)
        rows.append(Counted(pixel).all_rows())
    assert rows[0] == rows[1]
    assert list(chain(rows[0]))
