"""Lines of programs in the spool: what comes out of one can be counted, no matter who wrote it."""

import pytest

from collector.programs.forms import MAX_BINS, MAX_PROPERTIES, MAX_USED
from collector.programs.report import Used
from collector.spool.report_line import from_line
from tests.reports import report, spooled_report

BUILD = {"day": "2026-11-20", "event": "build", "n": 1}


def test_the_largest_report_can_be_read():
    names = [f"p{number}" for number in range(MAX_PROPERTIES)]
    largest = Used(**BUILD, p=dict.fromkeys(names, True), h={name: [0] * MAX_BINS for name in names})
    line = spooled_report("abc", report(used=[largest, *[Used(**BUILD)] * (MAX_USED - 1)]))

    assert from_line(line.to_line().rstrip()) == line


@pytest.mark.parametrize(
    ("used", "reason"),
    [
        ([Used(**BUILD)] * (MAX_USED + 1), f"length <= {MAX_USED}"),
        ([Used(**BUILD, p=dict.fromkeys("abcdefghijk", True))], f"length <= {MAX_PROPERTIES}"),
        ([Used(**BUILD, h={"seconds": [1] * (MAX_BINS + 1)})], f"length <= {MAX_BINS}"),
    ],
)
def test_a_report_with_more_than_can_be_declared_is_refused(used, reason):
    """One line could otherwise make thousands of rows."""
    line = spooled_report("abc", report(used=used)).to_line().rstrip()

    with pytest.raises(ValueError, match=reason):
        from_line(line)
