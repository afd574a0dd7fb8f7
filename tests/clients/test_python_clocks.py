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
