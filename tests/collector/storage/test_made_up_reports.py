"""A flood of made-up installations, from the request to what the page and the public see."""

import random
from datetime import timedelta

import pytest
from django.core.cache import cache

from collector.intake.network_caps import NetworkCaps
from collector.models import LeftOut, LeftOutCount, Report, ReportCount
from collector.programs.weeks import week_of
from tests.endpoints import AsgiEndpoint
from tests.hits import drain
from tests.programs import declared, envelope, report, used, utc_today

pytestmark = pytest.mark.django_db(transaction=True)
CAP = 3
DAY = timedelta(1)


@pytest.fixture(autouse=True)
def empty_cache():
    cache.clear()


@pytest.fixture
def program(project):
    return declared(project)


def figures() -> set[tuple[object, ...]]:
    """Return everything that pages, files and publications are made of."""
    return set(ReportCount.objects.values_list("dimension", "date", "driver", "value", "gap", "reports", "number"))


def installations(number: int, since: int = 0) -> list[dict[str, object]]:
    """Return the reports of made-up installations: new ones, and ones that claim to be old, late ones too."""
    dice = random.Random(number)
    reports = []
    for one in range(since, since + number):
        day = utc_today() - timedelta(dice.choice((0, 0, 0, 1, 5, 30)))
        gap = dice.choice((None, None, 1, 9, 32))
        fields = {
            "id": f"{one + 1000:016x}{0:016x}", "gap": gap, "version": f"{dice.randrange(40)}.0", "os": "windows",
            "since": week_of(day) if gap is None else "2026-W01",
            "used": [used(day - timedelta(1), n=100_000, p={"format": "pdf"}, h={"seconds": [5, 0, 0, 0]})],
        }  # fmt: skip
        reports.append(report(day, **fields))
    return reports


def send(endpoint, program, reports, peer="192.0.2.1"):
    for start in range(0, len(reports), 20):
        assert endpoint.post(f"/e/{program.token}", envelope(*reports[start : start + 20]), peer=peer).status == 202


def test_a_flood_from_one_network_changes_nothing(tmp_path, program):
    endpoint = AsgiEndpoint(tmp_path)
    endpoint.reports.caps = NetworkCaps(CAP)
    real = [
        report(utc_today(), id=f"{number:016x}{0:016x}", gap=number or None, since=week_of(utc_today() - number * DAY))
        for number in range(5)
    ]
    for number, one in enumerate(real):
        send(endpoint, program, [one], peer=f"198.51.100.{number}")
    drain(tmp_path)
    before = figures()
    flood = installations(1200)

    send(endpoint, program, flood[:100])
    endpoint.close()
    drain(tmp_path)  # before it is known to be a flood
    send(endpoint, program, flood[100:])
    endpoint.close()
    drain(tmp_path)

    assert figures() == before
    assert Report.objects.count() == 5 + len(flood)
    assert Report.objects.filter(left_out="excess").count() == len(flood)
    assert {row.what for row in LeftOut.objects.all()} == {"excess"}
    active = LeftOutCount.objects.filter(dimension=0)
    assert sum(row.reports for row in active) == len(flood)
