"""Pages with filters that need raw hits: which days they cover, how many hits they read, and what they say about it."""

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from collector.models import Hit, Project
from dashboard.report.changes import no_earlier_data
from dashboard.report.page import DashboardPage, make_page
from dashboard.visits import from_hits
from tests.dashboard.conftest import NOON
from tests.hits import CAMO, hit

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]


def page(project: Project, **parameters: str) -> DashboardPage:
    return make_page(parameters, project, now=NOON)


def trend(page: DashboardPage) -> dict[str, int]:
    """Return the points of the trend that have visits."""
    assert page.report is not None
    assert page.report.trend is not None
    return {point.at: point.visits for point in page.report.trend.points if point.visits}


def days_of(page: DashboardPage) -> tuple[date, date]:
    return page.state.period.start, page.state.period.end


def test_a_page_filtered_by_country_is_counted_from_raw_hits(project, pixel, take):
    take(hit(pixel, visitor=1), hit(pixel, visitor=2, country="FR"), hit(pixel, agent=CAMO))
    german, unknown = page(project, country="DE"), page(project, country="(unknown)")
    assert (german.report.visits, unknown.report.visits) == (1, 1)
    assert german.notices == []
    assert [(chip.name, chip.value, chip.without_url) for chip in german.chips] == [
        ("Country", "Germany", "?range=30d")
    ]
    assert [chip.value for chip in unknown.chips] == ["unknown"]
    assert page(project, platform="github").notices == []


def test_a_visitor_is_new_with_the_first_visit_that_matches(project, pixel, take):
    take(
        hit(pixel, "2026-11-22T08:00", visitor=1, page="https://a.example/"),
        hit(pixel, "2026-11-22T09:00", visitor=1, page="https://b.example/"),
    )
    report = page(project, page="b.example/", range="today").report
    assert (report.visits, report.figures[1].exact) == (1, 1)
    assert [point.numbers[1] for point in report.trend.points if point.visits] == [1]


def test_a_range_longer_than_the_retention_is_cut_and_says_so(project, pixel, take):
    Project.objects.update(retention_days=10)
    project.refresh_from_db()
    take(hit(pixel, "2026-11-11T22:59"), hit(pixel, "2026-11-12T23:30"), hit(pixel))
    cut = page(project, country="DE")
    assert days_of(cut) == (date(2026, 11, 12), date(2026, 11, 23))
    assert trend(cut) == {"2026-11-13": 1, "2026-11-22": 1}
    assert len(cut.report.trend.points) == 11
    assert cut.notices == [
        "This filter needs raw hits, which this project keeps for 10 days. Only visits since 12 Nov 2026 are shown.",
        "Nothing is compared: the raw hits of the earlier period are not all kept, or too many.",
    ]
    assert cut.report.trend.earlier == []
    assert {figure.change for figure in cut.report.figures} == {no_earlier_data()}
    assert "range=30d" in cut.chips[0].without_url  # which has them all
    assert page(project).report.visits == 3


def test_a_range_before_the_retention_is_empty_and_says_so(project, pixel, take):
    Project.objects.update(retention_days=10)
    project.refresh_from_db()
    take(hit(pixel, "2026-10-01T10:00"), hit(pixel))
    gone = page(project, country="DE", start="2026-10-01", end="2026-10-05")
    assert gone.report.visits == 0
    assert any("keeps for 10 days" in notice for notice in gone.notices)
    assert (gone.period.label, gone.state.query) == (
        "1\N{EN DASH}5 Oct 2026", "start=2026-10-01&end=2026-10-05&country=DE",
    )  # fmt: skip


def test_the_earlier_period_is_compared_as_long_as_its_hits_are_kept(project, pixel, take):
    take(hit(pixel), hit(pixel, "2026-11-12T10:00"), hit(pixel, "2026-11-01T10:00"))
    week = page(project, country="DE", range="7d")
    assert week.report.figures[0].change.title == "1 in 9–15 Nov 2026, up to 13:00"
    assert sum(week.report.trend.earlier) == 1
    Project.objects.update(retention_days=10)
    project.refresh_from_db()
    short = page(project, country="DE", range="7d")
    assert short.report.figures[0].change == no_earlier_data()
    assert any("Nothing is compared" in notice for notice in short.notices)


def test_only_the_newest_hits_are_counted_in_whole_days(project, pixel, take, monkeypatch):
    monkeypatch.setattr(from_hits, "MAX_HITS", 5)
    for day in range(18, 23):
        take(*(hit(pixel, f"2026-11-{day}T1{hour}:00", visitor=hour) for hour in range(2)))
    cut = page(project, country="DE")
    assert trend(cut) == {"2026-11-21": 2, "2026-11-22": 2}  # whole days, the newest
    assert days_of(cut) == (date(2026, 11, 21), date(2026, 11, 23))
    assert cut.notices[0] == (
        "Showing the most recent matching raw hits, since 21 Nov 2026: there are too many in this range. Choose a "
        "shorter range to see earlier ones."
    )
    assert page(project, country="FR").notices == []
    exact = page(project, country="DE", start="2026-11-18", end="2026-11-19")
    assert trend(exact) == {"2026-11-18": 2, "2026-11-19": 2}


def test_a_single_day_with_too_many_hits_shows_nothing_instead_of_a_part(project, pixel, take, monkeypatch):
    monkeypatch.setattr(from_hits, "MAX_HITS", 5)
    take(*(hit(pixel, f"2026-11-22T10:0{minute}") for minute in range(6)))
    cut = page(project, country="DE", range="today")
    assert cut.report.visits == 0
    assert cut.period.label == "22 Nov 2026"
    assert cut.notices[0].startswith("A single day has more matching raw hits than a page can count.")


def test_a_filter_searches_only_the_newest_visits(project, pixel, take, monkeypatch):
    monkeypatch.setattr("dashboard.visits.selection.MAX_READ", 5)
    for day in range(18, 23):
        take(*(hit(pixel, f"2026-11-{day}T1{hour}:00", visitor=hour, country="FR") for hour in range(2)))
    take(hit(pixel, "2026-11-19T10:00"), hit(pixel, "2026-11-22T10:00"))
    cut = page(project, country="DE")
    assert trend(cut) == {"2026-11-22": 1}
    assert days_of(cut) == (date(2026, 11, 21), date(2026, 11, 23))
    assert cut.notices[0].startswith("Showing the most recent matching raw hits, since")


def test_an_earlier_period_with_too_many_hits_is_not_compared(project, pixel, take, monkeypatch):
    monkeypatch.setattr(from_hits, "MAX_HITS", 5)
    take(hit(pixel), *(hit(pixel, f"2026-11-21T10:0{minute}") for minute in range(6)))
    today = page(project, country="DE", start="2026-11-22", end="2026-11-22")
    assert (today.report.visits, today.report.figures[0].change, today.report.trend.earlier) == (
        1,
        no_earlier_data(),
        [],
    )
    assert any("Nothing is compared" in notice for notice in today.notices)


@pytest.mark.parametrize(
    ("value", "visits"),
    [
        ("a.example/x", 2),
        ("a.example/x%", 1),
        ("a.example/", 0),
        ("a.example/X", 0),
        ("A.example/x", 2),
        ("a.example/x?y=1", 2),
        ("www.a.example/x/", 2),  # as it counted formerly
        ("example/x", 0),
        ("b.example/a.example/x", 1),
        ("(unknown)", 1),
    ],
)
def test_a_page_is_filtered_by_its_whole_host_and_path(project, pixel, take, value, visits):
    take(
        hit(pixel, page="https://a.example/x"),
        hit(pixel, page="https://a.example/x?y=1"),
        hit(pixel, page="https://a.example/x%"),
        hit(pixel, page="https://b.example/a.example/x"),
        hit(pixel, page="https://c.example/?u=https://a.example/x"),
        hit(pixel),
    )
    assert page(project, page=value).report.visits == visits


def test_pages_elsewhere_are_filtered_by_host(project, pixel, take):
    take(
        hit(pixel, placement="medium", page="https://copies.example:8443/x"),
        hit(pixel, placement="medium", page="https://medium.com/x"),
        hit(pixel, page="https://copies.example/x"),  # no placement in its address, so that it may belong there
    )
    filtered = page(project, elsewhere="copies.example")
    assert filtered.report.visits == 1
    [panel] = [panel for group in filtered.report.groups for panel in group.panels if panel.key == "elsewhere"]
    assert [(row.label, row.visits) for row in panel.rows] == [("copies.example", 1)]


@pytest.mark.parametrize(
    ("parameter", "value", "visits"),
    [
        ("utm_campaign", "spring", 2),
        ("utm_campaign", "Spring", 2),
        ("utm_campaign", "spr", 0),
        ("utm_source", "spring", 0),
        ("utm_source", "news letter", 1),
        ("utm_campaign", "(unknown)", 1),
        ("utm_source", "(unknown)", 0),
    ],
)
def test_visits_are_filtered_by_campaign(project, pixel, take, parameter, value, visits):
    take(
        hit(pixel, page="https://a.example/x?utm_campaign=spring&utm_source=news+letter"),
        hit(pixel, page="https://a.example/y?utm_campaign=SPRING"),
        hit(pixel, page="https://a.example/x"),
        hit(pixel, page="https://spring.example/?utm_campaign=other"),
        hit(pixel, page="https://a.example/x?utm_campaign=(unknown)"),
    )
    assert page(project, **{parameter: value}).report.visits == visits


def test_hits_without_an_agent_have_an_unknown_browser(project, pixel, take):
    take(hit(pixel, agent=""), hit(pixel))
    assert page(project, browser="(unknown)").report.visits == 1
    assert Hit.objects.filter(user_agent=None).count() == 1


def test_a_filtered_page_runs_as_many_queries_for_any_number_of_hits(project, pixel, take, django_assert_num_queries):
    take(hit(pixel, page="https://a.example/"), hit(pixel, "2026-10-01T10:00"))
    queries = 13
    with django_assert_num_queries(queries):
        page(project, country="DE")
    take(*(hit(pixel, f"2026-11-{day:02}T10:00", page=f"https://{day}.example/") for day in range(1, 23)))
    with django_assert_num_queries(queries):
        page(project, country="DE")


def test_of_an_earlier_period_only_what_figures_need_is_read(project, pixel, take):
    take(hit(pixel, visitor=1))
    with CaptureQueriesContext(connection) as queries:
        page(project, country="DE", range="7d")
    statements = [query["sql"] for query in queries if '"quarter"' in query["sql"]]
    now, earlier = [statement.partition(' FROM "collector_hit" ')[0] for statement in statements]
    assert [column in now for column in ("page_id", "user_agent_id", "reading_seconds")] == [True, True, True]
    assert [column in earlier for column in ("page_id", "user_agent_id", "reading_seconds")] == [False, False, True]
