"""The administrators' page about the server."""

import re
from datetime import timedelta

import pytest
from django.db import connection

from collector.models import Dimension, Pixel, Project, SpoolOffset
from tests.dashboard.report.daily_counts import DAY, add
from tests.dashboard.views.page_reader import get
from tests.dashboard.views.test_queries import queries_of

pytestmark = pytest.mark.usefixtures("noon")


@pytest.mark.parametrize(
    ("who", "status"), [(None, 302), ("viewer", 404), ("owner", 404), ("stranger", 404), ("admin_user", 200)]
)
def test_only_superusers_find_the_page(client, request, project, who, status):
    if who:
        client.force_login(request.getfixturevalue(who))

    assert client.get("/server/").status_code == status
    assert client.post("/server/").status_code == 405
    assert ('href="/server/"' in client.get("/", follow=True).content.decode()) == (status == 200)


def test_it_shows_what_the_doctor_finds(admin_client, settings):
    SpoolOffset.objects.create(segment="a", offset_bytes=0, lost=1234)

    page = " ".join(get(admin_client, "/server/").split())

    assert "1,234 hits lost in the last 90 days" in page
    assert "<strong>Free disk space, or raise SPOOL_MAX_BYTES.</strong>" in page
    assert page.index("1,234 hits lost") < page.index("PUBLIC_URL is not set.") < page.index("time zones are known")


def test_the_checks_are_in_english_in_any_language(admin_client, settings):
    settings.PUBLIC_URL = "http://127.0.0.1:1"

    page = admin_client.get("/server/", headers={"accept-language": "de"}).content.decode()

    assert '<html lang="de">' in page
    assert "works only on this computer." in page
    assert "Nothing listens on 127.0.0.1, port 1." in page


def rows(page: str) -> list[tuple[str, ...]]:
    """Return the table of what came in: the texts of each row."""
    table = page[page.index('<table class="traffic"') :]
    cells = re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", table, re.DOTALL)
    texts = [" ".join(re.sub(r"<[^>]+>", " ", cell).split()) for cell in cells]
    return [tuple(texts[start : start + 4]) for start in range(4, len(texts), 4)]


def test_it_counts_what_came_in_on_days_of_each_project(admin_client, pixel, reported):
    east = Project.objects.create(name="East", slug="east", timezone="Pacific/Kiritimati")  # where tomorrow has begun
    far = Pixel.objects.create(project=east, title="Far")
    for of, ago, visits in (
        (pixel, 0, 5),
        (pixel, 1, 7),
        (pixel, 6, 11),
        (pixel, 7, 1000),
        (far, -1, 20),
        (far, 6, 900),
    ):
        add(of, Dimension.TOTAL, "", visits, 0, DAY - ago * timedelta(days=1), "medium")
    for verdict, ago, hits in (
        ("bot", 0, 3),
        ("opted-out", 0, 2),
        ("excess", 1, 4),
        ("bot", 2, 1200),
        ("bot", 8, 9000),
    ):
        add(pixel, Dimension.VERDICT, verdict, hits, 0, DAY - ago * timedelta(days=1), "medium")

    assert rows(get(admin_client, "/server/")) == [
        ("Today 3 by bots", "25", "3", "707"),
        ("Yesterday 4 over the rate limit", "7", "4", "21"),
        ("7 days 1,203 by bots, 4 over the rate limit", "43", "1,207", "783"),
    ]


def test_its_queries_do_not_depend_on_traffic_or_projects(admin_client, pixel):
    few = queries_of(admin_client, "/server/")
    add(pixel, Dimension.TOTAL, "", 5, 0, DAY, "medium")
    for place in range(20):
        project = Project.objects.create(name=f"Project {place}", slug=f"project-{place}")
        add(Pixel.objects.create(project=project, title="One"), Dimension.TOTAL, "", 5, 0, DAY, "medium")

    assert queries_of(admin_client, "/server/") == few == (11 if connection.vendor == "sqlite" else 14)
