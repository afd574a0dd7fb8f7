"""Installations in the API are those of the program's page: from the counts of reports, each once in a window."""

from datetime import date

import pytest
from pydantic import TypeAdapter

from collector.models import Declaration, Driver, Kind, Pixel, Project, ReportDimension
from dashboard.api.programs import ActiveDays, Cohorts, EventCounts, FactCounts
from tests.dashboard.api.client import get, token_for
from tests.programs import DECLARATION
from tests.programs import count as write_count

pytestmark = pytest.mark.django_db

DAYS = {"since": "2026-11-16", "until": "2026-11-23"}  # the clock stands still on Sunday, 22 November


@pytest.fixture
def paperclip(project) -> Pixel:
    return Pixel.objects.create(project=project, title="Paperclip", kind=Kind.APP)


@pytest.fixture
def count(paperclip):
    def count(dimension, value, day, reports, *, gap=0, number=0, driver=Driver.PERSON):
        write_count(
            paperclip, dimension, value, reports, day=date(2026, 11, day), gap=gap, number=number, driver=driver
        )

    return count


@pytest.fixture
def address(paperclip) -> str:
    return f"projects/blog/pixels/{paperclip.pk}"


def test_each_day_has_its_active_new_and_returned_installations(program, count, address):
    count(ReportDimension.ACTIVE, "", 20, 5)  # new on Friday
    count(ReportDimension.ACTIVE, "", 21, 3, gap=1)  # three of them again on Saturday
    count(ReportDimension.ACTIVE, "", 21, 2, gap=30)  # and two who were away
    count(ReportDimension.ACTIVE, "", 21, 9, driver=Driver.CI)

    items = {item["date"]: item for item in get(program, f"{address}/installations", **DAYS)["items"]}

    assert len(items) == 7
    assert items["2026-11-19"] == {
        "date": "2026-11-19", "active": 0, "active_7": 0, "active_28": 0, "new": 0, "back": 0
    }  # fmt: skip
    assert items["2026-11-20"] | {"date": ""} == {
        "date": "", "active": 5, "active_7": 5, "active_28": 5, "new": 5, "back": 0
    }  # fmt: skip
    assert items["2026-11-21"] | {"date": ""} == {
        "date": "", "active": 5, "active_7": 7, "active_28": 7, "new": 0, "back": 2
    }  # fmt: skip


def test_versions_count_each_installation_once_in_a_range(program, count, address):
    count(ReportDimension.ACTIVE, "", 20, 5)
    count(ReportDimension.ACTIVE, "", 21, 5, gap=1)
    count(ReportDimension.VERSION, "2.4.0", 20, 5)
    count(ReportDimension.VERSION, "2.4.1", 21, 3, gap=1)
    count(ReportDimension.VERSION, "2.4.1", 21, 2, gap=30)

    whole_week = get(program, f"{address}/installations/version", **DAYS)["items"]
    saturday = get(program, f"{address}/installations/version", since="2026-11-21", until="2026-11-22")["items"]

    assert whole_week == [{"value": "2.4.0", "installations": 5}, {"value": "2.4.1", "installations": 2}]
    assert saturday == [{"value": "2.4.1", "installations": 5}]


def test_versions_that_were_never_released_count_together(program, count, address, paperclip):
    count(ReportDimension.ACTIVE, "", 20, 8)
    for version, installations in (("2.4.1", 3), ("9.9.9", 4), ("9.9.8", 1)):
        count(ReportDimension.VERSION, version, 20, installations)
    Declaration.objects.create(pixel=paperclip, text=DECLARATION, releases='{"2.4.1": "2026-11-01"}')

    items = get(program, f"{address}/installations/version", **DAYS)["items"]

    assert items == [{"value": "other", "installations": 5}, {"value": "2.4.1", "installations": 3}]


def test_events_have_their_reach_before_their_number(program, count, address):
    count(ReportDimension.EVENT, "build", 20, 4, number=40)
    count(ReportDimension.EVENT, "build", 21, 3, gap=1, number=9)
    count(ReportDimension.EVENT, "serve", 21, 6, number=6)
    count(ReportDimension.PROPERTY, "build.format=html", 20, 4, number=30)
    count(ReportDimension.BUCKET, "build.seconds#2", 20, 4, number=12)

    assert get(program, f"{address}/events", **DAYS)["items"] == [
        {"event": "serve", "installations": 6, "number": 6, "values": []},
        {
            "event": "build",
            "installations": 4,
            "number": 49,
            "values": [
                {"property": "format", "value": "html", "number": 30},
                {"property": "seconds", "value": "2", "number": 12},
            ],
        },
    ]


def test_retention_names_both_weeks_by_their_monday(program, count, address):
    count(ReportDimension.COHORT, "2026-W46", 9, 8, driver=Driver.INSTALLATIONS)
    count(ReportDimension.COHORT, "2026-W46", 16, 5, driver=Driver.INSTALLATIONS)

    answer = get(program, f"{address}/retention", since="2026-11-01", until="2026-11-23")

    assert answer["items"] == [
        {"cohort": "2026-11-09", "week": "2026-11-09", "installations": 8},
        {"cohort": "2026-11-09", "week": "2026-11-16", "installations": 5},
    ]


def test_answers_have_the_form_that_the_document_describes(program, count, address):
    count(ReportDimension.ACTIVE, "", 20, 5)
    count(ReportDimension.OS, "linux", 20, 5)
    count(ReportDimension.EVENT, "build", 20, 5, number=5)
    count(ReportDimension.COHORT, "2026-W46", 9, 8, driver=Driver.INSTALLATIONS)
    for path, form in {
        "installations": ActiveDays, "installations/os": FactCounts, "events": EventCounts, "retention": Cohorts
    }.items():  # fmt: skip
        answer = get(program, f"{address}/{path}")
        parsed = TypeAdapter(form).validate_python(answer)
        assert set(parsed.model_dump()["items"][0]) == set(answer["items"][0])


@pytest.mark.parametrize("path", ["installations", "installations/os", "events", "retention"])
def test_only_programs_of_the_tokens_projects_have_installations(program, viewer, pixel, address, path):
    assert "is not a program" in get(program, f"projects/blog/pixels/{pixel.pk}/{path}", 404)["detail"]
    other = Project.objects.create(name="Other", slug="other")
    _token, stranger = token_for(viewer, other)
    get(stranger, f"{address}/{path}", 404)
    get(program, f"projects/other/pixels/{pixel.pk}/{path}", 404)


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("installations", {"since": "2025-01-01", "until": "2026-11-23"}, 400),
        ("installations", {"since": "2026-11-23", "until": "2026-11-23"}, 400),
        ("installations/os", {"since": "2026-10-01", "until": "2026-11-23"}, 400),
        ("events", {"since": "2026-10-01", "until": "2026-11-23"}, 400),
        ("installations/host", {}, 400),
        ("installations", {"since": "soon"}, 400),
    ],
)
def test_a_wrong_range_or_name_is_refused_with_what_to_do(program, address, path, query, status):
    assert get(program, f"{address}/{path}", status, **query)["errors"][0]["detail"]


def test_an_answer_costs_the_same_number_of_queries_for_any_number_of_days(
    program, count, address, django_assert_num_queries
):
    count(ReportDimension.ACTIVE, "", 20, 5)
    with django_assert_num_queries(4):
        get(program, f"{address}/installations", **DAYS)
    with django_assert_num_queries(5):  # the days before October are settled: they are read apart, and remembered
        get(program, f"{address}/installations", since="2025-11-01", until="2026-11-23")
    with django_assert_num_queries(4):
        get(program, f"{address}/installations", since="2025-11-01", until="2026-11-23")


def test_what_other_sdks_report_is_counted_by_day_week_and_month_apart_from_clients(program, count, address):
    count(ReportDimension.ACTIVE, "", 1, 9, gap=7, driver=Driver.DOOR)  # a Sunday, and the first day of the month
    count(ReportDimension.ACTIVE, "", 17, 4, gap=3, driver=Driver.DOOR)
    count(ReportDimension.ACTIVE, "", 18, 2, gap=1, driver=Driver.DOOR)
    count(ReportDimension.ACTIVE, "", 18, 5, gap=1, driver=Driver.SESSION)
    count(ReportDimension.ACTIVE, "", 18, 50)

    def counted(by: str) -> dict[str, tuple[int, int]]:
        items = get(program, f"{address}/other-sdks", by=by, **DAYS)["items"]
        return {item["date"]: (item["installations"], item["sessions"]) for item in items}

    days = counted("day")
    assert (len(days), days["2026-11-17"], days["2026-11-18"]) == (7, (4, 0), (2, 5))
    assert counted("week") == {"2026-11-16": (4, 5)}
    assert counted("month") == {"2026-11-01": (9, 5)}
    assert get(program, f"{address}/installations", **DAYS)["items"][2]["active"] == 50
