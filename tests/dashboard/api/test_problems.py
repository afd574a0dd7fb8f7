"""Errors of the API say what to do."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Iterator

import pytest
from django.urls import clear_script_prefix, set_script_prefix
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dashboard.visits.results import MAX_DAYS_OF_MANY_VALUES
from tests.dashboard.api.client import ENDPOINTS, get

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]


@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("hits?limit=0", "limit"),
        ("hits?limit=1001", "limit"),
        ("hits?limit=many", "limit"),
        ("hits?cursor=nonsense", "cursor"),
        ("hits?cursor=é", "cursor"),
        ("hits?since=yesterday", "since"),
        ("hits?since=2026-11-22T08:00+01:00", "since"),
        ("hits?since=2026-11-22&until=2026-11-22", "until"),
        ("hits?until=0001-01-01T00:00%2B01:00", "until"),
        ("hits?pixel=0", "pixel"),
        ("counts?since=2026-02-30", "since"),
        ("counts?since=1700000000", "since"),
        ("counts?since=2026-11-02&until=2026-11-02", "until"),
        ("counts?since=2022-01-01", "since"),
        ("counts?until=0001-01-02", "until"),
        ("counts?until=9999-12-31", "until"),
        ("counts?dimension=event", "dimension"),
        ("counts?interval=hour", "interval"),
        ("counts?dimension=pixel&platform=medium", "platform"),
        ("counts?platform=%00", "platform"),
        ("counts?pixel=9999999999999999999999", "pixel"),
        ("counts?cursor=WzFd", "cursor"),
        ("pixels?cursor=WyJhIl0", "cursor"),
    ],
)
def test_an_invalid_parameter_is_named_and_explained(program, project, path, parameter):
    response = program.get(f"/api/v1/projects/blog/{path}")
    assert response.status_code == 400
    assert response.headers["Content-Type"] == "application/problem+json"
    problem = response.json()
    assert (problem["status"], problem["title"], problem["type"]) == (400, "Bad Request", "about:blank")
    [error] = problem["errors"]
    assert error["parameter"] == parameter
    assert len(error["detail"]) > 10


def test_a_range_that_is_too_long_says_the_limit(program, project):
    problem = get(program, "projects/blog/counts", 400, since="2020-01-01", until="2026-01-01")
    assert "1500" in problem["detail"]
    get(program, "projects/blog/counts", since="2022-01-01", until="2026-02-09")  # 1,500 days


@pytest.mark.parametrize("dimension", ["page", "elsewhere", "utm_campaign", "utm_id"])
def test_dimensions_that_strangers_can_fill_allow_fewer_days(program, project, client, dimension):
    query = {"dimension": dimension, "until": "2026-11-01"}
    problem = get(program, "projects/blog/counts", 400, since="2026-07-31", **query)  # 93 days
    assert "92" in problem["detail"]
    get(program, "projects/blog/counts", since="2026-08-01", **query)
    assert (
        f"or {MAX_DAYS_OF_MANY_VALUES} for page, elsewhere and the utm dimensions"
        in client.get("/api/v1/").content.decode()
    )


@pytest.mark.parametrize("path", ["nothing", "projects/", "projects/blog/", "projects/blog/pixels/x", "projects/é"])
def test_an_unknown_address_is_answered_with_json(program, project, path):
    assert "/api/v1/" in get(program, path, 404)["detail"]


LIKELY = st.sampled_from(
    ["1", "0", "-1", "2026-11-01", "2026-12-01T00:00Z", "day", "week", "page", "pixel", "WzEsMl0", "W10", "\0", "null"]
)
NAMES = st.sampled_from(["limit", "cursor", "since", "until", "pixel", "platform", "dimension", "interval", "x"])
TEXT = st.text(st.characters(codec="utf-8"), max_size=30)


@pytest.mark.every_database
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    path=st.sampled_from([*ENDPOINTS, "projects/blog/pixels/1", "", "openapi.json"]),
    query=st.dictionaries(NAMES, LIKELY | TEXT | st.integers().map(str) | st.dates().map(str), max_size=5),
)
def test_any_query_string_has_a_clear_answer(program, project, path, query):
    assert program.get(f"/api/v1/{path}", query_params=query).status_code in {200, 400, 404}


@pytest.mark.every_database
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    path=st.sampled_from(["projects", "projects/blog/pixels", "projects/blog/counts", "projects/blog/hits"]),
    place=st.lists(st.integers() | TEXT | st.dates().map(str) | st.none() | st.floats(), max_size=4),
)
def test_any_cursor_has_a_clear_answer(program, project, path, place):
    cursor = urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")
    assert program.get(f"/api/v1/{path}", query_params={"cursor": cursor}).status_code in {200, 400}


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("nothing", " /footfall/api/v1/ "),
        ("projects/other", " /footfall/api/v1/projects "),
        ("projects/blog/pixels/999", " /footfall/api/v1/projects/blog/pixels "),
        ("projects/blog/pixels/{pixel}/retention", " /footfall/api/v1/projects/blog/pixels "),
    ],
)
def test_problems_name_addresses_below_the_path_of_public_url(program, pixel, below_footfall, path, named):
    response = program.get(f"/api/v1/{path.format(pixel=pixel.pk)}")
    assert response.status_code == 404
    assert named in response.json()["detail"]


@pytest.fixture
def below_footfall() -> Iterator[None]:
    set_script_prefix("/footfall/")  # as Django's handlers do; the test client has none
    yield
    clear_script_prefix()
