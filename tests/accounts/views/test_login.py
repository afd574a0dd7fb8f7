"""Logging in: who gets in, and who has to wait while somebody guesses passwords."""

from datetime import timedelta
from urllib.parse import quote

import pytest
from django.contrib.auth.models import User
from django.test import Client

from accounts.login.locks import MOST_TRIES
from collector.models import TryCount
from tests.collector.admin.browsing import text_of
from tests.dashboard.conftest import NOON

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]

RIGHT = "viewer-pass-1"


def log_in(client: Client, password: str = RIGHT, name: str = "viewer", next_page: str = ""):
    return client.post("/login/", {"username": name, "password": password, "next": next_page})


def strangers(number: int) -> list[Client]:
    """Return browsers at different addresses."""
    return [Client(REMOTE_ADDR=f"198.51.{place // 250}.{place % 250}") for place in range(number)]


@pytest.fixture
def known(viewer) -> Client:
    """A browser in which the viewer logged in, and out again."""
    client = Client(REMOTE_ADDR="192.0.2.1")
    assert log_in(client).status_code == 302
    client.post("/logout/")
    return client


def test_a_hundred_and_twenty_wrong_passwords_are_not_all_checked(client, viewer):
    statuses = [log_in(client, "guess").status_code for _ in range(120)]

    assert statuses == [200] * 10 + [429] * 110
    answer = log_in(client)
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 600
    assert "Too many tries. Wait 10 minutes, then try again. If you entered this" in text_of(answer)
    assert "sessionid" not in client.cookies


def test_a_network_has_its_tries_at_all_accounts_together(client, viewer, owner):
    for number in range(10):
        log_in(client, "guess", f"user{number}")

    assert log_in(client).status_code == 429
    assert log_in(client, "owner-pass-1", "owner").status_code == 429


def test_an_ipv6_network_counts_as_one_address(viewer):
    for number in range(10):
        log_in(Client(REMOTE_ADDR=f"2001:db8:1:2::{number}"), "guess")

    assert log_in(Client(REMOTE_ADDR="2001:db8:1:2:3::4")).status_code == 429
    assert log_in(Client(REMOTE_ADDR="2001:db8:1:3::4")).status_code == 302


def test_the_tries_come_back(client, viewer, monkeypatch):
    for _ in range(11):
        log_in(client, "guess")
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOON + timedelta(seconds=599))
    assert log_in(client).status_code == 429
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOON + timedelta(seconds=600))
    assert log_in(client).status_code == 302


@pytest.mark.one_database
def test_two_hundred_and_sixty_addresses_lock_out_no_browser_that_logged_in_before(viewer, known):
    for stranger in strangers(260):
        log_in(stranger, "guess")

    assert log_in(Client(REMOTE_ADDR="203.0.113.7")).status_code == 429
    assert log_in(known).status_code == 302


@pytest.mark.one_database
def test_strangers_at_the_same_address_lock_out_no_browser_that_logged_in_before(viewer, known):
    for _ in range(12):
        log_in(Client(REMOTE_ADDR="192.0.2.1"), "guess")
    assert log_in(Client(REMOTE_ADDR="192.0.2.1")).status_code == 429
    assert log_in(known).status_code == 302


@pytest.mark.one_database
def test_a_new_browser_gets_in_while_few_addresses_guess(viewer):
    for stranger in strangers(5) * 20:
        log_in(stranger, "guess")
    assert log_in(Client(REMOTE_ADDR="203.0.113.7")).status_code == 302


def test_all_unknown_browsers_together_try_one_account_a_hundred_times_an_hour(viewer):
    statuses = [log_in(stranger, "guess").status_code for stranger in strangers(MOST_TRIES + 20)]
    assert statuses == [200] * 100 + [429] * 20


def test_a_known_browser_has_ten_tries_an_hour(viewer, known):
    assert [log_in(known, "guess").status_code for _ in range(11)] == [200] * 10 + [429]
    answer = log_in(known)
    assert "Too many tries. Wait 60 minutes, then try again." in text_of(answer)
    assert "If you entered this" not in text_of(answer)


def test_right_passwords_use_up_nothing(viewer):
    for _ in range(25):
        assert log_in(Client()).status_code == 302
    assert set(TryCount.objects.values_list("tries", flat=True)) == {0}


@pytest.mark.one_database
def test_a_changed_password_forgets_the_browsers_of_before(viewer, known):
    viewer.set_password("another-pass-1")
    viewer.save()
    for stranger in strangers(MOST_TRIES):
        log_in(stranger, "guess")

    assert log_in(known, "another-pass-1").status_code == 429


@pytest.mark.one_database
def test_the_cookie_of_one_account_gives_no_tries_at_another(viewer, owner, known):
    known.cookies[f"known-{owner.pk}"] = known.cookies[f"known-{viewer.pk}"].value
    for _ in range(10):
        log_in(Client(REMOTE_ADDR="192.0.2.1"), "guess")

    assert log_in(known, "owner-pass-1", "owner").status_code == 429


@pytest.mark.one_database
@pytest.mark.parametrize("value", ["", ".", "x", "x.y", "é.ü", "a" * 4000])
def test_an_invented_cookie_gives_no_tries(client, viewer, value):
    client.cookies[f"known-{viewer.pk}"] = value
    assert [log_in(client, "guess").status_code for _ in range(11)] == [200] * 10 + [429]


@pytest.mark.one_database
def test_the_cookie_of_a_browser_is_for_the_login_only(client, viewer, settings):
    settings.SESSION_COOKIE_SECURE = True
    cookie = log_in(client).cookies[f"known-{viewer.pk}"]
    assert (cookie["path"], cookie["httponly"], cookie["samesite"], cookie["secure"]) == ("/login/", True, "Lax", True)
    assert cookie["max-age"] == 365 * 86_400
    assert "viewer" not in cookie.value


@pytest.mark.one_database
def test_names_that_nobody_has_are_answered_like_all_others(viewer):
    def answers(name: str) -> list[tuple[int, str]]:
        TryCount.objects.all().delete()
        texts = [log_in(stranger, "guess", name) for stranger in strangers(MOST_TRIES + 1)]
        return [(answer.status_code, text_of(answer).count("<"), answer.headers.get("Retry-After")) for answer in texts]

    assert answers("viewer") == answers("nobody")
    User.objects.update(is_active=False)
    assert answers("viewer") == answers("nobody")


def test_names_that_look_alike_are_one_account(viewer):
    for number, stranger in enumerate(strangers(MOST_TRIES)):
        log_in(stranger, "guess", " viewer" if number % 2 else "\uff56iewer")
    assert log_in(Client(REMOTE_ADDR="203.0.113.7")).status_code == 429


@pytest.mark.parametrize("name", ["", "x" * 151, "a\0b"])
def test_a_name_that_no_account_can_have_is_not_counted(client, viewer, name):
    assert log_in(client, "guess", name).status_code == 200
    assert not TryCount.objects.exists()


def test_neither_names_nor_addresses_are_in_the_database(viewer):
    log_in(Client(REMOTE_ADDR="203.0.113.7"), "guess")
    keys = list(TryCount.objects.values_list("key", flat=True))
    assert len(keys) == 3
    assert all(len(key) == 32 and "viewer" not in key for key in keys)


@pytest.mark.one_database
@pytest.mark.parametrize("path", ["/admin/", "/admin/collector/pixel/?q=a%26b"])
def test_the_admin_uses_the_same_login(client, owner, path):
    answer = client.get(path, follow=True)
    assert answer.redirect_chain[-1][0] == f"/login/?next={quote(path, safe='')}"
    for _ in range(10):
        log_in(client, "guess", "owner")
    assert log_in(client, "owner-pass-1", "owner").status_code == 429
    assert client.post("/admin/login/", {"username": "owner", "password": "owner-pass-1"}).status_code == 302
    assert "sessionid" not in client.cookies

    TryCount.objects.all().delete()
    assert log_in(client, "owner-pass-1", "owner", path).url == path
    assert client.get(path).status_code == 200


@pytest.mark.one_database
@pytest.mark.parametrize("next_page", ["/login/", "/login/?next=/login/", "/admin/login/", "/logout/"])
def test_a_login_that_leads_to_itself_ends_on_the_projects(client, owner, next_page):
    answer = client.post("/login/", {"username": "owner", "password": "owner-pass-1", "next": next_page}, follow=True)
    assert (answer.status_code, answer.redirect_chain[-1][0]) == (200, "/")
    again = client.get("/login/", {"next": next_page}, follow=True)
    assert (again.status_code, again.redirect_chain[-1][0]) == (200, "/")


@pytest.mark.one_database
@pytest.mark.parametrize("next_page", ["https://a.example/", "//a.example", "javascript:alert(1)", "\\\\a.example"])
def test_a_login_leads_to_no_other_site(client, owner, next_page):
    assert f'value="{next_page}"' not in text_of(client.get("/login/", {"next": next_page}))
    assert log_in(client, "owner-pass-1", "owner", next_page).url == "/"
    assert client.get("/login/", {"next": next_page}).url == "/"


@pytest.mark.one_database
@pytest.mark.parametrize("path", ["/login/", "/password/"])
def test_a_form_from_another_site_is_refused(owner, path):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(owner)
    assert browser.post(path, {"username": "owner", "password": "owner-pass-1"}).status_code == 403
    assert not TryCount.objects.exists()


@pytest.mark.one_database
def test_users_without_staff_status_are_told_that_the_admin_is_not_for_them(client, viewer):
    assert log_in(client, next_page="/admin/").url == "/admin/"
    answer = client.get("/admin/", follow=True)
    assert answer.status_code == 200
    assert "Your account has no access to that page" in text_of(answer)
    assert client.get("/login/").url == "/"
