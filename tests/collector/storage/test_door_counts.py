"""What other SDKs report, on its way from the spool to the database."""

import random
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from collector.models import (
    DroppedName,
    LeftOutCount,
    Mark,
    Project,
    ReportCount,
    ReportDimension,
    Span,
    SpoolOffset,
    WindowSalt,
)
from collector.models.left_out import EXCESS
from collector.models.programs import Part
from collector.spool.door_line import DoorUse, Marks, SpooledUse
from collector.storage.decisions import leave_out, let_count
from collector.storage.door_counts import MAX_NAMES
from collector.storage.drain import Drain
from collector.storage.report_caps import MAX_VERSIONS
from collector.storage.retention import delete_expired
from collector.storage.set_aside import SET_ASIDE_FILE
from collector.storage.window_salts import load_window_salts, windows_of
from tests.hits import drain, micros
from tests.programs import declared
from tests.reports import report, report_counts, spool_reports, spooled_report

pytestmark = pytest.mark.django_db(transaction=True)
DAY = "2026-11-22"
FACTS = {"version": "2.4.1", "os": "linux", "arch": "x86-64", "runtime": "python3.12"}


def marks(number: int, day: str = DAY) -> Marks:
    """Return the marks of an installation: others on each day, in each week and in each month."""
    windows = windows_of(date.fromisoformat(day))
    return Marks(*(hash((number, window.name)) for window in windows))


def spooled(token: str, number: int | None = 1, day: str = DAY, **fields: Any) -> SpooledUse:
    known = None if number is None else marks(number, day)
    return SpooledUse(token=token, at_us=micros(f"{day}T12:00"), day=day, sdk="posthog", marks=known, **fields)


def use(event: str = "build", key: int | None = None, **fields: Any) -> DoorUse:
    return DoorUse(event=event, key=key, **fields)


def store(directory: Path, lines: Iterable[Any]) -> None:
    spool_reports(directory, lines)
    drain(directory)


def test_an_installation_counts_once_in_each_window_and_each_use_once(tmp_path, program):
    first = [use(key=1, p={"format": "html", "draft": True}, h={"seconds": 2}), use(key=2)]
    store(tmp_path, [spooled(program.token, uses=first, country="DE", **FACTS)])
    again = [use(key=2), use(key=3, p={"format": "html"}), use("former", key=4)]
    store(tmp_path, [spooled(program.token, uses=again, **FACTS | {"version": "2.5.0"})])

    everywhere = Part.DAY + Part.WEEK + Part.MONTH
    assert report_counts("active") == {(DAY, "door", "", everywhere): (1, 0)}
    assert report_counts("version") == {(DAY, "door", "2.4.1", everywhere): (1, 0)}
    assert report_counts("country") == {(DAY, "door", "DE", everywhere): (1, 0)}
    assert report_counts("event") == {
        (DAY, "door", "build", everywhere): (1, 2),
        (DAY, "door", "build", 0): (0, 1),
        (DAY, "door", "former", everywhere): (1, 1),
    }
    assert report_counts("property") == {
        (DAY, "door", "build.format=html", 0): (0, 2),
        (DAY, "door", "build.draft=true", 0): (0, 1),
    }
    assert report_counts("bucket") == {(DAY, "door", "build.seconds#2", 0): (0, 1)}
    assert [(row.hits, row.set_aside) for row in SpoolOffset.objects.all()] == [(0, 0), (0, 0)]


def test_what_is_over_the_cap_of_a_network_is_in_no_figure_until_an_owner_counts_it(tmp_path, program):
    def line(number: int) -> SpooledUse:
        uses = [use(key=number, p={"format": "html"}, h={"seconds": 2})]
        return spooled(program.token, number, uses=uses, is_excess=True, **FACTS)

    store(tmp_path, [line(1), line(2)])

    assert ReportCount.objects.count() == 0
    columns = ("dimension", "date", "driver", "value", "gap", "reports", "number")
    left_out = set(LeftOutCount.objects.filter(what=EXCESS).values_list(*columns))
    let_count(program, date.fromisoformat(DAY), EXCESS, "A university.", None)
    assert set(ReportCount.objects.values_list(*columns)) == left_out != set()
    store(tmp_path, [line(2), line(3)])
    assert report_counts("version") == {(DAY, "door", "2.4.1", Part.DAY + Part.WEEK + Part.MONTH): (3, 0)}
    leave_out(program, date.fromisoformat(DAY), EXCESS, "Made up.", None)
    assert ReportCount.objects.count() == 0


def test_in_one_batch_too_nothing_counts_twice(tmp_path, program):
    line = spooled(program.token, uses=[use(key=1), use(key=1)])
    store(tmp_path, [line, line])

    assert list(report_counts("active").values()) == [(1, 0)]
    assert list(report_counts("event").values()) == [(1, 1)]


def test_uses_of_nobody_known_count_but_no_installation(tmp_path, program):
    store(tmp_path, [spooled(program.token, None, uses=[use(key=1), use()], **FACTS)] * 2)

    assert report_counts("active") == report_counts("version") == {}
    assert report_counts("event") == {(DAY, "door", "build", 0): (0, 3)}


def test_a_session_is_counted_by_day_and_apart_from_installations(tmp_path, program):
    store(tmp_path, [spooled(program.token, uses=[use()], is_session=True, **FACTS), spooled(program.token, 2)])

    assert report_counts("active") == {(DAY, "session", "", 1): (1, 0), (DAY, "door", "", 7): (1, 0)}
    assert report_counts("version") == {(DAY, "session", "2.4.1", 1): (1, 0)}
    assert report_counts("event") == {(DAY, "session", "build", 1): (1, 1)}


def test_nothing_is_ever_added_to_the_installations_of_our_clients(tmp_path, program):
    store(tmp_path, [spooled_report(program.token, report()), spooled(program.token, uses=[use()], **FACTS)])

    assert report_counts("active") == {(DAY, "person", "", 0): (1, 0), (DAY, "door", "", 7): (1, 0)}


def active(part: Part, days: set[date], value: str = "", dimension: str = "ACTIVE") -> int:
    """Return the installations that the counts of some days have in windows of one kind."""
    rows = ReportCount.objects.filter(dimension=ReportDimension[dimension], date__in=days, value=value)
    return sum(row.reports for row in rows if row.gap & part)


def test_the_counts_equal_a_recount_over_who_was_really_there(tmp_path, program):
    chance = random.Random(4)
    days = [date(2026, 11, 20) + timedelta(number) for number in range(14)]  # over the end of weeks and of a month
    lines, users = [], defaultdict(set)
    for number in range(30):
        for day in chance.sample(days, chance.randint(0, 9)):
            events = chance.sample(["build", "former"], chance.randint(0, 2))
            users["", day].add(number)
            for event in events:
                users[event, day].add(number)
            uses = [use(event, hash((number, day, event))) for event in events]
            line = spooled(program.token, number, day.isoformat(), uses=uses)
            lines += [line] * chance.randint(1, 2)
    chance.shuffle(lines)
    for start in range(0, len(lines), 40):
        store(tmp_path, lines[start : start + 40])

    for event, dimension in (("", "ACTIVE"), ("build", "EVENT"), ("former", "EVENT")):
        for part, index in ((Part.DAY, 0), (Part.WEEK, 1), (Part.MONTH, 2)):
            for window in {windows_of(day)[index] for day in days}:
                inside = {day for day in days if windows_of(day)[index] == window}
                really = set().union(*(users[event, day] for day in inside))
                assert active(part, inside, event, dimension) == len(really), (event, window)


def test_what_strangers_invent_has_a_cap_of_its_own(tmp_path, program):
    lines = [spooled(program.token, n, version=f"9.{n}") for n in range(MAX_VERSIONS + 5)]
    store(tmp_path, [*lines, spooled_report(program.token, report(version="8.0"))])

    assert report_counts("version")[DAY, "door", "other", 7] == (5, 0)
    assert report_counts("version")[DAY, "person", "8.0", 0] == (1, 0)


def test_dropped_names_are_kept_with_their_last_day_and_only_so_many(tmp_path, program):
    names = [f"name_{number}" for number in range(MAX_NAMES + 9)]
    store(tmp_path, [spooled(program.token, dropped=names[n : n + 20]) for n in range(0, len(names), 20)])
    store(tmp_path, [spooled(program.token, day="2026-11-23", dropped=["name_0", "late"])])

    days = dict(DroppedName.objects.values_list("name", "date"))
    assert (len(days), "late" in days) == (MAX_NAMES, False)
    assert (days["name_0"], days["name_1"]) == (date(2026, 11, 23), date(2026, 11, 22))


def test_lines_that_are_wrong_are_set_aside_without_their_marks(tmp_path, program):
    good = spooled(program.token)
    wrong = [
        msgspec.structs.replace(good, day="2026-11-19"),
        msgspec.structs.replace(good, day="2026-11-24"),
        msgspec.structs.replace(good, day="2026-13-01"),
        msgspec.structs.replace(good, sdk="unknown"),
        msgspec.structs.replace(good, os="\0"),
    ]
    store(tmp_path, [*wrong, good])

    assert list(report_counts("active").values()) == [(1, 0)]
    text = (tmp_path / SET_ASIDE_FILE).read_text()
    assert text.count('{\\"door\\":"') == len(wrong)
    assert str(marks(1).day) not in text


def test_lines_of_retired_programs_and_of_articles_are_left_out(tmp_path, project, pixel):
    retired = declared(project, title="Retired", retired_at=datetime(2026, 11, 1, tzinfo=UTC))
    store(tmp_path, [spooled(retired.token), spooled(pixel.token), spooled("unknownunknown222222")])

    assert not ReportCount.objects.exists()
    assert not Mark.objects.exists()


def test_a_batch_that_fails_leaves_no_mark_and_counts_when_it_comes_again(tmp_path, program, monkeypatch):
    spool_reports(tmp_path, [spooled(program.token, uses=[use(key=1)])])
    with monkeypatch.context() as patch:
        patch.setattr(Drain, "_move_offsets", lambda *arguments: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            drain(tmp_path)
    assert not Mark.objects.exists()

    drain(tmp_path)

    assert list(report_counts("event").values()) == [(1, 1)]


def test_marks_and_salts_go_with_their_window_and_counts_stay(tmp_path, program):
    day = date(2026, 11, 30)  # a Monday, and the last day of a month
    store(tmp_path, [spooled(program.token, day=str(day), uses=[use(key=1)])])
    load_window_salts(window.name for window in windows_of(day))

    def spans(model: type[Mark] | type[WindowSalt]) -> set[int]:
        return set(model.objects.values_list("span", flat=True))

    for now, kept in (
        (datetime(2026, 12, 2, 21, tzinfo=UTC), {Span.DAY, Span.WEEK, Span.MONTH}),
        (datetime(2026, 12, 2, 23, tzinfo=UTC), {Span.WEEK}),  # a day and a month ended together
        (datetime(2026, 12, 8, 21, tzinfo=UTC), {Span.WEEK}),
        (datetime(2026, 12, 8, 23, tzinfo=UTC), set()),
    ):
        delete_expired(now)
        assert (spans(Mark), spans(WindowSalt)) == (kept, kept), now
    assert list(report_counts("active").values()) == [(1, 0)]


def test_a_name_goes_when_it_was_not_sent_for_35_days(tmp_path, program):
    store(tmp_path, [spooled(program.token, dropped=["x"])])
    for days, names in ((35, 1), (36, 0)):
        delete_expired(datetime(2026, 11, 22, 12, tzinfo=UTC) + timedelta(days))
        assert DroppedName.objects.count() == names


def test_a_project_takes_its_marks_and_names_with_it(tmp_path, program):
    store(tmp_path, [spooled(program.token, dropped=["x"])])

    Project.objects.get(pk=program.project_id).delete()

    assert (Mark.objects.count(), DroppedName.objects.count()) == (0, 0)
