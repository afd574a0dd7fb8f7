"""How many reports of a program count from one network."""

import pytest
from django.core.cache import cache

from collector.intake.network_caps import FLOOD, LATER_REPORTS, NetworkCaps
from collector.programs.report import ProgramReport, number_of_id
from tests.reports import report

KEY = b"k" * 32
TOKEN = "a" * 20


@pytest.fixture(autouse=True)
def empty_cache():
    cache.clear()


def judge(caps: NetworkCaps, *reports: ProgramReport, address: str = "192.0.2.1", token: str = TOKEN):
    return caps.judge(address, token, KEY, reports)


def excess(caps: NetworkCaps, number: int, address: str = "192.0.2.1", **fields) -> int:
    """Return how many of so many reports are over the cap."""
    return sum(judge(caps, *[report(one, **fields) for one in range(number)], address=address).excess)


def test_first_reports_over_the_cap_of_a_network_are_excess():
    caps = NetworkCaps(3)
    assert excess(caps, 5) == 2
    assert excess(caps, 2, address="192.0.2.2") == 0
    assert excess(caps, 2, driver="ci") == 0
    assert sum(judge(caps, report(9), token="b" * 20).excess) == 0


def test_reports_that_claim_to_be_later_ones_have_a_cap_of_their_own():
    caps = NetworkCaps(3)
    assert excess(caps, 3 * LATER_REPORTS + 4, gap=7) == 4
    assert excess(caps, 5) == 2


def test_a_site_may_send_ten_times_as_much_as_one_of_its_networks():
    caps = NetworkCaps(2)
    assert [excess(caps, 3, f"2001:db8:7:{number:x}::1") for number in range(11)] == [1] * 10 + [3]
    assert excess(caps, 2, "2001:db8:8::1") == 0


def test_without_a_cap_everything_counts():
    assert excess(NetworkCaps(0), 500) == 0


def test_of_a_network_that_floods_us_nothing_counts():
    caps = NetworkCaps(3)
    first = [report(number, day="2026-11-21") for number in range(3)]
    assert judge(caps, *first).flood == []
    assert judge(caps, report(50, gap=1)).excess == [False]

    judged = judge(caps, *[report(number) for number in range(100, 100 + 3 * FLOOD + 1)])

    assert judged.flood == [("2026-11-21", number_of_id(one.id)) for one in first]
    assert all(judged.excess)
    assert judge(caps, report(900)).excess == [True]
    assert judge(caps, report(51, gap=1)).excess == [False]  # those who came back are judged by themselves
    assert judge(caps, report(901), address="192.0.2.2").excess == [False]
    assert judge(caps, report(901)).flood == []


def test_installations_of_other_sdks_have_a_cap_too_and_each_is_judged_once():
    caps = NetworkCaps(3)

    def excess(marks: range, address: str = "192.0.2.1", *, is_session: bool = False) -> int:
        return sum(caps.is_mark_excess(address, TOKEN, KEY, mark, is_session=is_session) for mark in marks)

    assert [excess(range(5)), excess(range(5)), excess(range(3))] == [2, 2, 0]
    assert excess(range(10, 13), "192.0.2.2") == 0
    assert excess(range(100, 102 + 3 * LATER_REPORTS), is_session=True) == 2
    assert NetworkCaps(0).is_mark_excess("192.0.2.1", TOKEN, KEY, 1, is_session=False) is False
