"""Forgotten passwords: by mail, or by a link that an administrator makes."""

import re
from datetime import datetime, timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client
from django.utils.http import int_to_base36

from accounts.passwords.reset import reset_path
from tests.accounts.codes import with_app
from tests.collector.admin.browsing import logged_in, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

FORGOTTEN = "/forgotten/"
NEW = {"new_password1": "sufficiently-odd", "new_password2": "sufficiently-odd"}
ON_ITS_WAY = "If an account here has this address, a link is on its way to it."


@pytest.fixture
def mail_server(settings, monkeypatch) -> None:
    """Set up mail, and send it in this thread: the test's transaction belongs to it."""
    settings.MAIL_FROM = "footfall@example.org"
    monkeypatch.setattr("accounts.views.password_reset.send_later", lambda message: message.send())


@pytest.fixture
def addressed(viewer) -> User:
    User.objects.filter(pk=viewer.pk).update(email="Ada@example.org")
    viewer.refresh_from_db()
    return viewer


def log_in(name: str, password: str):
    return Client().post("/login/", {"username": name, "password": password})


@pytest.mark.every_database
@pytest.mark.usefixtures("mail_server")
def test_a_link_comes_by_mail_and_sets_a_password(client, addressed, mailoutbox):
    elsewhere = logged_in(addressed)
    assert f'href="{FORGOTTEN}"' in text_of(client.get("/login/"))
    assert ON_ITS_WAY in text_of(client.post(FORGOTTEN, {"email": " ada@EXAMPLE.org"}))
    [mail] = mailoutbox
    assert mail.to == ["Ada@example.org"]
    [link] = re.findall(r"http://testserver(/reset/\S+)", mail.body)
    assert "viewer on Footfall" in mail.body

    assert client.get(link).status_code == 200
    assert client.post(link, NEW).url == "/login/"

    assert elsewhere.get("/").status_code == 302  # logged out
    assert log_in("viewer", "sufficiently-odd").status_code == 302
    assert client.get(link).status_code == 404
    assert client.post(link, NEW).status_code == 404


@pytest.mark.usefixtures("mail_server")
@pytest.mark.parametrize("email", ["nobody@example.org", "viewer", "", "a\0b", "x" * 300, "inactive", "no password"])
def test_nobody_learns_whether_an_address_has_an_account(client, addressed, mailoutbox, email):
    if email == "inactive":
        User.objects.update(is_active=False)
    if email == "no password":
        addressed.set_unusable_password()
        addressed.save()
    sent = "Ada@example.org" if email in {"inactive", "no password"} else email
    answer = client.post(FORGOTTEN, {"email": sent})
    assert answer.status_code == 200
    assert (ON_ITS_WAY in text_of(answer)) == (0 < len(sent) <= 254 and "\0" not in sent)
    assert mailoutbox == []


@pytest.mark.every_database
@pytest.mark.usefixtures("mail_server")
def test_an_address_gets_five_mails_an_hour(addressed, mailoutbox):
    clients = [Client(REMOTE_ADDR=f"198.51.100.{number}") for number in range(8)]
    statuses = [client.post(FORGOTTEN, {"email": "ada@example.org"}).status_code for client in clients]
    assert statuses == [200] * 5 + [429] * 3
    assert len(mailoutbox) == 5


@pytest.mark.every_database
@pytest.mark.usefixtures("mail_server")
def test_mails_count_together_with_wrong_passwords(client, addressed):
    for number in range(10):
        client.post(FORGOTTEN, {"email": f"{number}@example.org"})
    assert client.post("/login/", {"username": "viewer", "password": "viewer-pass-1"}).status_code == 429


def test_without_mail_people_ask_an_administrator(client, addressed, mailoutbox):
    assert "Ask an administrator" in text_of(client.get(FORGOTTEN))
    client.post(FORGOTTEN, {"email": "ada@example.org"})
    assert mailoutbox == []


def test_an_administrator_makes_a_link(superuser, viewer):
    admin = logged_in(superuser)
    data = {"action": "make_password_link", "_selected_action": [viewer.pk]}
    page = text_of(admin.post("/admin/auth/user/", data))
    link = page.split('tabindex="0">http://testserver')[1].split("</code>")[0]
    assert LogEntry.objects.get().change_message == "Password link made."
    client = Client()
    assert client.post(link, NEW).url == "/login/"
    assert log_in("viewer", "sufficiently-odd").status_code == 302

    for selected in ([viewer.pk, superuser.pk], []):
        data["_selected_action"] = selected
        assert "/reset/" not in text_of(admin.post("/admin/auth/user/", data, follow=True))


def test_the_second_factor_is_still_asked_for(client, viewer):
    with_app(viewer)
    client.post(reset_path(viewer), NEW)
    assert log_in("viewer", "sufficiently-odd").url == "/login/second-factor/"
    assert client.get("/").status_code == 302


@pytest.mark.parametrize("change", ["logged in", "password", "inactive", "a day", "another user"])
def test_a_link_ends(client, viewer, owner, change, monkeypatch):
    path = reset_path(viewer)
    if change == "logged in":
        log_in("viewer", "viewer-pass-1")
    elif change == "password":
        viewer.set_password("another-pass-1")
        viewer.save()
    elif change == "inactive":
        User.objects.update(is_active=False)
    elif change == "a day":
        later = datetime.now() + timedelta(seconds=86_402)  # noqa: DTZ005 (as Django's generator has it)
        monkeypatch.setattr("django.contrib.auth.tokens.PasswordResetTokenGenerator._now", lambda self: later)
    else:
        path = path.replace(f"/reset/{int_to_base36(viewer.pk)}-", f"/reset/{int_to_base36(owner.pk)}-")
    assert client.get(path).status_code == 404
    assert client.post(path, NEW).status_code == 404


@pytest.mark.every_database
@pytest.mark.parametrize("number", ["x", "0", "zzzzzzzzzz", "1" * 40, "-1", "é", "1"])
def test_a_link_that_is_none_sets_nothing(client, db, number):
    assert client.get(f"/reset/{number}-abc-def/").status_code == 404


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ({"new_password2": "other"}, "didn’t match"),
        ({"new_password1": "password", "new_password2": "password"}, "too common"),
    ],
)
def test_a_password_that_is_not_accepted_leaves_the_link(client, viewer, form, message):
    path = reset_path(viewer)
    assert message in text_of(client.post(path, NEW | form))
    assert client.post(path, NEW).url == "/login/"
