"""The client for POSIX shell on machines whose clock is wrong."""

from datetime import date, timedelta

import pytest

from tests.clients.shell import START, ShellProgram, seconds_of
from tests.clients.stub import Stub

BUILD = START + "footfall_record build format=html seconds=1\n"


@pytest.fixture
def program(device, stub) -> ShellProgram:
    program = ShellProgram(device, "dash", stub.url)
    program.tell()
    return program


@pytest.mark.parametrize(("shell", "days"), [("dash", 3), ("busybox", -3)])
def test_a_clock_that_was_always_wrong_is_corrected_with_all_it_dated(shell, days, device, stub):
    program = ShellProgram(device, shell, stub.url)
    program.tell()
    stub.status = 503
    program.run(BUILD, "2026-11-20")
    program.run(BUILD, "2026-11-21")
    stub.status = 202

    right = [(date(2026, 11, day) + timedelta(days)).isoformat() for day in range(20, 24)]

    run_with_server(program, stub, "2026-11-22", days)
    assert (program.noted("last"), program.noted("used build")) == (right[2], f"build {right[1]}")
    run_with_server(program, stub, "2026-11-23", days)

    reports = stub.reports()
    assert [(report["day"], report["gap"]) for report in reports] == list(zip(right, [None, 1, 1, 1], strict=True))
    assert [[use["day"] for use in report["used"]] for report in reports] == [[], [right[0]], [right[1]], [right[2]]]
    week = "{}-W{:02}".format(*date.fromisoformat(right[0]).isocalendar())
    assert {report["since"] for report in reports} == {week}
    assert program.noted("offset") == str(days * 86400)
    assert [report["id"] for report in reports] == [program.id_on(day) for day in right]


def test_a_clock_that_goes_wrong_moves_the_report_of_its_day_alone(program, device, stub):
    for day, days in (("2026-11-20", 0), ("2026-11-25", -3), ("2026-11-26", -3), ("2026-11-30", -7)):
        run_with_server(program, stub, day, days)

    reports = stub.reports()
    assert [(report["day"], report["gap"]) for report in reports] == [
        *(("2026-11-20", None), ("2026-11-22", 2), ("2026-11-23", 1))
    ]
    assert [[(use["day"], use["gap"]) for use in report["used"]] for report in reports] == [
        [],
        [("2026-11-20", None)],
        [("2026-11-22", 2)],
    ]
    assert [report["id"] for report in reports] == [program.id_on(report["day"]) for report in reports]


def test_what_a_wrong_clock_used_on_days_to_come_is_left_out(program, device, stub):
    run_with_server(program, stub, "2026-11-20", 0)
    stub.status = 503
    program.run(BUILD, "2026-11-24")
    stub.status = 202
    run_with_server(program, stub, "2026-11-25", -3)

    assert {report["day"]: [use["day"] for use in report["used"]] for report in stub.reports()} == {
        "2026-11-20": [],
        "2026-11-22": [],
        "2026-11-24": ["2026-11-20"],
    }
    assert (program.noted("last"), program.noted("used build")) == ("2026-11-22", "build 2026-11-20")


def test_a_clock_that_was_set_back_keeps_the_week_of_the_first_report(program, stub):
    run_with_server(program, stub, "2026-12-02", 0)
    run_with_server(program, stub, "2026-11-10", 23)

    reports = stub.reports()
    assert [(report["day"], report["gap"], report["since"]) for report in reports] == [
        *(("2026-12-02", None, "2026-W49"), ("2026-12-03", 1, "2026-W49"))
    ]
    assert (program.noted("since"), program.noted("used build")) == ("2026-W49", "")


def test_a_clock_that_was_far_ahead_before_any_answer_begins_anew(program, stub):
    stub.status = 503
    program.run(BUILD, "2031-01-01")
    stub.status = 202
    program.run(BUILD, "2026-11-25")
    program.run(START, "2026-11-26")

    reports = [report for report in stub.reports() if report["day"] < "2031"]
    assert [(report["day"], report["gap"], report["since"]) for report in reports] == [
        *(("2026-11-25", None, "2026-W48"), ("2026-11-26", 1, "2026-W48"))
    ]


def test_a_day_of_the_notice_that_a_wrong_clock_showed_is_reported(program, device, stub):
    program.tell("2026-11-26")
    program.run(BUILD, "2026-11-25")
    (device.state / "claim-2026-11-27").touch()
    for day in ("2026-11-26", "2026-11-27"):
        program.run(START, day)

        assert [path.name for path in device.state.glob("claim-*")] == [f"claim-{day}"]
    assert [report["day"] for report in stub.reports()] == ["2026-11-25", "2026-11-26", "2026-11-27"]


def test_no_gap_counts_from_a_use_that_is_too_long_ago_for_any_server(program, device, stub):
    device.state.mkdir(parents=True)
    for day in ("2026-10-15", "2026-11-14", "2026-11-15"):
        (device.state / f"events-{day}").write_text("open\n")
    program.run(START, "2026-11-24")

    assert [use["gap"] for use in stub.reports()[0]["used"]] == [None, None, 1]


def run_with_server(program: ShellProgram, stub: Stub, day: str, days: int) -> None:
    """Run a program whose clock says a day, while the server's is so many days later."""
    stub.now = seconds_of(day, days)
    program.run(BUILD, day)
