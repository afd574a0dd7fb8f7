"""The contract of badges, for the ASGI entry point and for the Django view."""

import errno
import json
import os
import threading
from urllib.parse import quote
from xml.etree import ElementTree

import pytest
from django.db import OperationalError
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.intake import asgi, views
from collector.intake.answers import GIF
from collector.models import Kind, Pixel
from tests.endpoints import AsgiEndpoint, ViewEndpoint
from tests.hits import CAMO, hit
from tests.programs import DECLARATION, declared

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.one_database]


@pytest.fixture
def pixel(pixel) -> Pixel:
    """Return an article whose numbers its author has made public."""
    pixel.has_public_badge = True
    pixel.save()
    return pixel


def said(response) -> str:
    """Return what a badge says to screen readers."""
    return ElementTree.fromstring(response.body).attrib["aria-label"]


@pytest.mark.every_database
def test_a_badge_shows_a_number_and_counts_as_a_hit_at_the_start(endpoint, pixel):
    for path in (
        "badge.svg",
        "medium/badge.svg",
        "Medium/Badge.svg%22",
        "badge.svg?show=visitors&style=plastic&count=1",
    ):
        response = endpoint.get(f"/P/{pixel.token}/{path}")
        assert (response.status, response.reason) == (200, "counted")
        assert said(response).endswith(": 0")

    hits = endpoint.spooled()
    assert [stored.placement for stored in hits] == ["", "medium", "medium", ""]
    assert all(stored.token == pixel.token and not stored.is_end and stored.agent and stored.visitor for stored in hits)


def test_a_badge_has_the_headers_of_the_pixel_and_a_policy_that_allows_nothing(endpoint, pixel):
    badge = endpoint.get(f"/p/{pixel.token}/badge.svg")
    gif = endpoint.get(f"/p/{pixel.token}.gif")

    own = {"content-type", "content-length", "content-security-policy"}
    assert {name: value for name, value in badge.headers.items() if name not in own} == {
        name: value for name, value in gif.headers.items() if name not in own
    }
    assert badge.headers["content-type"] == "image/svg+xml; charset=utf-8"
    assert badge.headers["content-length"] == str(len(badge.body))
    assert badge.headers["content-security-policy"] == "default-src 'none'; style-src 'unsafe-inline'"


def test_the_view_adds_nothing_to_what_the_fast_path_answers(tmp_path, pixel):
    fast, view = AsgiEndpoint(tmp_path / "fast"), ViewEndpoint(tmp_path / "view")
    for path in (f"/p/{pixel.token}/badge.svg?logo=github", f"/p/{pixel.token}/badge.json", f"/p/{'x' * 20}/badge.svg"):
        answers = [each.get(path, host="any.example") for each in (fast, view)]
        assert dict(answers[0].headers) == dict(answers[1].headers)
        assert (answers[0].status, answers[0].body) == (answers[1].status, answers[1].body)
    fast.close()
    view.close()


def test_head_gets_the_same_headers_and_counts_nothing(endpoint, pixel):
    path = f"/p/{pixel.token}/badge.svg"
    head = endpoint.request("HEAD", path)

    assert endpoint.spooled() == []
    assert (head.status, head.body) == (200, b"")
    assert head.headers == endpoint.get(path).headers


@pytest.mark.parametrize(
    "path", ["/p/{token}/badge.svg?count=0", "/p/{token}/badge.json", "/p/{token}/medium/badge.json"]
)
def test_a_badge_can_be_loaded_without_counting_and_its_data_never_counts(endpoint, pixel, path):
    response = endpoint.get(path.format(token=pixel.token))

    assert (response.status, response.reason) == (200, "uncounted")
    assert endpoint.spooled() == []


def test_a_badge_is_judged_as_a_pixel(endpoint, pixel):
    for headers, reason in (
        ({"user_agent": CAMO}, "counted"),
        ({"user_agent": "Googlebot/2.1 (+http://www.google.com/bot.html)"}, "bot"),
        ({"sec_gpc": "1"}, "opted-out"),
        ({"sec_purpose": "prefetch"}, "prefetch"),
        ({"referer": "http://localhost:3000/"}, "preview"),
    ):
        assert endpoint.get(f"/p/{pixel.token}/badge.svg", **headers).reason == reason
        assert endpoint.get(f"/p/{pixel.token}.gif", **headers).reason == reason
    hits = endpoint.spooled()
    assert [stored.verdict for stored in hits[::2]] == [stored.verdict for stored in hits[1::2]]


@pytest.mark.every_database
def test_an_unknown_token_gets_an_image_that_says_so(endpoint, pixel):
    Pixel.objects.create(project=pixel.project, title="Old", token="y" * 20, retired_at=timezone.now())
    for token in ("x" * 20, "y" * 20):
        response = endpoint.get(f"/p/{token}/badge.svg?style=flat-square&label=stars")
        assert (response.status, response.reason) == (404, "unknown-token")
        assert response.headers["content-type"].startswith("image/svg+xml")
        assert said(response) == "badge: not found"
    response = endpoint.get(f"/p/{'x' * 20}/badge.json")
    assert (response.status, json.loads(response.body)["isError"]) == (404, True)
    assert endpoint.spooled() == []


def test_any_other_method_is_refused_with_the_allowed_ones(endpoint, pixel):
    response = endpoint.request("POST", f"/p/{pixel.token}/badge.svg")

    assert (response.status, response.headers["allow"], response.body) == (405, "GET, HEAD", GIF)


def test_numbers_are_public_only_if_the_author_says_so_and_the_badge_counts_all_the_same(endpoint, pixel, take):
    take(hit(pixel, f"{timezone.now():%Y-%m-%dT%H:%M}"))
    Pixel.objects.update(has_public_badge=False)

    response = endpoint.get(f"/p/{pixel.token}/badge.svg?base=1")
    assert (said(response), response.reason) == ("visits: not public", "counted")
    assert json.loads(endpoint.get(f"/p/{pixel.token}/badge.json").body)["message"] == "not public"


@pytest.mark.every_database
def test_known_numbers_need_no_query_and_a_version_needs_none_at_all(endpoint, pixel, take, django_assert_num_queries):
    take(hit(pixel, f"{timezone.now():%Y-%m-%dT%H:%M}"))
    program = declared(pixel.project, DECLARATION + '\n[versions]\nnewest = "2.4.1"\n')
    endpoint.get(f"/p/{pixel.token}/badge.svg")
    endpoint.get(f"/p/{program.token}.gif")

    with django_assert_num_queries(0):
        assert said(endpoint.get(f"/p/{pixel.token}/badge.svg?style=plastic")) == "visits: 1"
        assert said(endpoint.get(f"/p/{program.token}/badge.svg?show=version")) == "version: 2.4.1"


def test_the_badge_of_a_program_is_no_hit_and_no_run(endpoint, program):
    for query in ("", "?show=version", "?show=visits&count=1"):
        response = endpoint.get(f"/p/{program.token}/badge.svg{query}")
        assert (response.status, response.reason) == (200, "uncounted")
    assert endpoint.lines() == []
    assert said(endpoint.get(f"/p/{program.token}/badge.svg")) == "installations: not public"


def test_a_program_without_a_declaration_has_visits_as_any_pixel(endpoint, pixel):
    Pixel.objects.update(kind=Kind.APP)

    response = endpoint.get(f"/p/{pixel.token}/badge.svg")
    assert (said(response), response.reason) == ("visits: 0", "counted")


def test_the_data_of_a_badge_follows_the_schema_of_shields(endpoint, pixel):
    query = "show=visitors&range=30d&label=Readers&color=orange&logo=github&logoColor=fff&style=plastic&base=12345"
    response = endpoint.get(f"/p/{pixel.token}/badge.json?{query}")

    assert response.headers["content-type"] == "application/json"
    assert json.loads(response.body) == {
        "schemaVersion": 1,
        "label": "Readers",
        "message": "12.3k/month",
        "color": "#ea7233",
        "labelColor": "#555",
        "style": "plastic",
        "cacheSeconds": 300,
        "namedLogo": "github",
        "logoColor": "#fff",
    }


@pytest.mark.every_database
def test_while_the_database_fails_a_badge_shows_no_number_and_its_hit_is_kept(endpoint, pixel, monkeypatch):
    def fail(token: str, period: str) -> None:
        raise OperationalError("gone")

    monkeypatch.setattr(endpoint.receiver.badges.figures, "_query", fail)
    response = endpoint.get(f"/p/{pixel.token}/badge.svg")

    assert (response.status, response.reason, said(response)) == (200, "counted", "visits: unknown at the moment")
    assert len(endpoint.spooled()) == 1


@pytest.mark.every_database
def test_a_badge_waits_a_second_for_a_number_and_no_longer(endpoint, pixel, monkeypatch):
    release = threading.Event()
    monkeypatch.setattr(endpoint.receiver.badges.figures, "_query", lambda *key: release.wait(20) and None)
    monkeypatch.setattr(asgi, "WAIT_SECONDS", 0.05)
    monkeypatch.setattr(views, "WAIT_SECONDS", 0.05)
    response = endpoint.get(f"/p/{pixel.token}/badge.svg")
    release.set()

    assert (response.reason, said(response)) == ("counted", "visits: unknown at the moment")


@pytest.mark.every_database
def test_with_a_token_that_can_not_be_looked_up_a_badge_is_shown_and_its_hit_is_kept(endpoint, pixel):
    endpoint.receiver.lookups.is_away = True
    response = endpoint.get(f"/p/{pixel.token}/badge.svg")

    assert (response.status, response.reason, said(response)) == (200, "counted", "visits: unknown at the moment")
    assert len(endpoint.spooled()) == 1


def test_a_hit_that_can_not_be_kept_leaves_the_badge_as_it_is(endpoint, pixel):
    endpoint.directory.write_text("a file where the spool should be")
    response = endpoint.get(f"/p/{pixel.token}/badge.svg")

    assert (response.status, response.reason, said(response)) == (200, "lost", "visits: 0")


def test_with_durability_disk_a_badge_waits_for_the_disk(endpoint, pixel, monkeypatch):
    endpoint.receiver.spool.is_durable = True
    assert endpoint.get(f"/p/{pixel.token}/badge.svg").reason == "counted"
    assert not endpoint.receiver.spool.lines_to_sync

    monkeypatch.setattr(os, "fsync", lambda descriptor: (_ for _ in ()).throw(OSError(errno.EIO, "Input/output error")))
    response = endpoint.get(f"/p/{pixel.token}/badge.svg")
    assert (response.status, response.reason, said(response)) == (200, "lost", "visits: 0")
    assert response.headers["x-telemetry"] == "lost"


@pytest.mark.every_database
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tail=st.binary(max_size=60), query=st.binary(max_size=200))
def test_any_bytes_get_an_image(endpoint, pixel, tail, query):
    for path in (
        f"/p/{pixel.token}/badge.svg{quote(tail)}",
        f"/p/{pixel.token}/{quote(tail)}/badge.svg",
        f"/p/{pixel.token}/badge.svg?{quote(query, safe='&=;+')}",
    ):
        response = endpoint.get(path)
        assert response.status in {200, 404}
        if response.body != GIF:
            ElementTree.fromstring(response.body)
