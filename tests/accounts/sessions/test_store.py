"""What is stored of a session, what a page costs for it, and that nobody can use what is stored."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from accounts.models import Session

pytestmark = pytest.mark.django_db

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0"
ADDRESS = "193.99.144.80"  # registered in Germany
FORM = {"username": "viewer", "password": "viewer-pass-1"}


def log_in(address: str = ADDRESS, agent: str = FIREFOX, **headers: str) -> Client:
    browser = Client(REMOTE_ADDR=address, headers={"User-Agent": agent, **headers})
    assert browser.post("/login/", FORM).status_code == 302
    return browser


def test_a_login_names_its_browser_without_address_and_agent(viewer):
    log_in()
    session = Session.objects.get(user=viewer)
    assert (session.browser, session.os, session.country) == ("Firefox", "Linux", "DE")
    assert session.logged_in_at is not None
    assert abs(session.logged_in_at - timezone.now()) < timedelta(minutes=1)
    stored = f"{vars(session)} {session.get_decoded()}"
    assert ADDRESS not in stored
    assert "Mozilla" not in stored


def test_a_database_holds_no_key_that_opens_a_session(viewer):
    browser = log_in()
    key = browser.cookies["sessionid"].value
    session = Session.objects.get(user=viewer)
    assert key not in f"{vars(session)} {session.get_decoded()}"
    thief = Client()
    thief.cookies["sessionid"] = session.pk
    assert thief.get("/").status_code == 302
    assert browser.get("/").status_code == 200


def test_use_is_noted_once_an_hour_and_costs_no_query_otherwise(viewer, monkeypatch, django_assert_num_queries):
    browser = log_in()
    began = timezone.now()
    monkeypatch.setattr("django.utils.timezone.now", lambda: began + timedelta(hours=2))
    path = "/password/changed/"  # a page that asks only who somebody is
    with django_assert_num_queries(5):  # session, a savepoint around the note, user
        browser.get(path)
    assert Session.objects.get(user=viewer).last_used_at > began
    with django_assert_num_queries(2):
        browser.get(path)


def test_a_strangers_session_belongs_to_nobody_and_a_logout_deletes_the_row(client, viewer):
    client.post("/login/", {**FORM, "password": "wrong"})
    assert not Session.objects.exclude(user=None).exists()
    browser = log_in()
    browser.post("/logout/")
    assert not Session.objects.filter(user=viewer).exists()


def test_a_deleted_users_sessions_go_too(viewer):
    browser = log_in()
    User.objects.get(pk=viewer.pk).delete()
    assert not Session.objects.exists()
    assert browser.get("/").status_code == 302


@pytest.mark.parametrize("key", ["", "short", "x" * 32, "x" * 5000, "ü\0" * 9])
def test_a_key_that_opens_nothing_logs_nobody_in(client, db, key):
    client.cookies["sessionid"] = key
    assert client.get("/").status_code == 302
