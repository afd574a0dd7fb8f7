"""The page of one's account: where somebody is logged in, name and language."""

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError
from django.test import Client

from accounts.models import Session
from accounts.second_factor.factors import add_app
from tests.accounts.codes import with_app
from tests.accounts.sessions.test_store import log_in
from tests.accounts.views.test_second_factor import CODES, REMOVE, confirm_now, set_up
from tests.collector.admin.browsing import text_of

pytestmark = pytest.mark.django_db

ACCOUNT, END, NAME = "/account/", "/account/sessions/end/", "/account/name/"


def is_logged_in(browser: Client) -> bool:
    return browser.get("/").status_code == 200


def test_users_see_where_they_are_logged_in(viewer):
    here = log_in(agent="curl/8.0", address="127.0.0.1")
    log_in()
    page = text_of(here.get(ACCOUNT))
    assert page.index("curl") < page.index("Firefox · Linux · Germany")
    assert page.count("This browser") == 1
    assert "Mozilla" not in page


def test_users_end_one_session_at_once(viewer):
    here, elsewhere, third = log_in(), log_in(), log_in()
    name = Session.objects.of_key(elsewhere.cookies["sessionid"].value).get().pk
    assert here.post(END, {"session": name}).url == ACCOUNT
    assert [is_logged_in(browser) for browser in (here, elsewhere, third)] == [True, False, True]


def test_users_end_all_other_sessions(viewer, owner):
    here, elsewhere = log_in(), log_in()
    other = Client()
    other.force_login(owner)
    here.post(END, {"others": "1"})
    assert [is_logged_in(browser) for browser in (here, elsewhere, other)] == [True, False, True]
    assert "everywhere else" not in text_of(here.get(ACCOUNT))


@pytest.mark.parametrize("name", ["", "\0", "x" * 300, "{theirs}"])
def test_users_end_no_session_of_others(viewer, owner, name):
    other = Client()
    other.force_login(owner)
    theirs = Session.objects.get(user=owner).pk
    assert log_in().post(END, {"session": name.format(theirs=theirs)}).status_code == 302
    assert is_logged_in(other)


def change_password(browser: Client, user: User) -> None:
    new = {"new_password1": "sufficiently-odd", "new_password2": "sufficiently-odd"}
    browser.post("/password/", {"old_password": "viewer-pass-1", **new})


def remove_app(browser: Client, user: User) -> None:
    add_app(user, "A" * 32)
    browser.post(REMOVE, {"app": "1"})


def renew_codes(browser: Client, user: User) -> None:
    with_app(user)
    browser.post(CODES)


def set_up_app(browser: Client, user: User) -> None:
    set_up(browser)


@pytest.mark.parametrize("change", [change_password, set_up_app, remove_app, renew_codes])
def test_a_change_of_how_somebody_logs_in_ends_their_other_sessions(viewer, change):
    here, elsewhere = log_in(), log_in()
    confirm_now(here)
    change(here, viewer)
    assert [is_logged_in(browser) for browser in (here, elsewhere)] == [True, False]
    assert Session.objects.filter(user=viewer).count() == 1


def test_an_administrator_who_removes_a_second_factor_ends_the_sessions(viewer, superuser):
    browser = log_in()
    with_app(viewer)
    admin = Client()
    admin.force_login(superuser)
    admin.post("/admin/auth/user/", {"action": "remove_second_factor", "_selected_action": [viewer.pk]})
    assert not is_logged_in(browser)
    assert is_logged_in(admin)


def test_a_name_is_changed_after_a_confirmation(reader, viewer, owner):
    assert reader.get(NAME).url == "/account/confirm/?next=%2Faccount%2Fname%2F"
    confirm_now(reader)
    assert "already exists" in text_of(reader.post(NAME, {"username": "OWNER"}))
    assert reader.post(NAME, {"username": "ada"}).url == ACCOUNT
    viewer.refresh_from_db()
    assert viewer.username == "ada"
    assert reader.post(NAME, {"username": "Ada"}).url == ACCOUNT


def test_who_takes_a_name_first_has_it(reader, viewer, monkeypatch):
    confirm_now(reader)
    monkeypatch.setattr("accounts.views.account.NameForm.save", raise_integrity_error)
    assert "already exists" in text_of(reader.post(NAME, {"username": "ada"}))


def raise_integrity_error(form: object) -> None:
    raise IntegrityError


def test_a_language_is_remembered_for_the_account(viewer):
    log_in().post("/i18n/setlang/", {"language": "de", "next": ACCOUNT})
    assert '<html lang="de">' in text_of(log_in().get(ACCOUNT))
    assert log_in().post("/i18n/setlang/", {"language": "xx"}).status_code == 302
    assert '<html lang="de">' in text_of(log_in().get(ACCOUNT))


def test_an_account_costs_the_same_however_many_sessions(viewer, django_assert_num_queries):
    here = log_in()
    for _ in range(3):
        log_in()
    here.get(ACCOUNT)
    with django_assert_num_queries(5):
        here.get(ACCOUNT)


def test_sessions_that_a_new_password_closed_are_not_listed(viewer):
    log_in()
    viewer.set_password("viewer-pass-2")  # as in the admin
    viewer.set_password("viewer-pass-1")
    viewer.save()
    here = log_in()
    assert Session.objects.filter(user=viewer).count() == 2
    assert text_of(here.get(ACCOUNT)).count("Firefox") == 1
