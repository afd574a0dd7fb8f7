"""Changing one's own password, with and without staff status."""

import pytest
from django.test import Client

from collector.models import TryCount
from tests.collector.admin.browsing import text_of

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

NEW = "sufficiently-odd"


def change(client: Client, old: str, new: str = NEW, again: str | None = None):
    return client.post(
        "/password/", {"old_password": old, "new_password1": new, "new_password2": new if again is None else again}
    )


@pytest.mark.every_database
@pytest.mark.parametrize("who", ["viewer", "owner"])
def test_users_change_their_password(client, request, who):
    user = request.getfixturevalue(who)
    client.force_login(user)
    assert 'href="/password/"' in text_of(client.get("/account/"))
    elsewhere = Client()
    elsewhere.force_login(user)

    answer = change(client, f"{who}-pass-1")

    assert answer.url == "/password/changed/"
    assert "Password changed" in text_of(client.get("/password/changed/"))
    assert elsewhere.get("/").status_code == 302  # logged out
    assert Client().post("/login/", {"username": who, "password": NEW}).status_code == 302
    assert "known" in str(answer.cookies)


def test_nobody_changes_a_password_without_logging_in(client, db):
    for path in ("/password/", "/password/changed/"):
        assert client.get(path).url == f"/login/?next={path}"
    assert change(client, "x").url == "/login/?next=/password/"


def test_the_admin_leads_to_the_same_page(client, owner):
    client.force_login(owner)
    assert 'href="/account/"' in text_of(client.get("/admin/"))
    assert client.get("/admin/password_change/").url == "/password/"


@pytest.mark.parametrize(
    ("old", "new", "again", "message"),
    [
        ("wrong", NEW, NEW, "Your old password was entered incorrectly"),
        ("viewer-pass-1", NEW, "other", "didn’t match"),
        ("viewer-pass-1", "password", "password", "too common"),
        ("viewer-pass-1", "viewer-1", "viewer-1", "too similar to the username"),
        ("", NEW, NEW, "required"),
    ],
)
def test_a_form_that_is_not_accepted_says_why(reader, viewer, old, new, again, message):
    answer = change(reader, old, new, again)
    assert answer.status_code == 200
    assert message in text_of(answer)
    viewer.refresh_from_db()
    assert viewer.check_password("viewer-pass-1")


@pytest.mark.every_database
def test_the_old_password_can_not_be_guessed_with_a_stolen_session(reader, viewer):
    assert [change(reader, "guess").status_code for _ in range(12)] == [200] * 10 + [429] * 2
    assert "Too many tries." in text_of(change(reader, "viewer-pass-1"))
    viewer.refresh_from_db()
    assert viewer.check_password("viewer-pass-1")


@pytest.mark.every_database
def test_new_passwords_that_are_not_accepted_use_up_no_tries(reader):
    for _ in range(15):
        change(reader, "viewer-pass-1", "short")
    assert change(reader, "viewer-pass-1").status_code == 302
    assert set(TryCount.objects.values_list("tries", flat=True)) == {0}


def test_strangers_at_the_login_do_not_hinder_a_change(reader):
    for number in range(120):
        Client(REMOTE_ADDR=f"198.51.100.{number}").post("/login/", {"username": "viewer", "password": "guess"})
    assert change(reader, "viewer-pass-1").status_code == 302


def test_users_without_a_password_see_no_link(client, viewer):
    viewer.set_unusable_password()
    viewer.save()
    client.force_login(viewer)
    assert "/password/" not in text_of(client.get("/account/"))
    assert client.get("/password/").status_code == 404
    assert change(client, "").status_code == 404
    assert not TryCount.objects.exists()
