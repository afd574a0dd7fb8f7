"""The pages on which users set up and remove their second factors, and what they must show before."""

import time

import pytest
from django.contrib.auth.models import User
from django.test import Client

from accounts.login.confirmation import CONFIRMED_AT, CONFIRMED_SECONDS
from accounts.second_factor.factors import factors_of, recovery_codes
from tests.accounts.codes import field, with_app
from tests.app_codes import code, wrong_code
from tests.collector.admin.browsing import text_of

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

OWN, APP, CODES, REMOVE = (f"/account/second-factor/{page}" for page in ("", "app/", "codes/", "remove/"))


def confirm_now(client: Client) -> None:
    session = client.session
    session[CONFIRMED_AT] = int(time.time())
    session.save()


@pytest.fixture
def confirmed(reader) -> Client:
    """A browser in which the viewer has just logged in."""
    confirm_now(reader)
    return reader


def set_up(client: Client, text: str = ""):
    """Fill in the form as somebody whose app has its secret."""
    page = text_of(client.get(APP))
    secret = page.split("<code>")[1].split("</code>")[0].replace(" ", "")
    return client.post(APP, {"signed": field("signed", page), "code": text or code(secret)})


@pytest.mark.parametrize("path", [OWN, APP, CODES, REMOVE, "/account/second-factor/passkeys/"])
def test_a_session_must_be_confirmed_first(reader, path):
    is_page = path in {OWN, APP, CODES}
    method = reader.get if is_page else reader.post
    assert method(path).url == f"/account/confirm/?next={(path if is_page else OWN).replace('/', '%2F')}"
    assert Client().get(OWN).url == f"/login/?next={OWN}"


def test_a_password_confirms_for_a_quarter_of_an_hour(reader, viewer, monkeypatch):
    page = reader.get("/account/confirm/", {"next": APP})
    assert "Confirm that it’s you" in text_of(page)
    assert 'name="password"' in text_of(page)
    assert reader.post("/account/confirm/", {"password": "wrong", "next": APP}).status_code == 200
    assert reader.get(APP).status_code == 302
    assert reader.post("/account/confirm/", {"password": "viewer-pass-1", "next": APP}).url == APP
    assert reader.get(APP).status_code == 200
    later = time.time() + CONFIRMED_SECONDS
    monkeypatch.setattr("time.time", lambda: later)
    assert reader.get(APP).status_code == 302


def test_who_has_a_second_factor_confirms_by_it_and_not_by_the_password(reader, viewer):
    with_app(viewer)
    assert 'name="password"' not in text_of(reader.get("/account/confirm/"))
    assert reader.post("/account/confirm/", {"password": "viewer-pass-1"}).status_code == 200
    assert reader.get(OWN).status_code == 302
    assert reader.post("/account/confirm/", {"code": code()}).url == OWN
    assert reader.get(OWN).status_code == 200


@pytest.mark.every_database
@pytest.mark.parametrize("has_app", [True, False])
def test_a_stolen_session_can_not_guess(reader, viewer, has_app):
    if has_app:
        with_app(viewer)
    wrong = {"code": wrong_code()} if has_app else {"password": "guess"}
    statuses = [reader.post("/account/confirm/", wrong).status_code for _ in range(12)]
    assert statuses == [200] * 10 + [429] * 2
    right = {"code": code()} if has_app else {"password": "viewer-pass-1"}
    assert reader.post("/account/confirm/", right).status_code == 429


@pytest.mark.parametrize("next_page", ["https://a.example/", "//a.example", "javascript:alert(1)"])
def test_a_confirmation_leads_to_no_other_site(reader, viewer, next_page):
    assert reader.post("/account/confirm/", {"password": "viewer-pass-1", "next": next_page}).url == OWN


@pytest.mark.every_database
def test_an_app_is_set_up_by_its_first_code(confirmed, viewer):
    assert factors_of(viewer).is_any is False
    assert "That is not right." in text_of(set_up(confirmed, "000000"))
    assert factors_of(viewer).is_any is False

    answer = set_up(confirmed)

    assert answer.url == CODES
    assert factors_of(viewer).has_app
    page = text_of(confirmed.get(CODES))
    assert all(one in page for one in recovery_codes(viewer))
    assert len(recovery_codes(viewer)) == 10
    assert "10 codes left" in text_of(confirmed.get(OWN))


def test_an_app_is_moved_to_another_device(confirmed, viewer):
    set_up(confirmed)
    codes = recovery_codes(viewer)
    set_up(confirmed)
    assert factors_of(viewer).has_app
    assert recovery_codes(viewer) == codes


@pytest.mark.parametrize("signed", ["", "x", "W10:x:y"])
def test_nobody_chooses_the_secret(confirmed, viewer, signed):
    confirmed.post(APP, {"signed": signed, "code": code()})
    assert not factors_of(viewer).is_any


def test_a_form_of_somebody_else_sets_up_nothing(confirmed, viewer, owner):
    theirs = Client()
    theirs.force_login(owner)
    confirm_now(theirs)
    page = text_of(theirs.get(APP))
    secret = page.split("<code>")[1].split("</code>")[0].replace(" ", "")
    confirmed.post(APP, {"signed": field("signed", page), "code": code(secret)})
    assert not factors_of(viewer).is_any


@pytest.mark.every_database
def test_looking_writes_nothing(confirmed, viewer, django_assert_num_queries):
    for path in (OWN, APP, CODES):
        with django_assert_num_queries(3 if path != APP else 2):  # session, user and factors
            confirmed.get(path)
    assert "no-store" in confirmed.get(OWN).headers["Cache-Control"]


def test_new_recovery_codes_void_the_former_ones(confirmed, viewer):
    with_app(viewer)
    former = recovery_codes(viewer)
    assert confirmed.post(CODES).url == CODES
    assert not set(former) & set(recovery_codes(viewer))
    assert len(recovery_codes(viewer)) == 10


def test_recovery_codes_go_with_the_last_second_factor(confirmed, viewer):
    with_app(viewer)
    assert confirmed.post(REMOVE, {"app": "app"}).url == OWN
    assert (factors_of(viewer).is_any, recovery_codes(viewer)) == (False, [])
    assert "You have none." in text_of(confirmed.get(CODES))
    confirmed.post(CODES)
    assert recovery_codes(viewer) == []


@pytest.mark.parametrize("form", [{}, {"passkey": "1"}, {"passkey": "x"}, {"passkey": "9" * 40}, {"passkey": "²"}])
def test_what_is_not_there_is_not_removed(confirmed, viewer, form):
    with_app(viewer)
    assert confirmed.post(REMOVE, form).url == OWN
    assert factors_of(viewer).has_app


def test_nobody_removes_the_second_factor_of_another(confirmed, owner, viewer):
    with_app(owner)
    confirmed.post(REMOVE, {"app": "app"})
    assert factors_of(owner).has_app


def test_a_form_from_another_site_changes_nothing(viewer):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(viewer)
    with_app(viewer)
    confirm_now(browser)
    for path in (
        APP,
        CODES,
        REMOVE,
        "/account/confirm/",
        "/account/second-factor/passkeys/",
        "/login/passkey/challenge/",
    ):
        assert browser.post(path, {"app": "app"}).status_code == 403, path
    assert factors_of(viewer).has_app


def test_every_user_finds_the_page(confirmed):
    assert 'href="/account/"' in text_of(confirmed.get("/"))
    assert f'href="{OWN}"' in text_of(confirmed.get("/account/"))


def test_secrets_are_not_in_the_admin(client):
    client.force_login(User.objects.create_superuser("root"))
    page = text_of(client.get("/admin/"))
    for path in ("mfa", "account", "socialaccount"):
        assert f"/admin/{path}/" not in page
        assert client.get(f"/admin/{path}/authenticator/").status_code == 404
