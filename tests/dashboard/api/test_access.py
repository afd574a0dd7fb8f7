"""Who can read what with a token, and how often."""

from datetime import date

import pytest
from django.contrib.auth.models import User
from django.db import InternalError
from django.test import Client

from collector.intake import page_limits
from collector.intake.page_limits import network_key
from collector.intake.places import BUSY_SECONDS, Places
from collector.models import ApiToken, DailySalt, Membership, Pixel, Project, Role
from collector.storage.salt_keys import salt_keys
from collector.storage.salts import key_name
from dashboard.api import access
from tests.clock import DAY_US
from tests.dashboard.api.client import ENDPOINTS, get, token_for
from tests.dashboard.conftest import NOON

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]


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


@pytest.mark.every_database
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


def test_too_many_requests_of_a_token_wait(program, settings):
    settings.API_RATE_LIMIT = (3, 60)
    for _ in range(3):
        get(program, "projects")
    response = program.get("/api/v1/projects")
    assert response.status_code == 429
    assert 1 <= int(response.headers["Retry-After"]) <= 60
    assert response.json()["status"] == 429


def test_a_token_has_only_some_requests_answered_at_the_same_time(program, token, viewer, project, monkeypatch):
    places = Places(at_once=1)
    monkeypatch.setattr(access, "PLACES", places)
    for path, status in (("projects", 200), ("projects/nothing", 404), ("projects/blog/hits?limit=x", 400)) * 2:
        assert program.get(f"/api/v1/{path}").status_code == status  # each gives its place back

    places.take(token[0].pk)
    response = program.get("/api/v1/projects")
    assert (response.status_code, response.headers["Retry-After"]) == (429, str(BUSY_SECONDS))
    get(token_for(viewer, project)[1], "projects")
    places.leave(token[0].pk)
    get(program, "projects")


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


@pytest.mark.every_database
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
        monkeypatch.setattr("collector.intake.page_limits.now_us", lambda day=day: day * DAY_US)
        get(Client(), "projects", 401)
    first, again, later = kept
    assert first == again != later
    DailySalt.objects.all().delete()
    page_limits._salt_of.cache_clear()
    get(Client(), "projects", 401)
    assert kept[-1] not in kept[:-1]
    salt_keys().put({key_name(date(2024, 10, 5)): b"k" * 32})  # of another collector, day 20,001
    get(Client(), "projects", 401)
    assert kept[-1] not in kept[:-1]
    assert network_key("127.0.0.1", "1") != network_key("127.0.0.1", "api") == kept[-1]


def test_without_a_salt_nobody_is_limited(settings, monkeypatch):
    settings.API_RATE_LIMIT = (1, 60)

    def refuse(day, key):
        raise InternalError("cannot execute INSERT in a read-only transaction")

    monkeypatch.setattr("collector.intake.page_limits._salt_of", refuse)
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
