"""The JSON API: its answers equal counting the raw hits, only valid tokens get them, and errors say what to do."""

import json
import re
from base64 import urlsafe_b64encode
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import DatabaseError, InternalError, OperationalError, connection
from django.db.models import QuerySet
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from collector.intake import rate_limits
from collector.intake.rate_limits import network_key
from collector.intake.visitors import DAY_MICROSECONDS
from collector.models import ApiToken, DailySalt, Membership, Pixel, Project, Role, Verdict
from collector.storage.export import FIELDS, hit_rows
from dashboard.api import api, hits
from dashboard.api.count_query import DimensionName
from dashboard.api.counts import CountPage
from dashboard.api.hits import HitPage
from dashboard.api.projects import PixelPage, ProjectPage
from dashboard.api.read_only import read_only
from dashboard.visits.results import MAX_DAYS_OF_MANY_VALUES
from tests.hits import CAMO, hit

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
BOT = "Googlebot/2.1 (+http://www.google.com/bot.html)"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
VISITS = {"counted", "opted-out"}
DIMENSIONS = list(DimensionName.__args__)
ENDPOINTS = ["projects", "projects/blog", "projects/blog/pixels", "projects/blog/counts", "projects/blog/hits"]
PATHS = {
    "/api/v1/projects",
    "/api/v1/projects/{slug}",
    "/api/v1/projects/{slug}/pixels",
    "/api/v1/projects/{slug}/pixels/{pixel_id}",
    "/api/v1/projects/{slug}/counts",
    "/api/v1/projects/{slug}/hits",
}


@pytest.fixture(autouse=True)
def noon(monkeypatch):
    """Stop the clock, and start with an empty rate limit."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOON)
    cache.clear()


@pytest.fixture(autouse=True)
def unlimited(settings):
    settings.API_RATE_LIMIT = (0, 60)


def token_for(user: User, *projects: Project) -> tuple[ApiToken, Client]:
    """Return a token that was used today, and a client that sends it."""
    token = ApiToken(user=user, name="Script", last_used_on=NOON.date())
    secret = token.make_secret()
    token.save()
    token.projects.set(projects)
    return token, Client(headers={"Authorization": f"Bearer {secret}"})


@pytest.fixture
def token(viewer, project) -> tuple[ApiToken, Client]:
    return token_for(viewer, project)


@pytest.fixture
def program(token) -> Client:
    """A program that sends a viewer's token for the project."""
    return token[1]


@pytest.fixture
def pixels(project, pixel) -> list[Pixel]:
    return [pixel, Pixel.objects.create(project=project, title="Second", placements=["github"])]


@pytest.fixture
def taken(take, pixels) -> list[dict]:
    """Store hits of many kinds and days, and return them as rows, oldest first."""
    first, second = pixels
    kinds = [
        {"visitor": 1, "placement": "medium"},
        {"visitor": 2, "placement": "medium", "country": "FR", "language": "fr", "agent": FIREFOX},
        {"visitor": 1, "placement": "dev-to", "page": "https://elsewhere.example/copy"},
        {"visitor": 3, "page": "https://ada.example/hello", "country": "FR"},
        {"visitor": None, "placement": "github", "agent": CAMO, "country": "", "language": ""},
        {"visitor": None, "placement": "medium", "agent": BOT},
        {"visitor": None, "verdict": int(Verdict.OPTED_OUT), "agent": "", "country": "", "language": ""},
        {"visitor": 1, "placement": "medium", "is_end": True},
    ]
    stored = []
    for number in range(96):
        at = datetime(2026, 10, 20, 21, 30, tzinfo=UTC) + timedelta(hours=7 * (number // 2))  # each moment twice
        kind = kinds[number % 7 if number % 5 else 7]
        stored.append(hit(first if number % 3 else second, f"{at:%Y-%m-%dT%H:%M}", **kind))
    take(*stored)
    return list(hit_rows(first.project))


def get(client: Client, path: str, status: int = 200, **query: object) -> dict:
    response = client.get(f"/api/v1/{path}", query_params={key: str(value) for key, value in query.items()})
    assert response.status_code == status, response.content
    return response.json()


def all_items(client: Client, path: str, **query: object) -> list[dict]:
    """Follow the cursors from the first part to the last."""
    items: list[dict] = []
    cursor = ""
    while cursor is not None:
        page = get(client, path, **query, **({"cursor": cursor} if cursor else {}))
        items += page["items"]
        cursor = page["next_cursor"]
    return items


# Answers


def test_projects_are_those_of_the_token(program, project):
    Project.objects.create(name="Other", slug="other")
    expected = {"slug": "blog", "name": "Blog", "timezone": "Europe/Berlin", "retention_days": 730}
    [found] = get(program, "projects")["items"]
    assert found | expected == found
    assert get(program, "projects/blog") == found


def test_pixels_are_those_of_the_project(program, pixels):
    Pixel.objects.create(project=Project.objects.create(name="Other", slug="other"), title="Theirs")
    found = get(program, "projects/blog/pixels")["items"]
    assert [(row["id"], row["title"], row["token"], row["placements"]) for row in found] == [
        (pixel.pk, pixel.title, pixel.token, pixel.placements) for pixel in pixels
    ]
    assert get(program, f"projects/blog/pixels/{pixels[1].pk}") == found[1]


@pytest.mark.parametrize("limit", [1, 2, 7, 95, 96, 1000])
def test_hits_equal_the_export_without_repetitions_or_gaps(program, taken, limit):
    assert len(taken) == 96
    assert all_items(program, "projects/blog/hits", limit=limit) == taken
    assert set(taken[0]) == set(FIELDS)


@pytest.mark.parametrize("limit", [1, 5, 1000])
@pytest.mark.parametrize("searched", [2, 7, 10_000])
def test_hits_of_a_pixel_are_all_found_however_few_are_searched_at_once(
    program, taken, pixels, limit, searched, monkeypatch
):
    monkeypatch.setattr(hits, "MAX_SEARCHED", searched)
    for pixel in pixels:
        expected = [row for row in taken if row["token"] == pixel.token]
        assert all_items(program, "projects/blog/hits", pixel=pixel.pk, limit=limit) == expected


@pytest.mark.parametrize("limit", [1, 4, 1000])
def test_hits_of_a_range_are_those_since_its_start_and_before_its_end(program, taken, limit):
    at = sorted({row["at"] for row in taken})
    expected = [row for row in taken if at[5] <= row["at"] < at[9]]
    assert len(expected) == 8
    assert all_items(program, "projects/blog/hits", since=at[5], until=at[9], limit=limit) == expected
    days = all_items(program, "projects/blog/hits", since="2026-10-22", until="2026-10-25")
    assert days == [row for row in taken if "2026-10-22" <= row["at"] < "2026-10-25"]


def test_hits_at_one_moment_are_read_by_parts(program, take, pixel):
    take(*(hit(pixel, visitor=number) for number in range(9)))
    for limit in (1, 2, 4, 9):
        items = all_items(program, "projects/blog/hits", limit=limit)
        assert [row["id"] for row in items] == sorted({row["id"] for row in hit_rows(pixel.project)})


def counted(row: dict, dimension: str) -> bool:
    """Say whether a hit counts in a dimension, by the rules on the API's page."""
    is_visit = row["position"] == "start" and row["verdict"] in VISITS and row["traffic"] != "bot"
    if dimension == "verdict":
        return row["verdict"] != "counted"
    if dimension == "traffic":
        return is_visit or row["verdict"] in {"bot", "suspect"}
    if dimension == "position":
        return row["verdict"] in VISITS and row["traffic"] == "direct"
    return is_visit


def value_of(row: dict, dimension: str, ids: dict[str, int]) -> str | None:
    at = datetime.fromisoformat(row["at"]).astimezone(Project.objects.get().zone)
    special = {"total": None, "hour": f"{at:%H}", "pixel": str(ids[row["token"]])}
    if dimension in special:
        return special[dimension]
    if dimension == "traffic" and row["verdict"] in {"bot", "suspect"}:
        return "bot"
    if dimension == "page":
        return row["page"].removeprefix("https://") if row["page"] else None
    return row[dimension]


def first_day(day: date, interval: str, since: date) -> date:
    if interval == "week":
        return day - timedelta(days=day.weekday())
    return {"day": day, "month": day.replace(day=1), "total": since}[interval]


@pytest.mark.parametrize("dimension", [name for name in DIMENSIONS if name != "elsewhere"])
@pytest.mark.parametrize("scope", ["project", "pixel", "platform", "both"])
def test_counts_equal_counting_the_raw_hits(program, taken, pixels, scope, dimension):
    since, until = date(2026, 10, 22), date(2026, 11, 3)
    scopes = {"pixel": {"pixel": pixels[0].pk}, "platform": {"platform": "medium"}}
    query = {"dimension": dimension, "since": since, "until": until, "limit": 7}
    query |= scopes["pixel"] | scopes["platform"] if scope == "both" else scopes.get(scope, {})
    if dimension == "pixel" and "platform" in query:
        get(program, "projects/blog/counts", 400, **query)
        return
    ids = {pixel.token: pixel.pk for pixel in pixels}
    of_scope = [
        row
        for row in taken
        if ("pixel" not in query or row["token"] == pixels[0].token)
        and ("platform" not in query or row["platform"] == "medium")
        and counted(row, dimension)
    ]
    for interval in ("total", "day", "week", "month"):
        expected: Counter[tuple[str, str | None]] = Counter()
        for row in of_scope:
            day = datetime.fromisoformat(row["at"]).astimezone(pixels[0].project.zone).date()
            if since <= day < until:
                expected[first_day(day, interval, since).isoformat(), value_of(row, dimension, ids)] += 1
        items = all_items(program, "projects/blog/counts", interval=interval, **query)
        assert expected
        assert {(row["date"], row["value"]): row["hits"] for row in items} == expected
        assert len(items) == len(expected)  # none twice
        order = [(row["date"], -row["hits"]) for row in items]
        assert order == sorted(order)


def test_elsewhere_counts_hosts_that_a_pixel_was_not_pasted_for(program, taken):
    expected = sum(1 for row in taken if row["placement"] == "dev-to" and row["page"])
    [found] = get(program, "projects/blog/counts", dimension="elsewhere", since="2026-10-01")["items"]
    assert (found["value"], found["hits"]) == ("elsewhere.example", expected)


def test_visitors_are_daily_and_null_if_none_can_be_seen(program, taken, project):
    daily = {
        (datetime.fromisoformat(row["at"]).astimezone(project.zone).date(), row["visitor"])
        for row in taken
        if counted(row, "total") and row["visitor"]
    }
    [total] = get(program, "projects/blog/counts", since="2026-10-01")["items"]
    assert total["visitors"] == len(daily)
    items = get(program, "projects/blog/counts", since="2026-10-01", dimension="platform")["items"]
    assert {row["value"]: row["visitors"] for row in items}["github"] is None


def test_by_default_counts_cover_thirty_days_up_to_today(program, pixel, take):
    take(hit(pixel, "2026-10-23T22:00"), hit(pixel, "2026-10-23T21:59"), hit(pixel, "2026-11-22T22:59"))
    page = get(program, "projects/blog/counts")
    assert (page["since"], page["until"]) == ("2026-10-24", "2026-11-23")
    assert page["items"][0]["hits"] == 2


def test_answers_have_the_form_that_the_document_describes(program, taken):
    for path, form in {
        "projects": ProjectPage,
        "projects/blog/pixels": PixelPage,
        "projects/blog/counts": CountPage,
        "projects/blog/hits": HitPage,
    }.items():
        answer = get(program, path)
        parsed = TypeAdapter(form).validate_python(answer)
        assert set(parsed.model_dump()["items"][0]) == set(answer["items"][0])


def test_projects_and_pixels_come_in_parts(viewer):
    projects = [Project.objects.create(name=f"P{number}", slug=f"p-{number}") for number in range(5)]
    for one in projects:
        Membership.objects.create(project=one, user=viewer, role=Role.VIEWER)
    made = [Pixel.objects.create(project=projects[0], title=f"T{number}").pk for number in range(5)]
    _token, program = token_for(viewer, *projects)
    for limit in (1, 2, 4, 5, 6):
        assert [row["slug"] for row in all_items(program, "projects", limit=limit)] == [p.slug for p in projects]
        assert [row["id"] for row in all_items(program, "projects/p-0/pixels", limit=limit)] == made


# Tokens


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ff_no", "Basic eDp5", "Bearer ff_" + "a" * 43, "ff_"])
@pytest.mark.parametrize("path", ENDPOINTS)
def test_requests_without_a_valid_token_are_told_how_to_get_one(project, path, header):
    client = Client(headers={"Authorization": header} if header is not None else {})
    response = client.get(f"/api/v1/{path}")
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert response.headers["Content-Type"] == "application/problem+json"
    assert "Authorization: Bearer ff_" in response.json()["detail"]


def test_a_login_does_not_replace_a_token(client, viewer, project):
    client.force_login(viewer)
    get(client, "projects", 401)


def test_a_revoked_token_reads_nothing(token):
    get(token[1], "projects")
    ApiToken.objects.update(revoked_at=NOON)
    get(token[1], "projects", 401)


def test_a_token_of_an_inactive_user_reads_nothing(program, viewer):
    User.objects.filter(pk=viewer.pk).update(is_active=False)
    get(program, "projects", 401)


@pytest.mark.parametrize("rest", ["", "/pixels", "/pixels/{pixel}", "/counts", "/hits"])
def test_what_a_token_can_not_read_is_not_found(viewer, program, pixel, rest):
    other = Project.objects.create(name="Other", slug="other")
    Membership.objects.create(project=other, user=viewer, role=Role.OWNER)  # theirs, and not the token's
    theirs = Pixel.objects.create(project=other, title="Theirs")
    get(program, f"projects/blog{rest.format(pixel=pixel.pk)}")
    get(program, f"projects/other{rest.format(pixel=theirs.pk)}", 404)
    get(program, f"projects/nothing{rest.format(pixel=theirs.pk)}", 404)
    get(program, f"projects/blog/pixels/{theirs.pk}", 404)
    get(program, "projects/blog/hits", 404, pixel=theirs.pk)
    get(program, "projects/blog/counts", 404, pixel=theirs.pk)


def test_a_token_loses_the_projects_that_its_user_loses(program, viewer):
    get(program, "projects/blog/hits")
    Membership.objects.filter(user=viewer).delete()
    get(program, "projects/blog/hits", 404)
    assert get(program, "projects")["items"] == []


# Rate limits


def test_too_many_requests_of_a_token_wait(program, settings):
    settings.API_RATE_LIMIT = (3, 60)
    for _ in range(3):
        get(program, "projects")
    response = program.get("/api/v1/projects")
    assert response.status_code == 429
    assert 1 <= int(response.headers["Retry-After"]) <= 60
    assert response.json()["status"] == 429


def test_tokens_do_not_use_up_each_others_rate(program, viewer, project, settings):
    settings.API_RATE_LIMIT = (1, 60)
    get(program, "projects")
    get(program, "projects", 429)
    get(token_for(viewer, project)[1], "projects")


def test_requests_without_a_token_are_limited_by_address_but_valid_tokens_are_not(program, settings):
    settings.API_RATE_LIMIT = (2, 60)
    stranger = Client()
    get(stranger, "projects", 401)
    get(stranger, "projects", 401)
    get(stranger, "projects", 429)
    get(program, "projects")
    get(Client(REMOTE_ADDR="192.0.2.7"), "projects", 401)


def test_an_address_is_neither_stored_nor_logged(settings, caplog, monkeypatch):
    settings.API_RATE_LIMIT = (1, 60)
    kept: list[str] = []
    monkeypatch.setattr(
        "collector.intake.rate_limits.get_usage", lambda request, **kw: kept.append(kw["key"]("", None))
    )
    get(Client(REMOTE_ADDR="192.0.2.77"), "projects", 401)
    assert len(kept[0]) == 32
    assert "192.0.2.77" not in kept[0] + caplog.text


def test_all_addresses_of_a_network_of_ipv6_are_one_sender(settings):
    settings.API_RATE_LIMIT = (1, 60)
    get(Client(REMOTE_ADDR="2001:db8::1"), "projects", 401)
    get(Client(REMOTE_ADDR="2001:db8::ffff:2"), "projects", 429)
    get(Client(REMOTE_ADDR="2001:db8:0:1::1"), "projects", 401)


def test_the_hash_of_an_address_differs_by_day_and_by_use(settings, monkeypatch):
    settings.API_RATE_LIMIT = (1, 60)
    kept: list[str] = []
    monkeypatch.setattr(
        "collector.intake.rate_limits.get_usage", lambda request, **kw: kept.append(kw["key"]("", None))
    )
    for day in (20_000, 20_000, 20_001):
        monkeypatch.setattr("collector.intake.rate_limits.now_us", lambda day=day: day * DAY_MICROSECONDS)
        get(Client(), "projects", 401)
    first, again, later = kept
    assert first == again != later
    DailySalt.objects.all().delete()
    rate_limits._salt_of.cache_clear()
    get(Client(), "projects", 401)
    assert kept[-1] not in kept[:-1]
    assert network_key("127.0.0.1", "1") != network_key("127.0.0.1", "api") == kept[-1]


def test_without_a_salt_nobody_is_limited(settings, monkeypatch):
    settings.API_RATE_LIMIT = (1, 60)

    def refuse(day):
        raise InternalError("cannot execute INSERT in a read-only transaction")

    monkeypatch.setattr("collector.intake.rate_limits._salt_of", refuse)
    for _ in range(3):
        get(Client(), "projects", 401)


def test_behind_a_proxy_the_address_is_the_one_it_names(settings):
    settings.API_RATE_LIMIT = (1, 60)
    settings.TRUSTED_PROXIES = 1
    get(Client(headers={"X-Forwarded-For": "192.0.2.1"}), "projects", 401)
    get(Client(headers={"X-Forwarded-For": "192.0.2.2"}), "projects", 401)
    get(Client(headers={"X-Forwarded-For": "192.0.2.9, 192.0.2.2"}), "projects", 429)


def test_without_the_cache_nobody_is_limited(program, settings, monkeypatch):
    settings.API_RATE_LIMIT = (1, 60)

    def away(*args, **kwargs):
        raise ConnectionError

    monkeypatch.setattr("collector.intake.rate_limits.get_usage", away)
    for _ in range(3):
        get(program, "projects")


# Queries and methods


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
def test_each_endpoint_needs_a_fixed_number_of_queries_and_writes_nothing(program, taken, pixels, path, queries):
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
    read, asked = program.get(f"/api/v1/{path}"), program.head(f"/api/v1/{path}")
    assert (asked.status_code, asked.content) == (read.status_code, b"")
    kept = ("Content-Type", "Content-Length", "Cache-Control")
    assert [asked.headers.get(name) for name in kept] == [read.headers.get(name) for name in kept]


def test_the_body_of_a_head_is_removed_before_the_server(rf):
    """Django's test client does, and gunicorn with a warning."""
    response = read_only(lambda request: HttpResponse(request.method))(rf.head("/"))
    assert (response.content, response.headers["Content-Length"]) == (b"", "3")


@pytest.mark.parametrize("path", ENDPOINTS)
def test_no_cache_keeps_a_response_to_a_token(program, project, path):
    assert program.get(f"/api/v1/{path}").headers["Cache-Control"] == "private, no-store"


# Problems


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


@pytest.mark.parametrize("dimension", ["page", "elsewhere"])
def test_dimensions_that_strangers_can_fill_allow_fewer_days(program, project, client, dimension):
    query = {"dimension": dimension, "until": "2026-11-01"}
    problem = get(program, "projects/blog/counts", 400, since="2026-07-31", **query)  # 93 days
    assert "92" in problem["detail"]
    get(program, "projects/blog/counts", since="2026-08-01", **query)
    assert (
        f"or {MAX_DAYS_OF_MANY_VALUES} for the dimensions page and elsewhere" in client.get("/api/v1/").content.decode()
    )


@pytest.mark.parametrize("path", ["nothing", "projects/", "projects/blog/", "projects/blog/pixels/x", "projects/é"])
def test_an_unknown_address_is_answered_with_json(program, project, path):
    assert "/api/v1/" in get(program, path, 404)["detail"]


TEXT = st.text(st.characters(codec="utf-8"), max_size=30)
NAMES = st.sampled_from(["limit", "cursor", "since", "until", "pixel", "platform", "dimension", "interval", "x"])
LIKELY = st.sampled_from(
    ["1", "0", "-1", "2026-11-01", "2026-12-01T00:00Z", "day", "week", "page", "pixel", "WzEsMl0", "W10", "\0", "null"]
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    path=st.sampled_from([*ENDPOINTS, "projects/blog/pixels/1", "", "openapi.json"]),
    query=st.dictionaries(NAMES, LIKELY | TEXT | st.integers().map(str) | st.dates().map(str), max_size=5),
)
def test_any_query_string_has_a_clear_answer(program, project, path, query):
    assert program.get(f"/api/v1/{path}", query_params=query).status_code in {200, 400, 404}


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    path=st.sampled_from(["projects", "projects/blog/pixels", "projects/blog/counts", "projects/blog/hits"]),
    place=st.lists(st.integers() | TEXT | st.dates().map(str) | st.none() | st.floats(), max_size=4),
)
def test_any_cursor_has_a_clear_answer(program, project, path, place):
    cursor = urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")
    assert program.get(f"/api/v1/{path}", query_params={"cursor": cursor}).status_code in {200, 400}


# Documentation


def test_the_document_describes_every_endpoint_and_its_problems(client):
    document = client.get("/api/v1/openapi.json").json()
    assert set(document["paths"]) == PATHS
    served = {f"/api/v1/{path}" for router in api._get_bound_routers() for path in router.path_operations}
    assert {re.sub(r"{[a-z]+:", "{", path) for path in served} - {"/api/v1/{rest}"} == PATHS
    for path, methods in document["paths"].items():
        assert set(methods) == {"get"}
        operation = methods["get"]
        assert {"200", "400", "401", "429"} <= set(operation["responses"]), path
        assert all(parameter.get("description") for parameter in operation["parameters"]), path
        assert "security" in operation
    references = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(document)))
    assert references <= set(document["components"]["schemas"])


def test_the_page_explains_every_endpoint_to_anybody(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        response = client.get("/api/v1/")
    page = response.content.decode()
    assert response.status_code == 200
    for path in PATHS:
        assert f"GET {path}<" in page
    assert "/api/v1/projects/blog/counts?dimension=country&amp;interval=month&amp;since=2026-11-01" in page


def test_the_document_is_built_once_and_read_in_every_language(client, monkeypatch):
    built = client.get("/api/v1/openapi.json").json()

    def build_again(*args):
        raise AssertionError

    monkeypatch.setattr("ninja.openapi.schema.OpenAPISchema.__init__", build_again)
    german = client.get("/api/v1/", headers={"accept-language": "de"}).content.decode()
    assert "List projects" in client.get("/api/v1/").content.decode()
    assert "List projects" not in german
    assert client.get("/api/v1/openapi.json").json() == built


def test_the_examples_of_the_page_work(client, program, pixel):
    page = client.get("/api/v1/").content.decode().replace("&amp;", "&")
    commands = re.findall(r"http://testserver(/api/v1/[^&]\S*?)&quot;", page)
    assert len(commands) == len(PATHS)
    for command in commands:
        path = command.replace("pixels/7", f"pixels/{pixel.pk}")
        assert program.get(path).status_code == 200, path
