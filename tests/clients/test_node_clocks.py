"""The clients for Node on machines whose clock is wrong."""

import pytest

from tests.clients.node import FORMS, START, NodeProgram, seconds_of

OPEN = START + 'telemetry.record("open");'


@pytest.fixture
def program(device, stub) -> NodeProgram:
    program = NodeProgram(device, FORMS[1], stub.url)
    program.tell()
    return program


def test_a_new_installation_with_a_wrong_clock_moves_everything(program, device, stub):
    program.tell(day="2026-11-28")
    stub.status = 503
    program.run(OPEN, "2026-11-29")
    stub.status, stub.now = 202, seconds_of("2026-11-25", "10:00:30")
    program.run(OPEN, "2026-11-30")
    assert "\nlast 2026-11-25\n" in (device.state / "installation").read_text()
    stub.now = seconds_of("2026-11-26", "10:00:30")
    program.run(START, "2026-12-01")

    refused, wrong, right, later = [body["reports"] for body in stub.bodies()]
    assert [(one["day"], one["gap"], one["since"]) for one in right + later] == [
        ("2026-11-24", None, "2026-W48"),
        ("2026-11-25", 1, "2026-W48"),
        ("2026-11-26", 1, "2026-W48"),
    ]
    assert [[(use["day"], use["gap"]) for use in one["used"]] for one in right + later] == [
        [],
        [("2026-11-24", None)],
        [("2026-11-25", 1)],
    ]
    assert wrong[0] == refused[0]
    assert len({one["id"] for one in wrong + right + later}) == 5
    assert f"offset {30 - 5 * 86400}\n" in (device.state / "installation").read_text()


def test_a_clock_that_goes_wrong_later_moves_the_days_report_only(program, device, stub):
    stub.now = seconds_of("2026-11-24")
    program.run(OPEN, "2026-11-24")
    stub.now = seconds_of("2026-11-26")
    program.run(OPEN, "2027-01-20")
    program.run(OPEN, "2027-01-20")
    stub.now = seconds_of("2026-11-27")
    program.run(OPEN, "2027-01-21")

    first, _, second, third = [body["reports"] for body in stub.bodies()]
    assert [(one["day"], one["gap"], one["used"]) for one in first + second + third] == [
        ("2026-11-24", None, []),
        ("2026-11-26", 2, [{"day": "2026-11-24", "event": "open", "n": 1, "gap": None}]),
        ("2026-11-27", 1, [{"day": "2026-11-26", "event": "open", "n": 2, "gap": 2}]),
    ]
    assert sorted(path.name for path in device.state.glob("[ce][lv]*-*")) == ["claim-2026-11-27", "events-2026-11-27"]


def test_a_clock_that_jumps_back_reports_no_day_twice(program, device, stub):
    stub.now = seconds_of("2026-11-24")
    program.run(START, "2026-11-24")
    program.run(START, "2026-11-20")
    program.run(START, "2026-11-20")
    assert [one["day"] for one in stub.reports()] == ["2026-11-24"]
    assert len(stub.requests) == 2
    stub.status, stub.now = 503, seconds_of("2026-11-25")
    program.run(START, "2026-11-21")
    stub.status = 202
    (device.state / "installation").write_text((device.state / "installation").read_text().replace("offset", "lost"))
    program.run(START, "2026-11-20")

    assert [one["day"] for one in stub.bodies()[-1]["reports"]] == ["2026-11-25"]
    assert not list(device.state.glob("queue-*"))


def test_a_clock_that_is_set_back_changes_neither_the_first_week_nor_what_was_used_before(program, stub):
    program.run(OPEN, "2026-11-24")
    program.run(START, "2026-11-25")
    stub.now = seconds_of("2026-11-26")
    newer = START.replace("2.4.1", "2.5.0")
    program.run(newer + OPEN[len(START) :], "2026-10-15")
    program.run(newer + OPEN[len(START) :], "2026-09-15")
    stub.now = seconds_of("2026-11-27")
    program.run(newer, "2026-09-16")

    facts = [(one["day"][-2:], one["gap"], one["since"], one.get("from")) for one in stub.reports()]
    assert facts == [
        ("24", None, "2026-W48", None),
        ("25", 1, "2026-W48", None),
        ("26", 1, "2026-W48", "2.4.1"),
        ("27", 1, "2026-W48", None),
    ]
    [use] = stub.reports()[3]["used"]
    assert (use["day"], use["n"], use["gap"]) == ("2026-11-26", 2, 2)


def test_the_day_of_the_notice_does_not_matter_after_the_first_report(program, stub):
    program.tell(day="2026-11-25")
    program.run(START, "2026-11-24")
    shown = program.ask(f"({START[:-1]}, telemetry.show())", "2026-11-24")
    program.run(START, "2026-11-25")

    assert [one["day"] for one in stub.reports()] == ["2026-11-24", "2026-11-25"]
    assert shown == stub.requests[1].body.decode()


def test_a_claim_that_a_wrong_clock_left_goes_with_the_next_report(program, device, stub):
    program.run(START, "2026-11-24")
    for day in (23, 26):
        (device.state / f"claim-2026-11-{day}").touch()
    program.run(START, "2026-11-25")
    program.run(START, "2026-11-26")

    assert [one["day"][-2:] for one in stub.reports()] == ["24", "25", "26"]


def test_no_gap_counts_from_a_use_that_is_too_long_ago_for_any_server(program, device, stub):
    device.state.mkdir(parents=True)
    for day in ("10-15", "11-14", "11-15"):
        (device.state / f"events-2026-{day}").write_text("open\n")
    program.run(START, "2026-11-24")

    assert [use["gap"] for use in stub.reports()[0]["used"]] == [None, None, 1]
