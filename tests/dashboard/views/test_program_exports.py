"""Downloads from a program's page, and who finds the page."""

import csv
import io

import pytest

from collector.models import Membership, Project
from tests.dashboard.views.downloads import fetched
from tests.dashboard.views.page_reader import get
from tests.dashboard.views.program_counts import address

pytestmark = pytest.mark.usefixtures("noon")


def test_the_view_as_csv_has_all_its_numbers(reader, reported):
    lines = rows_of(reader, f"{address(reported)}export.csv")
    assert lines[0] == ["panel", "title", "label", "measure", "number"]
    assert ["figures", "Key figures", "Active in 7 days", "Installations", "39"] in lines
    assert ["retention", "Retention", "2026-11-09", "Week 1", "10"] in lines
    assert ["events", "Events", "build", "Times", "50"] in lines
    assert ["event.build", "build", "format: html", "Times", "40"] in lines


@pytest.mark.parametrize(
    ("key", "second_line"),
    [
        ("actives", ["2026-10-24", "50", "0", "0"]),
        ("retention", ["2026-11-09", "40", "10", "", "", "", ""]),
        ("versions", ["2.4.1", "27", "0.6923"]),
        ("releases", ["2.4.1", "13 Nov 2026", "within 4 days"]),
        ("event.build", ["format: html", "40", "0.8"]),
    ],
)
def test_each_panel_can_be_downloaded(reader, reported, key, second_line):
    lines = rows_of(reader, f"{address(reported)}export/{key}.csv")
    assert lines[1] == second_line
    get(reader, f"{address(reported)}export/nothing.csv", 404)


def rows_of(client, path: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(fetched(client, path).decode("utf-8-sig"), newline="")))


def test_only_members_find_a_program(client, reported, stranger):
    paths = ("", "export.csv", "export/versions.csv")
    for path in paths:
        assert client.get(f"{address(reported)}{path}").status_code == 302
    client.force_login(stranger)
    for path in paths:
        get(client, f"{address(reported)}{path}", 404)
    other = Project.objects.create(name="Other", slug="other")
    Membership.objects.create(project=other, user=stranger)
    get(client, f"/projects/other/{reported.pk}/", 404)
