"""The page of one program: its numbers, what it says where there are none, who may see it, its downloads."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from collector.models import Declaration, Driver, Pixel, ReportCount
from collector.programs.declaration import read_declaration
from dashboard.visits.cache import REMEMBERED
from tests.crowd import Crowd, declaration_text, make_program
from tests.dashboard.views.downloads import fetched
from tests.dashboard.views.page_reader import RANGES, Tables, get, links, painted
from tests.dashboard.views.program_counts import COUNTS, PERSON, TODAY, Dimension, address, write

pytestmark = pytest.mark.usefixtures("noon")


def test_the_figures_count_installations_once_and_only_persons_and_servers(reader, reported):
    page = get(reader, address(reported))
    assert Tables(page).figures == {
        "day": 7, "days_7": 39, "days_28": 39, "new": 14, "back": 25, "newest": 27
    }  # fmt: skip
    assert "today so far (UTC)" in page
    assert Tables(get(reader, f"{address(reported)}?range=all")).figures["new"] == 64


def test_each_panel_has_its_numbers(reader, reported):
    rows = Tables(get(reader, address(reported))).rows
    assert rows["versions"] == {
        "2.4.1 newest": ["27", "69%"], "2.3.1": ["6", "15%"], "not released": ["3", "8%"], "2.2.0": ["2", "5%"],
        "2.4.0 withdrawn": ["1", "3%"],
    }  # fmt: skip
    assert rows["support"] == {
        "supported": ["33", "85%"], "unsupported": ["2", "5%"], "withdrawn": ["1", "3%"], "not released": ["3", "8%"]
    }  # fmt: skip
    assert rows["upgrades"] == {"2.3.1 → 2.4.1": ["5", "100%"]}
    assert rows["systems"] == {"Linux": ["30", "77%"], "macOS": ["8", "21%"], "unknown": ["1", "3%"]}
    assert rows["countries"] == {"Germany": ["9", "23%"], "unknown": ["30", "77%"]}
    assert rows["others"] == {
        "CI": ["700", "23"], "Coding agents not declared": ["0", "0"], "Containers": ["20", "1"]
    }  # fmt: skip
    assert rows["failures"] == {"crash: font": ["4", "100%"]}
    assert rows["runs"] == {"build": ["60", "60%"], "no event": ["40", "40%"]}
    assert rows["run_versions"] == {"2.4.1": ["75", "75%"], "unknown": ["25", "25%"]}


def test_only_released_versions_count_apart(reader, reported):
    write(reported, (Dimension.VERSION, "9.9.9", 0, 0, 40, 0, PERSON), (Dimension.VERSION, "9.9.8", 0, 0, 4, 0, PERSON))
    write(reported, (Dimension.UPGRADE, "2.4.1>9.9.9", 0, 0, 7, 0, PERSON), (Dimension.ACTIVE, "", 0, 2, 44, 0, PERSON))
    rows = Tables(get(reader, address(reported))).rows
    assert rows["versions"]["not released"][0] == "47"
    assert rows["upgrades"]["2.4.1 → not released"][0] == "7"
    Declaration.objects.update(releases='{"9.9.9": "2026-11-20"}')
    assert Tables(get(reader, address(reported))).rows["versions"]["9.9.9"][0] == "40"
    assert "9.9.9" in Tables(get(reader, address(reported))).rows["releases"]


def test_an_event_has_its_reach_before_its_number_and_says_what_became_of_it(reader, reported):
    page = get(reader, address(reported))
    rows = Tables(page).rows
    assert {label.split("Whether")[0].split("What")[0]: cells for label, cells in rows["events"].items()} == {
        "build": ["12", "50", "31%"],
        "crash failure": ["2", "4", "5%"],
        "gone no longer declared": ["1", "7", "3%"],
        "import_word ended 17 Nov 2026": ["0", "0", "0%"],
        "watch": ["0", "0", "0%"],
    }
    assert page.count("used on its last day is never reported") == 2  # below the failures, too
    assert "Whether the new renderer is used, and how long it takes." in page
    assert rows["event.build"] == {
        "html": ["40", "80%"], "other": ["10", "20%"],
        "< 0.5": ["12", "24%"], "0.5–1": ["0", "0%"], "1–2": ["0", "0%"], "2–5": ["0", "0%"], "5–20": ["0", "0%"],
        "≥ 20": ["38", "76%"],
        "yes": ["10", "100%"],
    }  # fmt: skip


def test_the_charts_draw_windows_that_end_with_each_point(reader, reported):
    page = get(reader, f"{address(reported)}?range=7d")
    chart = painted(page, "actives")
    assert chart["shape"] == "lines"
    assert {one["label"]: one["values"] for one in chart["series"]} == {
        "28 days": [0, 35, 35, 35, 35, 36, 39],
        "7 days": [0, 35, 35, 35, 35, 36, 39],
        "Day": [0, 35, 0, 0, 0, 21, 7],
    }
    turnout = {one["label"]: one["values"] for one in painted(page, "turnout")["series"]}
    assert turnout == {
        "Returning": [0, 0, 0, 0, 0, 20, 4], "Back after a pause": [0, 25, 0, 0, 0, 0, 0], "New": [0, 10, 0, 0, 0, 1, 3]
    }  # fmt: skip
    adoption = painted(page, "adoption")
    assert (adoption["shape"], [one["label"] for one in adoption["series"]]) == (
        "bands", ["not released", "2.2.0", "2.3.1", "2.4.0", "2.4.1"]
    )  # fmt: skip


def test_weeks_and_months_count_each_installation_once(reader, reported):
    weeks = painted(get(reader, f"{address(reported)}?range=90d&by=week"), "actives")
    assert {one["label"]: one["values"][-1] for one in weeks["series"]} == {
        "28 days": 39, "Week": 39, "Day, on average": 9
    }  # fmt: skip
    assert weeks["labels"][0] == "12 Oct"  # the week of the first report
    months = painted(get(reader, f"{address(reported)}?range=90d&by=month"), "actives")
    assert {one["label"]: one["values"] for one in months["series"]} == {
        "Month": [50, 39], "Day, on average": [2, 3]
    }  # fmt: skip


def test_retention_is_a_triangle_of_weeks(reader, reported):
    page = get(reader, address(reported))
    assert Tables(page).rows["retention"] == {"9 Nov": ["40", "25"], "16 Nov": ["5"]}
    assert '9 Nov, week 1: 10 of 40"' in page
    assert "The last week of each row is not over." in page
    assert "is not over" in get(reader, f"{address(reported)}?range=yesterday")  # a Saturday, in the same week
    assert "is not over" not in get(reader, f"{address(reported)}?start=2026-11-01&end=2026-11-13")


def test_a_release_is_marked_and_says_when_half_of_the_actives_ran_it(reader, program):
    write(program, (Dimension.ACTIVE, "", 20, 0, 1, 0, PERSON), (Dimension.VERSION, "2.4.0", 20, 0, 1, 0, PERSON))
    page = get(reader, address(program))
    assert Tables(page).rows["releases"]["2.4.1"] == ["13 Nov 2026", "not enough data"]
    assert [mark for marks in painted(page, "adoption")["marks"] for mark in marks] == ["2.4.0", "2.4.1"]
    counts = ((9, "2.4.0", 30), (9, "2.4.1", 10), (7, "2.4.0", 20), (7, "2.4.1", 20))
    write(program, *((Dimension.VERSION, version, ago, 0, reports, 0, PERSON) for ago, version, reports in counts))
    write(program, *((Dimension.ACTIVE, "", ago, 0, 40, 0, PERSON) for ago in (9, 7)))
    releases = Tables(get(reader, address(program))).rows["releases"]
    assert releases["2.4.1"] == ["13 Nov 2026", "within 2 days"]
    assert releases["2.4.0"] == ["5 Nov 2026", "within 8 days"]


def changes(page: str) -> list[tuple[str, str]]:
    """Return how the figures changed: the tooltip and the words of each."""
    return re.findall(r'class="change" title="([^"]*)"><span[^>]*>.</span> ([^<]*)<', page)


def test_figures_compare_whole_days_and_only_where_there_were_reports(reader, program):
    write(
        program,
        (Dimension.ACTIVE, "", 2, 0, 30, 0, PERSON),
        (Dimension.VERSION, "2.4.1", 2, 0, 15, 0, PERSON),
        (Dimension.VERSION, "2.4.0", 2, 0, 15, 0, PERSON),
    )
    page = get(reader, f"{address(program)}?range=7d")
    assert (changes(page), page.count(">no earlier data<")) == ([], 5)  # all but the actives of today
    write(
        program,
        (Dimension.ACTIVE, "", 9, 0, 20, 0, PERSON),
        (Dimension.ACTIVE, "", 60, 0, 20, 0, PERSON),
        (Dimension.ACTIVE, "", 0, 0, 500, 0, PERSON),  # today is not over
        (Dimension.VERSION, "2.4.1", 9, 0, 5, 0, PERSON),
        (Dimension.VERSION, "2.4.0", 9, 0, 15, 0, PERSON),
    )
    page = get(reader, address(program))
    assert "Changes compare whole days, up to 21 Nov 2026" in page
    assert changes(page) == [
        ("20 in 8–14 Nov 2026", "50% more"),  # in 7 days
        ("0 in 27 Sept – 24 Oct 2026", "0 before"),  # in 28 days
        ("0 in 24 Sept – 22 Oct 2026", "0 before"),  # new
        ("25% in 8–14 Nov 2026", "25 points more"),
    ]
    assert 'class="change"' not in get(reader, f"{address(program)}?compare=none")


def test_figures_are_compared_with_the_same_days_a_year_earlier(reader, program):
    write(
        program,
        (Dimension.ACTIVE, "", 367, 0, 10, 0, PERSON),
        (Dimension.VERSION, "2.4.0", 367, 0, 10, 0, PERSON),
        (Dimension.ACTIVE, "", 420, 0, 10, 0, PERSON),
        (Dimension.ACTIVE, "", 9, 0, 99, 0, PERSON),
        (Dimension.ACTIVE, "", 2, 0, 30, 0, PERSON),
        (Dimension.VERSION, "2.4.1", 2, 0, 30, 0, PERSON),
    )
    assert changes(get(reader, f"{address(program)}?range=7d&compare=year")) == [
        ("10 in 15–21 Nov 2025", "200% more"),  # in 7 days
        ("10 in 25 Oct – 21 Nov 2025", "1,190% more"),  # in 28 days
        ("10 in 16–21 Nov 2025", "200% more"),  # new
        ("0% in 15–21 Nov 2025", "100 points more"),
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            '[program]\nid = "x"\nname = "X"\nkind = "library"\nmode = "ask"\nwhy = "y"\ncontact = "a@b.example"\n',
            ["no newest version is declared", "which versions are supported", "no releases", "has no events"],
        ),
        (declaration_text(TODAY), ["Nothing reported in this range."]),
    ],
    ids=["not declared", "no data"],
)
def test_what_is_not_declared_is_told_apart_from_what_was_not_reported(reader, project, text, says):
    program = make_program(project, TODAY, text)
    write(program, (Dimension.ACTIVE, "", 50, 0, 1, 0, PERSON))
    page = get(reader, address(program))
    assert [words for words in says if words not in page] == []
    assert "No installation reported in this range. The first report was on 3 Oct 2026." in page


def test_a_first_report_that_is_of_no_installation_is_explained(reader, project):
    program = make_program(project, TODAY)
    write(program, (Dimension.ACTIVE, "", 0, 0, 1, 0, Driver.CONTAINER))
    page = get(reader, address(program))
    assert "No installation reported in this range" not in page
    assert '<a href="#others-title">CI, agents and containers</a>: Never counted as installations' in page
    assert 'href="#runs-title"' not in page
    write(program, (Dimension.RUN, "build", 0, 0, 0, 6, PERSON))
    assert '<a href="#runs-title">Runs by shells</a>: Runs, not installations' in get(reader, address(program))
    write(program, (Dimension.ACTIVE, "", 0, 0, 1, 0, PERSON))
    assert 'href="#others-title"' not in get(reader, address(program))


def test_a_program_without_reports_waits_for_the_first(reader, program):
    page = get(reader, address(program))
    assert "Declare what it may report" in page
    assert "<canvas" not in page
    assert fetched(reader, f"{address(program)}export.csv").decode("utf-8-sig").strip() == (
        "panel,title,label,measure,number"
    )


def test_hostile_names_and_reasons_are_shown_as_text(reader, project):
    hostile = "<script>alert(1)</script>&quot;'"
    text = declaration_text(TODAY).replace("Whether anybody watches files.", hostile.replace('"', ""))
    program = make_program(project, TODAY, text)
    Pixel.objects.filter(pk=program.pk).update(title=hostile)
    write(program, *COUNTS, (Dimension.RUNTIME, hostile, 0, 0, 1, 0, PERSON))
    page = get(reader, address(program))
    assert "<script>alert" not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;&amp;quot;") == 4  # title, heading, reason and value
    assert "&lt;script&gt;alert" in get(reader, "/projects/blog/")


def test_a_project_lists_its_programs_and_no_longer_among_the_articles(reader, reported, pixel):
    page = get(reader, "/projects/blog/")
    assert Tables(page).rows["programs"] == {"Paperclip": ["39", "39", "69%"]}
    assert f'href="/projects/blog/{reported.pk}/"' in page
    assert list(Tables(page).rows["articles"]) == ["Hello"]


def test_a_project_of_programs_alone_does_not_ask_for_a_first_article(reader, program):
    page = get(reader, "/projects/blog/")
    assert Tables(page).rows["programs"] == {"Paperclip": ["0", "0", "–"]}
    assert "no pixel yet" not in page


def test_a_page_needs_the_same_queries_at_any_use_and_in_any_range(reader, reported):
    few = [queries_of(reader, f"{address(reported)}?range={name}") for name in RANGES]
    ReportCount.objects.all().delete()
    crowd = Crowd(TODAY)
    crowd.live(40, 60)
    crowd.store(reported)
    many = [queries_of(reader, f"{address(reported)}?range={name}") for name in RANGES]
    assert max(few) <= max(many) == 19


def test_what_was_read_is_not_read_again_while_no_report_comes(reader, reported):
    write(reported, (Dimension.VERSION, "2.3.1", 60, 0, 3, 0, PERSON), (Dimension.ACTIVE, "", 60, 0, 3, 0, PERSON))
    first = queries_of(reader, f"{address(reported)}?range=90d")
    with CaptureQueriesContext(connection) as captured:
        page = get(reader, f"{address(reported)}?range=90d")
    assert (first, len(captured)) == (18, 11)
    assert painted(page, "adoption")["series"][2]["values"][0] == 3


def queries_of(client, path: str) -> int:
    """Return how many queries a page asks that nothing is remembered of."""
    REMEMBERED.forget()
    with CaptureQueriesContext(connection) as captured:
        get(client, path)
    return len(captured)


def test_a_long_list_is_shown_in_part_and_whole_on_a_page_of_its_own(reader, reported):
    write(reported, *((Dimension.RUNTIME, f"python3.{number}", 0, 0, 50 - number, 0, PERSON) for number in range(14)))
    page = get(reader, address(reported))
    assert len(Tables(page).rows["runtimes"]) == 10
    assert "all=runtimes" in page
    whole = get(reader, f"{address(reported)}?all=runtimes")
    assert len(Tables(whole).rows["runtimes"]) == 14
    assert list(Tables(whole).rows) == ["runtimes"]
    assert "no such list" in get(reader, f"{address(reported)}?all=nothing")


@pytest.mark.parametrize(
    "query",
    [
        "range=today&by=hour",
        "range=7d&by=hour",
        "platform=medium&trend=line",
        "start=x",
        "start=2001-01-01&end=2026-11-22",
    ],
)
def test_any_query_string_gives_a_page(reader, reported, query):
    page = get(reader, f"{address(reported)}?{query}")
    assert 'data-figure="days_28"' in page
    assert ">Hour<" not in page
    assert [link for link in links(page) if "by=hour" in link] == []


def test_a_declaration_that_can_no_longer_be_read_leaves_the_page_of_an_article(reader, program):
    Declaration.objects.update(text="[program]")
    get(reader, address(program))
    assert "Paperclip" in get(reader, "/projects/blog/")


def test_the_demo_declaration_is_read():
    assert read_declaration(declaration_text(TODAY)).versions.newest == "2.4.1"
