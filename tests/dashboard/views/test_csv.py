"""What all CSV downloads and exports have in common."""

import re

import pytest
from django.core.management import call_command

from collector.programs.declaring import declare
from collector.storage.export import BYTE_ORDER_MARK
from dashboard.urls import urlpatterns
from tests.collector.programs.declarations import example
from tests.dashboard.views.downloads import fetched
from tests.server import ROOT

pytestmark = pytest.mark.usefixtures("noon")
CSV_PATHS = {
    "project_hits": "hits.csv",
    "pixel_hits": "{pixel}/hits.csv",
    "project_csv": "export.csv",
    "pixel_csv": "{pixel}/export.csv",
    "project_panel_csv": "export/trend.csv",
    "pixel_panel_csv": "{pixel}/export/trend.csv",
    "project_snippets_csv": "snippets.csv",
}
PUBLIC = example(('kind = "command"', 'kind = "command"\npublic = ["versions"]'))
PUBLIC_PATHS = {"about_statistics_file": "/about/{token}/versions.csv"}


def test_every_csv_starts_with_one_byte_order_mark(reader, visited_pixel, project, capsys):
    token = declare(project, PUBLIC).pixel.token
    paths = {name: f"/projects/blog/{path.format(pixel=visited_pixel.pk)}" for name, path in CSV_PATHS.items()}
    paths |= {name: path.format(token=token) for name, path in PUBLIC_PATHS.items()}
    contents = {name: fetched(reader, path) for name, path in paths.items()}
    for command in ("export_hits", "export_counts"):
        call_command(command, "blog", "--format", "csv")
        contents[command] = capsys.readouterr().out.encode()

    mark = BYTE_ORDER_MARK.encode()
    assert {name: (text.startswith(mark), text.count(mark)) for name, text in contents.items()} == dict.fromkeys(
        contents, (True, 1)
    )
    assert all(b"\r\n" in text for text in contents.values())


def test_no_json_lines_start_with_a_byte_order_mark(reader, visited_pixel, capsys):
    call_command("export_hits", "blog")

    assert capsys.readouterr().out.startswith("{")
    assert fetched(reader, "/projects/blog/hits.jsonl").startswith(b"{")


def test_one_place_makes_every_csv_and_every_address_of_one_is_tested_here():
    sources = [path for folder in ("accounts", "collector", "dashboard") for path in (ROOT / folder).rglob("*.py")]
    assert [path.name for path in sources if "csv.writer(" in path.read_text("utf-8")] == ["export.py"]
    assert {pattern.name for pattern in urlpatterns if re.search(r"\.csv|hits\.<", str(pattern.pattern))} == {
        *CSV_PATHS,
        *PUBLIC_PATHS,
    }
