"""A flood of made-up installations, from the request to what the page and the public see."""

import os
import random
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice

import pytest
from django.core.cache import cache
from django.utils import timezone

from collector.intake.network_caps import NetworkCaps
from collector.models import LeftOut, LeftOutCount, PublishedWeek, Report, ReportCount
from collector.programs.weeks import week_of
from collector.storage.publication import publish
from collector.storage.spikes import find_spikes
from tests.dashboard.views.page_reader import Tables, get
from tests.dashboard.views.program_counts import address
from tests.endpoints import AsgiEndpoint, Endpoint
from tests.hits import drain
from tests.programs import DECLARATION, declared, envelope, report, used, utc_today

pytestmark = pytest.mark.django_db(transaction=True)
CAP = 3
REAL = 15
INSTALLATIONS = int(os.environ.get("INSTALLATIONS", "1200"))
DAY = timedelta(1)
PUBLIC = DECLARATION.replace('kind = "command"', 'kind = "command"\npublic = ["actives", "versions", "systems"]')


@pytest.fixture
def endpoint(tmp_path) -> Iterator[Endpoint]:
    cache.clear()
    endpoint = AsgiEndpoint(tmp_path)
    endpoint.reports.caps = NetworkCaps(CAP)
    yield endpoint
    endpoint.close()


def real_installations() -> Iterator[dict[str, object]]:
    """Yield two reports of each installation: its first one, some weeks ago, and one of today."""
    first_day = utc_today() - 24 * DAY
    for number in range(REAL):
        since = week_of(first_day)
        yield report(first_day, id=f"{number:016x}{0:016x}", gap=None, since=since)
        yield report(utc_today(), id=f"{number:016x}{0:016x}", gap=24, since=since)


def made_up_installations(number: int) -> Iterator[dict[str, object]]:
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


def everything(client, program) -> list[object]:
    """Return all counts of a program, what is public of it, and the numbers of its page without what is left out."""
    columns = ("dimension", "date", "driver", "value", "gap", "reports", "number")
    published = PublishedWeek.objects.filter(pixel=program).order_by("week", "part")
    page = Tables(get(client, f"{address(program)}?range=90d"))
    page.rows.pop("unusual", None)
    counts = ReportCount.objects.filter(pixel=program)
    return [
        set(counts.values_list(*columns)), list(published.values_list("week", "part", "body")), page.rows, page.figures
    ]  # fmt: skip


def test_a_flood_from_one_network_changes_nothing(client, viewer, tmp_path, project, endpoint):
    flooded, calm = declared(project, PUBLIC), declared(project, PUBLIC, title="Calm")
    for number, one in enumerate(real_installations()):
        for program in (flooded, calm):
            send(endpoint, program, [one], peer=f"198.51.100.{number}")
    drain(tmp_path)
    flood = made_up_installations(INSTALLATIONS)

    send(endpoint, flooded, islice(flood, 100))
    drain(tmp_path)  # before it is known to be a flood
    send(endpoint, flooded, flood)
    drain(tmp_path)
    now = timezone.now()
    assert sum(find_spikes(now)) == 0
    assert sum(publish(now, None)) > 0

    client.force_login(viewer)
    assert everything(client, flooded) == everything(client, calm)
    assert f'"installations":{REAL}' in PublishedWeek.objects.filter(pixel=calm).earliest("week").body
    assert Report.objects.filter(left_out="excess").count() == INSTALLATIONS
    assert {row.what for row in LeftOut.objects.all()} == {"excess"}
    active = LeftOutCount.objects.filter(dimension=0)
    assert sum(row.reports for row in active) == INSTALLATIONS
