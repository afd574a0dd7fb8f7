"""SECOND_FACTOR: who must have a second factor, how they are led to one, and that no page lets them in without it."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from accounts.second_factor.factors import factors_of
from collector.models import Membership, Role
from tests.accounts.codes import field, with_app
from tests.app_codes import code
from tests.collector.admin.browsing import text_of

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

OWN, APP = "/account/second-factor/", "/account/second-factor/app/"
INSIDE = ("/", "/projects/blog/", "/admin/", "/admin/collector/pixel/", "/password/", "/new/")


def enter_password(client: Client, user: User, next_page: str = ""):
    name = user.get_username()
    return client.post("/login/", {"username": name, "password": f"{name}-pass-1", "next": next_page})


def set_up(client: Client):
    page = text_of(client.get(APP))
    secret = page.split("<code>")[1].split("</code>")[0].replace(" ", "")
    return client.post(APP, {"signed": field("signed", page), "code": code(secret)})


@pytest.fixture
def superuser(db) -> User:
    return User.objects.create_superuser("root", password="root-pass-1")


@pytest.mark.every_database
@pytest.mark.parametrize(
    ("setting", "asked"),
    [("optional", set()), ("owners", {"owner", "superuser"}), ("all", {"owner", "viewer", "stranger", "superuser"})],
)
def test_the_setting_says_who_must_have_one(settings, request, setting, asked):
    settings.SECOND_FACTOR = setting
    for who in ("owner", "viewer", "stranger", "superuser"):
        answer = enter_password(Client(), request.getfixturevalue(who))
        assert answer.url == (OWN if who in asked else "/"), who


def test_who_must_set_one_up_is_let_in_with_it(settings, client, owner):
    settings.SECOND_FACTOR = "all"
    assert enter_password(client, owner, "/projects/blog/?range=7d").url == OWN
    assert "asks for a second factor" in text_of(client.get(OWN))
    for path in INSIDE:
        assert client.get(path).status_code in {302, 404}, path
        assert client.get(path, follow=True).redirect_chain[-1][0].startswith("/login/"), path

    answer = set_up(client)

    assert answer.url == "/account/second-factor/codes/?next=%2Fprojects%2Fblog%2F%3Frange%3D7d"
    assert 'href="/projects/blog/?range=7d"' in text_of(client.get(answer.url))
    assert all(client.get(path).status_code == 200 for path in INSIDE)
    assert factors_of(owner).has_app


def test_who_has_one_is_asked_for_it_and_never_to_set_up_another(settings, client, owner):
    settings.SECOND_FACTOR = "all"
    with_app(owner)
    assert enter_password(client, owner).url == "/login/second-factor/"
    assert client.get(OWN).url.startswith("/login/")
    assert client.post("/login/second-factor/", {"code": code()}).url == "/"
    assert client.get("/").status_code == 200


def test_nobody_gets_past_the_page_by_other_pages(settings, client, owner):
    settings.SECOND_FACTOR = "all"
    enter_password(client, owner)
    for path in ("/account/second-factor/codes/", "/account/confirm/", "/login/second-factor/", "/login/passkey/"):
        client.get(path)
        client.post(path, {"password": "owner-pass-1", "code": "000000", "credential": "{}"})
        assert client.get("/").status_code == 302, path


def test_a_login_that_waits_for_a_second_factor_changes_none_that_was_set_up_elsewhere(settings, client, owner):
    settings.SECOND_FACTOR = "all"
    enter_password(client, owner)  # a thief of the password
    with_app(owner)
    for path in (OWN, APP, "/account/second-factor/codes/"):
        assert client.get(path).url == "/login/"
    assert client.post("/account/second-factor/remove/", {"app": "app"}).url == "/login/"
    assert client.post(APP, {"code": "000000", "signed": ""}).url == "/login/"
    assert factors_of(owner).has_app
    assert client.get("/").status_code == 302


@pytest.mark.parametrize(("setting", "who"), [("all", "viewer"), ("owners", "owner")])
def test_sessions_from_before_end(settings, request, setting, who):
    user = request.getfixturevalue(who)
    browser = Client()
    enter_password(browser, user)
    assert browser.get("/").status_code == 200
    settings.SECOND_FACTOR = setting
    later = Client()
    later.cookies = browser.cookies
    for path in INSIDE:
        assert later.get(path, follow=True).redirect_chain[-1][0].startswith("/login/"), path


def test_sessions_with_a_second_factor_go_on(settings, owner):
    with_app(owner)
    browser = Client()
    enter_password(browser, owner)
    browser.post("/login/second-factor/", {"code": code()})
    settings.SECOND_FACTOR = "all"
    later = Client()
    later.cookies = browser.cookies
    assert later.get("/").status_code == 200


def test_who_becomes_an_owner_must_set_one_up_at_the_next_page(settings, viewer):
    settings.SECOND_FACTOR = "owners"
    browser = Client()
    enter_password(browser, viewer)
    assert browser.get("/").status_code == 200
    Membership.objects.filter(user=viewer).update(role=Role.OWNER)
    assert browser.get("/").url == "/login/?next=/"
    assert enter_password(browser, viewer).url == OWN


def test_setting_one_up_counts_for_the_session(settings, owner):
    browser = Client()
    enter_password(browser, owner)
    set_up(browser)
    settings.SECOND_FACTOR = "all"
    later = Client()
    later.cookies = browser.cookies
    assert later.get("/").status_code == 200


def test_the_last_one_can_not_be_removed(settings, owner):
    with_app(owner)
    settings.SECOND_FACTOR = "owners"
    browser = Client()
    enter_password(browser, owner)
    browser.post("/login/second-factor/", {"code": code()})
    assert "Remove the app" not in text_of(browser.get(OWN))
    browser.post("/account/second-factor/remove/", {"app": "app"})
    assert factors_of(owner).has_app


@pytest.mark.every_database
@pytest.mark.parametrize(("setting", "queries"), [("optional", 2), ("all", 2), ("owners", 2)])
def test_pages_cost_no_more_for_those_who_have_one(settings, owner, setting, queries, django_assert_num_queries):
    settings.SECOND_FACTOR = setting
    with_app(owner)
    browser = Client()
    enter_password(browser, owner)
    browser.post("/login/second-factor/", {"code": code()})
    with django_assert_num_queries(queries):  # session and user
        browser.get("/password/")
    stranger = Client()
    stranger.get("/about/nobody-has-this/")
    with django_assert_num_queries(1):  # the pixel
        stranger.get("/about/nobody-has-this/")
