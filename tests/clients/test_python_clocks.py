"""The Python client on machines whose clock is wrong."""

from datetime import timedelta

import pytest

from tests.clients.python import NOON, Paperclip, day

START = "f.start('2.4.1')"


@pytest.fixture
def paperclip(device, stub) -> Paperclip:
    """Return a program whose user was told on day 0."""
    paperclip = Paperclip(device, stub.url)
    paperclip.tell()
    return paperclip


def test_a_clock_that_was_always_wrong_moves_all_reports(paperclip, stub):
    """The machine's clock is three days ahead. It is the server's day 1 when the second report is made."""
    stub.status = 503
    paperclip.run(f"{START}; f.record('open')", 3)
    stub.status, stub.now = 202, (NOON + timedelta(1)).timestamp()
    paperclip.run(f"{START}; f.record('open')", 4)
    stub.now = (NOON + timedelta(2)).timestamp()
    paperclip.run(START, 5)

    gaps = [(report["day"], report["gap"], report["since"]) for report in stub.reports()]
    assert gaps == [(day(0), None, "2026-W48"), (day(1), 1, "2026-W48"), (day(2), 1, "2026-W48")]
    uses = [(use["day"], use["gap"]) for report in stub.reports() for use in report["used"]]
    assert uses == [(day(0), None), (day(1), 1)]
    assert [body["today"] for body in stub.bodies()[1:]] == [day(4), day(1), day(2)]
    assert f"offset {-3 * 86400}" in paperclip.state("installation")
    assert [path.name for path in paperclip.device.state.glob("claim-*")] == [f"claim-{day(2)}"]


def test_a_clock_that_went_wrong_later_moves_only_todays_report(paperclip, stub):
    paperclip.run(f"{START}; f.record('open')", 1)
    stub.status = 503
    paperclip.run(f"{START}; f.record('open')", 2)
    stub.status, stub.now = 202, (NOON + timedelta(4)).timestamp()
    paperclip.run(f"{START}; f.record('open')", 40)
    stub.now = (NOON + timedelta(5)).timestamp()
    paperclip.run(START, 41)
    stub.now = (NOON + timedelta(6)).timestamp()
    paperclip.run(START, 6)  # the clock is right again, and 36 days behind the offset
    paperclip.run(START, 6)

    assert [(report["day"], report["gap"]) for report in stub.reports()] == [
        (day(1), None),
        (day(2), 1),
        (day(4), 2),
        (day(5), 1),
        (day(6), 1),
    ]
    assert [use["gap"] for report in stub.reports() for use in report["used"]] == [None, 1, 2]


def test_the_first_week_moves_even_if_the_first_report_is_gone(paperclip, stub):
    stub.status = 503
    paperclip.run(START, 73)
    (paperclip.device.state / f"queue-{day(73)}").unlink()
    stub.status, stub.now = 202, (NOON + timedelta(4)).timestamp()
    paperclip.run(START, 74)

    assert [(report["day"], report["gap"], report["since"]) for report in stub.reports()] == [(day(4), 1, "2026-W48")]


def test_a_clock_that_is_set_back_changes_neither_the_first_week_nor_what_was_used_before(paperclip, stub):
    paperclip.run(f"{START}; f.record('open')", 1)
    paperclip.run(START, 2)
    stub.now = (NOON + timedelta(3)).timestamp()
    paperclip.run("f.start('2.5.0'); f.record('open')", -40)
    paperclip.run("f.start('2.5.0'); f.record('open')", -60)
    stub.now = (NOON + timedelta(4)).timestamp()
    paperclip.run("f.start('2.5.0')", -59)

    facts = [(report["day"], report["gap"], report["since"], report.get("from")) for report in stub.reports()]
    assert facts == [
        (day(1), None, "2026-W48", None),
        (day(2), 1, "2026-W48", None),
        (day(3), 1, "2026-W48", "2.4.1"),
        (day(4), 1, "2026-W48", None),
    ]
    (use,) = stub.reports()[3]["used"]
    assert (use["day"], use["n"], use["gap"]) == (day(3), 2, 2)


def test_the_day_of_the_notice_does_not_matter_after_the_first_report(paperclip, stub):
    paperclip.run(START, -1)
    shown = paperclip.run(f"{START}; print(f.show(), end='')", -1).out
    paperclip.run(START, 0)

    assert [report["day"] for report in stub.reports()] == [day(-1), day(0)]
    assert shown == stub.requests[1].body


def test_a_claim_that_a_wrong_clock_left_goes_with_the_next_report(paperclip, stub):
    paperclip.run(START, 1)
    for number in (0, 3):
        (paperclip.device.state / f"claim-{day(number)}").touch()
    paperclip.run(START, 2)
    paperclip.run(START, 3)

    assert [report["day"] for report in stub.reports()] == [day(1), day(2), day(3)]


def test_no_gap_counts_from_a_use_that_is_too_long_ago_for_any_server(paperclip, stub):
    paperclip.device.state.mkdir(parents=True)
    for number in (0, 30, 31):
        (paperclip.device.state / f"events-{day(number)}").write_text("open\n")
    paperclip.run(START, 40)

    assert [use["gap"] for use in stub.reports()[0]["used"]] == [None, None, 1]


def test_a_clock_far_ahead_without_a_network_does_not_silence_the_client(paperclip, stub):
    stub.status = 503
    paperclip.run(START, 1500)
    stub.status = 202
    paperclip.run(START, 1)
    paperclip.run(START, 2)

    assert [(report["day"], report["gap"]) for report in stub.reports() if report["day"] < day(9)] == [
        (day(1), None),
        (day(2), 1),
    ]
