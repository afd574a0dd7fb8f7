"""A flood of made-up installations, from the request to what the page and the public see."""

import os
import random
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice

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
INSTALLATIONS = int(os.environ.get("INSTALLATIONS", "1200"))
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


def installations(number: int) -> Iterator[dict[str, object]]:
    """Yield the reports of made-up installations: new ones, and ones that claim to be old, late ones too."""
    dice = random.Random(4)
    for one in range(1000, 1000 + number):
        day = utc_today() - dice.choice((0, 0, 0, 1, 5, 30)) * DAY
        gap = dice.choice((None, None, 1, 9, 32))
        build = used(day - DAY, n=100_000, p={"format": "pdf"}, h={"seconds": [5, 0, 0, 0]})
        yield report(
            day, id=f"{one:016x}{0:016x}", gap=gap, version=f"{dice.randrange(40)}.0", os="windows", used=[build],
            since=week_of(day) if gap is None else "2026-W01",
        )  # fmt: skip


def send(endpoint, program, reports, peer="192.0.2.1"):
    remaining = iter(reports)
    while some := list(islice(remaining, 20)):
        assert endpoint.post(f"/e/{program.token}", envelope(*some), peer=peer).status == 202


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
    flood = installations(INSTALLATIONS)

    send(endpoint, program, islice(flood, 100))
    drain(tmp_path)  # before it is known to be a flood
    send(endpoint, program, flood)
    drain(tmp_path)

    assert figures() == before
    assert Report.objects.count() == 5 + INSTALLATIONS
    assert Report.objects.filter(left_out="excess").count() == INSTALLATIONS
    assert {row.what for row in LeftOut.objects.all()} == {"excess"}
    active = LeftOutCount.objects.filter(dimension=0)
    assert sum(row.reports for row in active) == INSTALLATIONS
