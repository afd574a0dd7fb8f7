"""Logging in with a second factor: by a code of an app or a recovery code, within limits, and by no way around it."""

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.test import Client

from accounts.second_factor.factors import recovery_codes
from tests.accounts.codes import with_app
from tests.app_codes import code, wrong_code
from tests.collector.admin.browsing import text_of

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

STEP = "/login/second-factor/"


@pytest.fixture
def guarded(owner) -> User:
    """The owner, who may open the admin, with an authenticator app."""
    return with_app(owner)


def enter_password(client: Client, next_page: str = ""):
    return client.post("/login/", {"username": "owner", "password": "owner-pass-1", "next": next_page})


def enter(client: Client, text: str):
    return client.post(STEP, {"code": text})


def test_the_right_password_alone_lets_nobody_in(client, guarded):
    assert enter_password(client).url == STEP
    assert "authenticator app, or a recovery code" in text_of(client.get(STEP))
    for path in ("/", "/projects/blog/", "/admin/", "/password/", "/account/second-factor/", "/account/confirm/"):
        assert client.get(path, follow=True).redirect_chain[-1][0].startswith("/login/"), path
    assert "known" not in str(client.cookies)  # it would give tries


@pytest.mark.parametrize("path", ["/projects/blog/?range=7d", "/admin/collector/pixel/"])
def test_a_code_lets_in_and_leads_on(client, guarded, path):
    enter_password(client, path)
    answer = enter(client, code())
    assert answer.url == path
    assert client.get(path).status_code == 200
    assert f"known-{guarded.pk}" in answer.cookies
    assert client.get(STEP).url == "/login/"


@pytest.mark.parametrize("written", ["{} ", " {}", "{:.3} {:.3}"])
def test_a_code_may_be_written_with_blanks(client, guarded, written):
    enter_password(client)
    digits = code()
    written = f"{digits[:3]} {digits[3:]}" if ":" in written else written.format(digits)
    assert enter(client, written).status_code == 302


@pytest.mark.every_database
@pytest.mark.parametrize("text", ["", "x", "12345", "1" * 21, "\uff11" * 6, "\0", "é"])
def test_a_wrong_code_lets_nobody_in(client, guarded, text):
    enter_password(client)
    answer = enter(client, text)
    assert answer.status_code == 200
    assert "That is not right." in text_of(answer)
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize(("periods", "status"), [(-2, 200), (-1, 302), (1, 302), (3, 200)])
def test_a_clock_may_be_half_a_minute_off(client, guarded, periods, status, monkeypatch):
    now = 1_800_000_015.0
    monkeypatch.setattr("time.time", lambda: now)
    enter_password(client)
    assert enter(client, code(periods=periods)).status_code == status


@pytest.mark.every_database
def test_a_code_works_once_in_all_processes(client, guarded):
    seen = code()
    enter_password(client)
    assert enter(client, seen).status_code == 302
    stranger = Client()
    enter_password(stranger)
    assert enter(stranger, seen).status_code == 200
    assert enter(stranger, f"{seen[:3]} {seen[3:]}").status_code == 200


@pytest.mark.every_database
def test_a_recovery_code_works_once(client, guarded):
    [first, *others] = recovery_codes(guarded)
    enter_password(client)
    assert enter(client, first).status_code == 302
    assert recovery_codes(guarded) == others

    again = Client()
    enter_password(again)
    assert enter(again, first).status_code == 200
    assert enter(again, others[0]).status_code == 302


@pytest.mark.every_database
def test_ten_codes_an_hour_are_tried_at_an_account_from_everywhere(guarded):
    statuses = []
    for number in range(14):
        client = Client(REMOTE_ADDR=f"198.51.100.{number}")
        enter_password(client)
        statuses.append(enter(client, wrong_code()).status_code)
    assert statuses == [200] * 10 + [429] * 4
    late = enter(client, code())
    assert late.status_code == 429
    assert int(late.headers["Retry-After"]) > 0
    assert "Too many tries." in text_of(late)


def test_who_tries_codes_locks_out_no_browser_that_logged_in_before(guarded):
    known = Client(REMOTE_ADDR="192.0.2.1")
    enter_password(known)
    enter(known, code(periods=-1))
    known.post("/logout/")
    for number in range(14):
        client = Client(REMOTE_ADDR=f"198.51.100.{number}")
        enter_password(client)
        enter(client, wrong_code())
    enter_password(known)
    assert enter(known, code()).status_code == 302


@pytest.mark.every_database
def test_a_network_has_its_tries_at_passwords_and_codes_together(client, guarded):
    enter_password(client)
    for _ in range(5):
        enter(client, wrong_code())
        client.post("/login/", {"username": "nobody", "password": "guess"})
    assert enter(client, code()).status_code == 429


def test_a_login_that_waits_too_long_begins_again(client, guarded, monkeypatch):
    monkeypatch.setattr("time.time", lambda: 1_800_000_000.0)
    enter_password(client)
    monkeypatch.setattr("time.time", lambda: 1_800_000_901.0)
    assert enter(client, code()).url == "/login/"


def test_a_user_who_was_logged_in_is_logged_out_before_the_second_step(guarded, viewer):
    client = Client()
    client.force_login(viewer)
    assert enter_password(client, "/admin/").url == STEP  # the form is shown where the viewer may not go
    assert client.get("/").status_code == 302
    enter(client, code())
    assert "owner" in text_of(client.get("/"))


def test_a_user_who_is_switched_off_meanwhile_is_not_let_in(client, guarded):
    enter_password(client)
    User.objects.filter(pk=guarded.pk).update(is_active=False)
    enter(client, code())
    assert client.get("/").status_code == 302


def test_users_without_a_second_factor_log_in_as_before(client, owner):
    assert enter_password(client).url == "/"
    assert client.get(STEP).url == "/login/"


@pytest.mark.every_database
def test_pages_cost_no_more_queries_with_a_second_factor(client, guarded, django_assert_num_queries):
    enter_password(client)
    enter(client, code())
    client.get("/")
    with django_assert_num_queries(2):  # session and user
        client.get("/password/")
    assert Authenticator.objects.filter(user=guarded).count() == 2
