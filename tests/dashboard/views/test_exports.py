"""Downloads from the dashboard: raw hits, views and panels as CSV."""

import csv
import gzip
import io
import json
from urllib.parse import quote

import pytest
from django.test import Client

from collector.models import Hit, Membership, Pixel, Project, Verdict
from collector.storage.export import FIELDS, spreadsheet_cell
from dashboard.views import exports
from dashboard.views.streams import CSV
from tests.dashboard.views.downloads import fetched, fetched_by_asgi
from tests.hits import CAMO, hit
from tests.server import ROOT

pytestmark = [pytest.mark.usefixtures("noon"), pytest.mark.one_database]
HITS = ["/projects/blog/hits.csv", "/projects/blog/hits.jsonl"]
PATHS = [
    *HITS,
    "/projects/blog/{pixel}/hits.csv",
    "/projects/blog/{pixel}/hits.jsonl",
    "/projects/blog/export.csv",
    "/projects/blog/{pixel}/export.csv",
    "/projects/blog/export/trend.csv",
    "/projects/blog/export/countries.csv",
    "/projects/blog/{pixel}/export/placements.csv",
]


def table(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def moments(client: Client, query: str) -> list[str]:
    lines = fetched(client, f"/projects/blog/hits.jsonl?{query}").splitlines()
    return [json.loads(line)["at"][:16] for line in lines]


# Who may download what


@pytest.mark.parametrize("path", PATHS)
def test_people_who_are_not_logged_in_are_sent_to_the_login(client, pixel, path):
    path = path.format(pixel=pixel.pk)
    response = client.get(path)
    assert (response.status_code, response.url) == (302, f"/login/?next={quote(path)}")


@pytest.mark.parametrize("path", PATHS)
def test_strangers_find_nothing(client, pixel, stranger, path):
    client.force_login(stranger)
    fetched(client, path.format(pixel=pixel.pk), 404)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("who", ["owner", "viewer", "admin_user"])
def test_members_and_superusers_download_what_they_see(client, take, pixel, request, who, path):
    take(hit(pixel, placement="medium"))
    client.force_login(request.getfixturevalue(who))
    assert len(fetched(client, path.format(pixel=pixel.pk)).splitlines()) >= 1


@pytest.mark.parametrize("path", ["hits.csv", "export.csv", "export/trend.csv"])
def test_a_pixel_is_only_found_in_its_own_project(reader, viewer, project, path):
    foreign = Pixel.objects.create(project=Project.objects.create(name="Other", slug="other"), title="Elsewhere")
    for address in (f"blog/{foreign.pk}", f"other/{foreign.pk}", "other", f"blog/{10**30}"):
        fetched(reader, f"/projects/{address}/{path}", 404)
    Membership.objects.create(project=foreign.project, user=viewer)
    fetched(reader, f"/projects/other/{foreign.pk}/{path}")
    fetched(reader, f"/projects/blog/{foreign.pk}/{path}", 404)


@pytest.mark.parametrize("path", ["hits.xml", "hits.", "export/nothing.csv", "export/placements.csv", "export/ .csv"])
def test_an_unknown_download_is_not_found(reader, project, path):
    fetched(reader, f"/projects/blog/{path}", 404)


@pytest.mark.parametrize("path", PATHS)
def test_a_download_accepts_no_post(reader, pixel, path):
    assert reader.post(path.format(pixel=pixel.pk)).status_code == 405


# Raw hits


@pytest.mark.every_database
def test_raw_hits_are_the_same_by_wsgi_and_asgi_and_from_the_command(reader, viewer, take, pixel, capsys):
    take(hit(pixel), hit(pixel, agent=CAMO), hit(pixel, agent="curl/8", verdict=Verdict.BOT))
    for path in HITS:
        content = fetched(reader, path)
        assert content == fetched_by_asgi(viewer, path)
        assert content == gzip.decompress(fetched_by_asgi(viewer, path, accept_encoding="gzip"))
        assert content == gzip.decompress(fetched(reader, path, accept_encoding="br, gzip"))
    rows = [json.loads(line) for line in content.splitlines()]
    assert [list(row) for row in rows] == [list(FIELDS)] * 3
    assert table(fetched(reader, HITS[0]))[0] == list(FIELDS)


@pytest.mark.every_database
def test_raw_hits_of_a_pixel_contain_no_other_pixel(reader, take, pixel):
    other = Pixel.objects.create(project=pixel.project, title="Other")
    take(hit(pixel), hit(other), hit(pixel))
    assert len(fetched(reader, "/projects/blog/hits.jsonl").splitlines()) == 3
    rows = [json.loads(line) for line in fetched(reader, f"/projects/blog/{other.pk}/hits.jsonl").splitlines()]
    assert [row["pixel"] for row in rows] == ["Other"]


@pytest.mark.parametrize("payload", ["=1+1", "+1", "-1", "@SUM(A1)", "\t1", "  =1", "\uff1d1"])
def test_formulas_of_strangers_and_authors_are_neutralised(reader, take, pixel, payload):
    Pixel.objects.update(title=payload)
    take(hit(pixel, page="https://medium.com/a", placement=payload[:40]))
    head, row = table(fetched(reader, "/projects/blog/hits.csv"))
    assert row[head.index("pixel")] == f"'{payload}"
    assert not [cell for cell in row if cell.startswith(tuple("=+-@\t"))]
    for path in ("export.csv", "export/articles.csv", "export/platforms.csv"):
        cells = [cell for row in table(fetched(reader, f"/projects/blog/{path}")) for cell in row]
        assert not [cell for cell in cells if cell.startswith(tuple("=+@\t")) or cell == "-1"]
    assert f"'{payload}" in [row[0] for row in table(fetched(reader, "/projects/blog/export/articles.csv"))]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("evil.example/a;=HYPERLINK(1);", "evil.example/a;'=HYPERLINK(1);"),
        ("a;  @SUM(A1)", "a;  '@SUM(A1)"),
        (";=1", ";'=1"),
        ("a\t-1\t+1", "a\t'-1\t'+1"),
        ("a\r\n=1", "a\r\n'=1"),
        ('a;"=1', "a;\"'=1"),  # written as a;""=1, which is a cell of no text and then a formula
        ("a;\uff201", "a;'\uff201"),
        ("one; two, 1-1=0; #3", "one; two, 1-1=0; #3"),
    ],
)
def test_no_cell_begins_a_formula_where_semicolons_or_tabs_separate(text, written):
    """As in Excel in German, French and Spanish, whatever is quoted."""
    assert spreadsheet_cell(text) == written


def test_a_lone_carriage_return_breaks_no_row(reader, take, pixel):
    Pixel.objects.update(title="one\rtwo")
    take(hit(pixel))
    assert [row[2] for row in table(fetched(reader, "/projects/blog/hits.csv"))] == ["pixel", "one\rtwo"]


@pytest.mark.every_database
def test_a_range_has_whole_days_in_the_time_zone_of_the_project(reader, take, pixel):
    """Berlin is an hour ahead of UTC."""
    take(*[hit(pixel, at) for at in ("2026-11-20T22:59", "2026-11-20T23:00", "2026-11-21T22:59", "2026-11-21T23:00")])
    assert moments(reader, "start=2026-11-21&end=2026-11-21") == ["2026-11-20T23:00", "2026-11-21T22:59"]
    assert moments(reader, "range=today") == ["2026-11-21T23:00"]
    assert len(moments(reader, "range=7d")) == 4


@pytest.mark.every_database
@pytest.mark.parametrize(
    ("day", "inside", "outside"),
    [
        # The day that clocks went forward has 23 hours, that on which they went back 25.
        ("2026-03-29", ("2026-03-28T23:00", "2026-03-29T21:59"), ("2026-03-28T22:59", "2026-03-29T22:00")),
        ("2026-10-25", ("2026-10-24T22:00", "2026-10-25T22:59"), ("2026-10-24T21:59", "2026-10-25T23:00")),
    ],
)
def test_days_on_which_the_clocks_change_are_whole(reader, take, pixel, day, inside, outside):
    take(*[hit(pixel, at) for at in (*inside, *outside)])
    assert moments(reader, f"start={day}&end={day}") == list(inside)


@pytest.mark.every_database
def test_a_day_that_begins_at_one_o_clock_is_whole(reader, take, pixel):
    """In Beirut clocks go forward at midnight."""
    Project.objects.update(timezone="Asia/Beirut")
    take(hit(pixel, "2026-03-28T21:59"), hit(pixel, "2026-03-28T22:00"), hit(pixel, "2026-03-29T20:59"))
    assert moments(reader, "start=2026-03-29&end=2026-03-29") == ["2026-03-28T22:00", "2026-03-29T20:59"]


QUERIES = [
    "range=nonsense", "start=2026-02-30&end=2026-03-01", "start=2026-11-02&end=2026-11-01", "start=0001-01-01",
    "end=9999-12-31", "start=9999-12-31&end=9999-12-31", "start=%00&end=%ff", "range=all", "country=%00", "article=x",
    "platform=" + "x" * 300, "all=articles&page_number=7", "compare=nothing&by=second&trend=x",
    "country=DE&device=phone",
]  # fmt: skip


@pytest.mark.every_database
@pytest.mark.parametrize("query", QUERIES)
def test_any_query_string_gives_an_answer(reader, take, pixel, query):
    take(hit(pixel))
    for path in PATHS:
        content = fetched(reader, f"{path.format(pixel=pixel.pk)}?{query}")
        assert len(content.splitlines()) >= 1


@pytest.mark.parametrize(
    ("path", "content_type", "name"),
    [
        ("hits.csv?range=7d", CSV, "blog-hits-2026-11-16-to-2026-11-22.csv"),
        ("hits.jsonl?range=today", "application/jsonl; charset=utf-8", "blog-hits-2026-11-22.jsonl"),
        ("{pixel}/hits.csv?range=today", CSV, "blog-hello-hits-2026-11-22.csv"),
        ("export.csv?range=today", CSV, "blog-2026-11-22.csv"),
        ("{pixel}/export/trend.csv?range=today", CSV, "blog-hello-trend-2026-11-22.csv"),
    ],
)
def test_a_download_has_a_type_and_a_name_and_is_not_cached(reader, pixel, path, content_type, name):
    response = reader.get(f"/projects/blog/{path.format(pixel=pixel.pk)}")
    assert response.headers["Content-Disposition"] == f'attachment; filename="{name}"'
    assert response.headers["Content-Type"] == content_type
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert {"private", "no-store"} <= set(response.headers["Cache-Control"].split(", "))
    assert "Accept-Encoding" in response.headers["Vary"]


def test_a_title_without_latin_letters_is_replaced_by_the_token(reader, pixel):
    Pixel.objects.update(title="日本語")
    response = reader.get(f"/projects/blog/{pixel.pk}/hits.csv?range=today")
    assert f"blog-{pixel.token}-hits" in response.headers["Content-Disposition"]


@pytest.mark.every_database
def test_hits_are_read_step_by_step_as_they_are_sent(reader, take, pixel, monkeypatch, django_assert_num_queries):
    take(*[hit(pixel, f"2026-11-22T10:0{minute}") for minute in range(6)])
    monkeypatch.setattr("collector.storage.export.STEP_ROWS", 1)
    monkeypatch.setattr("dashboard.views.streams.PART_CHARACTERS", 1)
    parts = iter(reader.get("/projects/blog/hits.jsonl").streaming_content)
    with django_assert_num_queries(2):  # where the step ends, its hits
        next(parts)
    with django_assert_num_queries(2):
        next(parts)
    assert len(list(parts)) == 4


@pytest.mark.every_database
def test_a_later_step_begins_where_the_one_before_ended(
    reader, take, pixel, monkeypatch, django_assert_max_num_queries
):
    """With two lower bounds, SQLite might search from the first hit at every step."""
    take(*[hit(pixel, f"2026-11-22T10:0{minute}") for minute in range(3)])
    monkeypatch.setattr("collector.storage.export.STEP_ROWS", 1)
    with django_assert_max_num_queries(20) as captured:
        assert len(moments(reader, "range=today")) == 3
    steps = [query["sql"] for query in captured if '"collector_hit"' in query["sql"]]
    assert len(steps) == 8
    assert ["2026-11-21 23:00" in sql or "2026-11-21T23:00" in sql for sql in steps] == [True] * 2 + [False] * 6


# Views and panels


@pytest.fixture
def visited(take, pixel) -> Pixel:
    """Five visits of two visitors, one visit of a proxy, and a bot."""
    take(
        *[hit(pixel, placement="medium", visitor=visitor, page="https://medium.com/a") for visitor in (1, 1, 2)],
        hit(pixel, "2026-11-20T10:00", placement="dev-to", country="FR", visitor=3),
        hit(pixel, agent=CAMO, visitor=None, country="", language=""),
        hit(pixel, agent="curl/8", verdict=Verdict.BOT),
    )
    return pixel


@pytest.mark.every_database
def test_a_panel_has_its_columns_and_plain_numbers(reader, visited):
    assert table(fetched(reader, "/projects/blog/export/platforms.csv")) == [
        ["Platform", "Visits", "Visitors", "Share"],
        ["Medium", "3", "2", "0.6"],
        ["dev.to", "1", "1", "0.2"],
        ["GitHub", "1", "", "0.2"],  # unknown, not none
    ]


def test_numbers_are_plain_in_every_language(reader, visited):
    Hit.objects.all().delete()
    content = fetched(reader, "/projects/blog/export/platforms.csv", accept_language="de")
    assert [row[1:] for row in table(content)][1:] == [["3", "2", "0.6"], ["1", "1", "0.2"], ["1", "", "0.2"]]


def test_a_chart_has_a_row_a_day(reader, visited):
    head, *rows = table(fetched(reader, "/projects/blog/export/trend.csv?range=7d&compare=none"))
    assert head[:3] == ["Day", "Visits", "Visitors"]
    assert [row[:3] for row in rows][-3:] == [
        ["2026-11-20", "1", "1"],
        ["2026-11-21", "0", "0"],
        ["2026-11-22", "4", "2"],
    ]
    assert len(rows) == 7
    head, *rows = table(fetched(reader, "/projects/blog/export/trend.csv?range=today"))
    assert [row[:2] for row in rows if row[1] not in {"0", ""}] == [["2026-11-22T11:00", "4"]]
    to_come = [row[0][-5:] for row in rows if row[1] == ""]
    assert to_come == [f"{hour}:00" for hour in range(14, 24)]  # it is 13 o'clock in Berlin


def test_placements_have_hours_and_days_as_spreadsheets_read_them(reader, take, visited):
    path = f"/projects/blog/{visited.pk}/export/placements.csv"
    head, *rows = table(fetched(reader, path))
    assert rows[0] == ["Medium", "3", "2", "0.6", "", "", "", "2026-11-22", "2026-11-22"]
    assert len(head) == len(rows[0])
    take(*[hit(visited, f"2026-11-{16 + n % 7}T10:30", placement="medium", visitor=n + 9) for n in range(50)])
    assert table(fetched(reader, path))[1][-3:] == ["11:00", "2026-11-16", "2026-11-22"]


@pytest.mark.every_database
def test_filters_apply_to_a_download(reader, visited):
    query = "?platform=medium"
    assert len(table(fetched(reader, f"/projects/blog/export/platforms.csv{query}"))) == 2
    rows = table(fetched(reader, "/projects/blog/export/platforms.csv?country=FR"))
    assert rows[1:] == [["dev.to", "1", "1", "1.0"]]
    figures = [row for row in table(fetched(reader, f"/projects/blog/export.csv{query}")) if row[0] == "figures"]
    assert figures[0][-1] == "3"


@pytest.mark.every_database
def test_a_panel_has_all_its_rows(reader, take, pixel, monkeypatch):
    take(*[hit(pixel, page=f"https://example.org/{number}") for number in range(120)])
    assert len(table(fetched(reader, "/projects/blog/export/pages.csv"))) == 121
    Pixel.objects.bulk_create([Pixel(project=pixel.project, title=f"Quiet {number}") for number in range(70)])
    assert len(table(fetched(reader, "/projects/blog/export/articles.csv"))) == 72
    monkeypatch.setattr("dashboard.views.exports.MAX_PANEL_ROWS", 30)
    assert len(table(fetched(reader, "/projects/blog/export/pages.csv"))) == 31


def test_the_readme_says_how_many_rows_a_panel_has_at_most():
    readme = (ROOT / "README.md").read_text("utf-8")
    assert f"at most {exports.MAX_PANEL_ROWS:,} rows" in readme


@pytest.mark.every_database
def test_a_view_has_one_number_a_line_with_the_panel_it_is_from(reader, visited):
    head, *rows = table(fetched(reader, "/projects/blog/export.csv?range=7d&compare=none"))
    assert head == ["panel", "title", "label", "measure", "number"]
    assert {row[0] for row in rows} >= {"figures", "trend", "hours", "platforms", "articles", "countries", "pages"}
    numbers = {(panel, label, measure): number for panel, _, label, measure, number in rows}
    assert len(numbers) == len(rows)
    assert numbers["figures", "Visits", "Visits"] == "5"
    assert numbers["figures", "Read-through", "Visits"] == ""
    assert numbers["trend", "2026-11-22", "Medium"] == "3"
    assert numbers["hours", "Sunday", "11:00"] == "4"
    assert numbers["platforms", "GitHub", "Visitors"] == ""
    assert numbers["countries", "France", "Visits"] == "1"
    assert all(number == "" or float(number) >= 0 for number in numbers.values())


def test_a_project_without_visits_has_the_header_lines(reader, project):
    assert table(fetched(reader, "/projects/blog/export.csv"))[0] == ["panel", "title", "label", "measure", "number"]
    assert table(fetched(reader, "/projects/blog/export/countries.csv")) == [["Country", "Visits", "Visitors", "Share"]]


@pytest.mark.every_database
def test_a_download_takes_no_more_queries_than_its_view(reader, visited, django_assert_max_num_queries):
    with django_assert_max_num_queries(40) as page:
        fetched(reader, "/projects/blog/")
    for path in ("export.csv", "export/trend.csv", "export/articles.csv", "export/countries.csv"):
        with django_assert_max_num_queries(len(page)):
            fetched(reader, f"/projects/blog/{path}")
