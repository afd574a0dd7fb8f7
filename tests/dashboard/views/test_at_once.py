"""What one user may keep busy: views at the same time, and downloads."""

import threading

import pytest
from django.test import Client

from collector.intake.places import BUSY_SECONDS, Places
from dashboard.views import at_once
from dashboard.views.at_once import EVERYBODY
from tests.dashboard.conftest import NOON
from tests.dashboard.views.share_links import share, url
from tests.server import eventually


def test_a_user_who_has_all_places_waits_for_one_and_others_do_not():
    places = Places(at_once=2, waiting=1)
    assert all(places.take(user, 0) for user in (1, 1, 2))
    entered = threading.Event()

    def wait() -> None:
        assert places.take(1, 20)
        entered.set()

    thread = threading.Thread(target=wait)
    thread.start()
    eventually(lambda: places._queues[1] == 1, 10)

    assert not places.take(1, 20)  # at once: nobody else may wait
    assert places.take(2, 0)
    places.leave(2)
    assert not entered.is_set()
    places.leave(1)
    thread.join(20)
    assert entered.is_set()


def test_nobody_waits_for_ever_and_who_gave_up_leaves_no_trace():
    places = Places(at_once=1, waiting=5)
    assert places.take(1)
    assert not places.take(1, 0.01)
    places.leave(1)
    assert (places._users, places._queues) == ({}, {})
    assert places.take(1)


@pytest.mark.parametrize("path", ["/projects/blog/", "/projects/blog/{pixel}/"])
def test_a_page_that_has_no_place_says_when_to_come_again(reader, viewer, pixel, monkeypatch, path):
    views = Places(at_once=1)
    monkeypatch.setattr(at_once, "VIEWS", views)
    path = path.format(pixel=pixel.pk)
    assert [reader.get(path).status_code for _ in range(3)] == [200] * 3  # one after the other

    views.take(viewer.pk)
    answer = reader.get(path, headers={"Accept": "text/html"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, str(BUSY_SECONDS))
    assert f"Try again in {BUSY_SECONDS} seconds." in answer.content.decode()
    assert reader.get("/projects/blog/live/").status_code == 200  # what pages ask for again and again
    views.leave(viewer.pk)
    assert reader.get(path).status_code == 200


def test_a_page_that_fails_gives_its_place_back(reader, pixel, monkeypatch):
    monkeypatch.setattr(at_once, "VIEWS", Places(at_once=1))
    assert [reader.get("/projects/blog/999/").status_code for _ in range(2)] == [404] * 2
    assert reader.get("/projects/blog/").status_code == 200


def test_a_download_keeps_its_place_until_it_is_sent_or_given_up(reader, pixel, monkeypatch):
    monkeypatch.setattr(at_once, "DOWNLOADS", Places(at_once=2))
    path = "/projects/blog/hits.csv"
    first, second = reader.get(path), reader.get(path)
    refused = reader.get(path)
    assert (refused.status_code, refused.headers["Content-Type"]) == (429, "text/plain; charset=utf-8")
    assert "no-store" in refused.headers["Cache-Control"]

    b"".join(first.streaming_content)
    third = reader.get(path)
    assert third.status_code == 200
    b"".join(second.streaming_content)
    b"".join(third.streaming_content)
    last = [reader.get(path) for _ in range(3)]
    assert [answer.status_code for answer in last] == [200, 200, 429]


@pytest.mark.usefixtures("empty_cache")
@pytest.mark.parametrize("path", ["export.csv", "export/trend.csv", "hits.jsonl"])
def test_downloads_of_a_user_are_limited_in_rate_and_those_of_others_go_on(
    reader, owner, pixel, settings, monkeypatch, path
):
    monkeypatch.setattr("django_ratelimit.core.time.time", lambda: NOON.timestamp())
    settings.EXPORT_RATE_LIMIT = (2, 60)
    answers = [reader.get(f"/projects/blog/{path}") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 60

    other = Client()
    other.force_login(owner)
    assert other.get(f"/projects/blog/{path}").status_code == 200


@pytest.mark.parametrize("more", ["", "embed/"])
def test_strangers_are_served_in_turn_all_together_and_members_do_not_wait_for_them(
    client, visited_pixel, viewer, monkeypatch, more
):
    shared = Places(at_once=1)
    monkeypatch.setattr(at_once, "SHARED", shared)
    link = share(visited_pixel, embedded_on="*")
    assert [client.get(url(link, more)).status_code for _ in range(3)] == [200] * 3

    shared.take(EVERYBODY)
    answer = Client(REMOTE_ADDR="192.0.2.7").get(url(link, more))
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, str(BUSY_SECONDS))
    client.force_login(viewer)
    assert client.get("/projects/blog/").status_code == 200
    shared.leave(EVERYBODY)
    assert client.get(url(link, more)).status_code == 200
