"""Whatever strangers report, the rows of a day are bounded, and what the declaration names always counts apart."""

from unittest.mock import Mock

import pytest
from django.db import OperationalError

from collector.models import Declaration
from collector.programs.report import Used
from collector.spool.report_line import SpooledRun
from collector.storage import report_caps
from collector.storage.drain import Drain
from tests.hits import drain, micros
from tests.reports import report, report_counts, spool_reports, spooled_report

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def small_caps(monkeypatch):
    monkeypatch.setattr(report_caps, "_LIMITS", dict.fromkeys(report_caps._LIMITS, 3))
    monkeypatch.setattr(report_caps, "MAX_VERSIONS", 3)
    monkeypatch.setattr(report_caps, "MAX_UPGRADES", 3)


def values(dimension, day="2026-11-22"):
    """Return how many reports each value of a day has."""
    rows = report_counts(dimension).items()
    return {value: reports or number for (date, _, value, _), (reports, number) in rows if date == day}


def take(directory, program, *bodies):
    """Store reports, each in a batch of its own, by drains that start with nothing in memory."""
    for body in bodies:
        spool_reports(directory, [spooled_report(program.token, body)])
        drain(directory)


def name_versions(program, supported):
    """Let a declaration name versions: 2.4.1 as the newest, and supported ones."""
    text = f'{program.declaration.text}\n[versions]\nnewest = "2.4.1"\nsupported = {supported}\n'
    Declaration.objects.update(text=text.replace("'", '"'))


@pytest.mark.parametrize(("dimension", "field"), [("version", "version"), ("runtime", "runtime")])
def test_the_first_values_of_a_day_count_apart_and_the_rest_as_other(tmp_path, program, dimension, field):
    texts = ["a1", "a2", "other", "a3", "a4", "a1", "a5", "a3"]
    take(tmp_path, program, *(report(number, **{field: text}) for number, text in enumerate(texts)))
    take(tmp_path, program, report(20, "2026-11-23", **{field: "a5"}))

    assert values(dimension) == {"a1": 2, "a2": 1, "a3": 2, "other": 3}
    assert values(dimension, "2026-11-23") == {"a5": 1}


@pytest.mark.parametrize("is_one_batch", [True, False])
def test_what_ci_reports_uses_up_nothing_that_installations_have_room_for(tmp_path, program, is_one_batch):
    def used(number):
        return [Used(day="2026-11-21", event="build", n=1, p={"engine": f"3.{number}"})]

    by_ci = [
        report(number, driver="ci", version=f"9.{number}", runtime=f"r{number}", from_version="8", used=used(number))
        for number in range(5)
    ]
    by_person = report(9, version="2.7", runtime="x", from_version="2.6", used=used(7))

    if is_one_batch:
        spool_reports(tmp_path, [spooled_report(program.token, body) for body in (*by_ci, by_person)])
        drain(tmp_path)
    else:
        take(tmp_path, program, *by_ci, by_person)

    assert values("property", "2026-11-21")["build.engine=3.7"] == 1
    assert [values("runtime")["x"], values("upgrade")["2.6>2.7"]] == [1, 1]
    assert values("version") == {"9.0": 1, "9.1": 1, "9.2": 1, "other": 2, "2.7": 1}


def test_versions_that_the_declaration_names_always_count_apart(tmp_path, program):
    name_versions(program, supported=["2.3.0", "2.4"])
    versions = ["9.0.1", "9.0.2", "9.0.3", "9.0.4", "2.4.1", "2.3.0", "2.4", "2.4.9"]

    take(tmp_path, program, *(report(number, version=version) for number, version in enumerate(versions)))
    take(tmp_path, program, report(30, version="9.0.2"), report(31, version="9.0.5"))

    named = {"2.4.1": 1, "2.3.0": 1, "2.4": 1}
    assert values("version") == named | {"9.0.1": 1, "9.0.2": 2, "9.0.3": 1, "other": 3}


def test_invented_upgrades_hide_none_between_named_versions(tmp_path, program):
    name_versions(program, supported=["2.3.0"])
    invented = [report(number, version=f"9.0.{number}", from_version="8.0") for number in range(5)]

    take(tmp_path, program, *invented, report(9, version="2.4.1", from_version="2.3.0"))

    pairs = {f"8.0>9.0.{number}": 1 for number in range(3)}
    assert values("upgrade") == pairs | {"2.3.0>2.4.1": 1, "other>other": 2}


def test_values_of_each_property_are_bounded_unless_the_declaration_lists_them(tmp_path, program):
    used = [
        [Used(day="2026-11-21", event="build", n=1, p={"engine": f"3.{number}", "format": format_})]
        for number, format_ in enumerate(("a", "b", "c", "d", "html", "pdf", "other", "html"))
    ]

    take(tmp_path, program, *(report(number, used=uses) for number, uses in enumerate(used)))

    assert values("property", "2026-11-21") == {
        "build.engine=3.0": 1, "build.engine=3.1": 1, "build.engine=3.2": 1, "build.engine=other": 5,
        "build.format=html": 2, "build.format=pdf": 1, "build.format=other": 2,
        "build.format=a": 1, "build.format=b": 1, "build.format=c": 1,
    }  # fmt: skip


def test_versions_of_runs_are_bounded(tmp_path, program):
    at_us = micros("2026-11-22T12:00")
    runs = [SpooledRun(token=program.token, at_us=at_us, version=f"9.{number}") for number in range(5)]
    spool_reports(tmp_path, runs)
    drain(tmp_path)

    assert values("run_version") == {"9.0": 1, "9.1": 1, "9.2": 1, "other": 2}


def test_a_declaration_that_can_not_be_read_any_more_stops_no_report(tmp_path, program):
    Declaration.objects.update(text="[program")

    take(tmp_path, program, *(report(number, version=f"2.{number}") for number in range(5)))

    assert values("version") == {"2.0": 1, "2.1": 1, "2.2": 1, "other": 2}


def test_a_batch_that_was_not_stored_uses_up_no_place(tmp_path, program, monkeypatch):
    spool_reports(tmp_path, [spooled_report(program.token, report(one, version=f"1.{one}")) for one in range(9)])
    running = Drain(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(Drain, "_move_offsets", Mock(side_effect=OperationalError))
        with pytest.raises(OperationalError):
            running.drain_once()
    for segment in tmp_path.glob("*.jsonl"):
        segment.unlink()
    spool_reports(tmp_path, [spooled_report(program.token, report(one, version=f"2.{one}")) for one in range(3)])

    running.drain_once()

    assert values("version") == {"2.0": 1, "2.1": 1, "2.2": 1}


def test_what_is_remembered_of_values_is_bounded_and_read_again(tmp_path, program, monkeypatch):
    monkeypatch.setattr(report_caps, "MAX_REMEMBERED", 20)
    memory = Drain(tmp_path)
    days = [f"2026-11-{day}" for day in range(12, 23)]
    for number, version in enumerate(["9.0.1", "9.0.2", "9.0.3", "9.0.4"]):
        bodies = [report(100 * number + index, day, version=version) for index, day in enumerate(days)]
        spool_reports(tmp_path, [spooled_report(program.token, body) for body in bodies])
        memory.drain_once()

    for day in days:
        assert values("version", day) == {"9.0.1": 1, "9.0.2": 1, "9.0.3": 1, "other": 1}
    spool_reports(tmp_path, [spooled_report(program.token, report(900, days[-1]))])
    memory.drain_once()
    caps = memory._reports._caps
    assert 0 < sum(map(report_caps._size, caps._days.values())) == caps._remembered <= 20 + 6
