"""The API only reads, with a fixed number of queries."""

import pytest
from django.db import DatabaseError, InternalError, OperationalError, connection
from django.db.models import QuerySet
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from collector.models import ApiToken
from dashboard.api.read_only import read_only
from tests.dashboard.api.client import ENDPOINTS, get
from tests.dashboard.conftest import NOON

pytestmark = pytest.mark.django_db


def test_the_day_of_use_is_written_once_a_day(token, django_assert_num_queries):
    used, program = token
    ApiToken.objects.update(last_used_on=None)
    with django_assert_num_queries(3):
        get(program, "projects")
    used.refresh_from_db()
    assert used.last_used_on == NOON.date()
    with django_assert_num_queries(2):
        get(program, "projects")


@pytest.mark.parametrize(
    "refusal",
    [
        OperationalError("database is locked"),
        InternalError("cannot execute UPDATE in a read-only transaction"),  # PostgreSQL, ReadOnlySqlTransaction
    ],
)
def test_a_read_only_database_can_still_be_read(program, monkeypatch, refusal: DatabaseError):
    ApiToken.objects.update(last_used_on=None)

    def refuse(*args, **kwargs):
        raise refusal

    monkeypatch.setattr(QuerySet, "update", refuse)
    get(program, "projects")


QUERIES = [
    ("projects", 2),
    ("projects/blog", 2),
    ("projects/blog/pixels", 3),
    ("projects/blog/pixels/{pixel}", 3),
    ("projects/blog/counts", 3),
    ("projects/blog/counts?dimension=page&interval=week&pixel={pixel}", 4),
    ("projects/blog/hits", 5),
    ("projects/blog/hits?pixel={pixel}", 6),
]


@pytest.mark.parametrize(("path", "queries"), QUERIES)
def test_each_endpoint_needs_a_fixed_number_of_queries_and_writes_nothing(program, stored_rows, pixels, path, queries):
    with CaptureQueriesContext(connection) as captured:
        assert program.get(f"/api/v1/{path.format(pixel=pixels[0].pk)}").status_code == 200
    assert len(captured) == queries
    assert [query["sql"] for query in captured if not query["sql"].startswith("SELECT")] == []


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "options"])
@pytest.mark.parametrize("path", [*ENDPOINTS, "openapi.json", "", "nothing"])
def test_only_reading_is_allowed(project, path, method):
    response = getattr(Client(enforce_csrf_checks=True), method)(f"/api/v1/{path}")
    assert response.status_code == 405
    assert response.headers["Allow"] == "GET, HEAD"
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json()["title"] == "Method Not Allowed"


@pytest.mark.parametrize("path", [*ENDPOINTS, "openapi.json", "", "nothing", "projects/nothing"])
def test_a_head_is_answered_like_its_get_without_the_body(program, path):
    get_response, head_response = program.get(f"/api/v1/{path}"), program.head(f"/api/v1/{path}")
    assert (head_response.status_code, head_response.content) == (get_response.status_code, b"")
    same_headers = ("Content-Type", "Content-Length", "Cache-Control")
    assert [head_response.headers.get(name) for name in same_headers] == [
        get_response.headers.get(name) for name in same_headers
    ]


def test_the_body_of_a_head_is_removed_before_the_server(rf):
    """Django's test client does, and gunicorn with a warning."""
    response = read_only(lambda request: HttpResponse(request.method))(rf.head("/"))
    assert (response.content, response.headers["Content-Length"]) == (b"", "3")


@pytest.mark.parametrize("path", ENDPOINTS)
def test_no_cache_keeps_a_response_to_a_token(program, project, path):
    assert program.get(f"/api/v1/{path}").headers["Cache-Control"] == "private, no-store"
