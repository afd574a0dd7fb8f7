"""Mails to users about what changed in their account: what, to which address, and that none fails a page."""

import threading
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from accounts.login.language import keep_language
from accounts.notices import MOST, tell
from accounts.second_factor.factors import add_app
from tests.accounts.codes import with_app
from tests.accounts.sessions.test_store import log_in
from tests.accounts.views.test_account import change_password, remove_app, renew_codes, set_up_app
from tests.accounts.views.test_second_factor import REMOVE, confirm_now
from tests.app_codes import SECRET
from tests.collector.admin.browsing import logged_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_cache")]

ADA = "ada@example.org"


@pytest.fixture
def mails(settings, monkeypatch, mailoutbox, viewer) -> list:
    """The mails that were sent. The viewer has an address, and an account that is not new."""
    settings.MAIL_FROM = "footfall@example.org"
    for module in ("accounts.notices", "accounts.views.email"):
        monkeypatch.setattr(f"{module}.send_later", lambda message: message.send())
    User.objects.filter(pk=viewer.pk).update(email=ADA, date_joined=timezone.now() - timedelta(days=1))
    viewer.refresh_from_db()
    return mailoutbox


def change_name(browser: Client, user: User) -> None:
    browser.post("/account/name/", {"username": "ada"})


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (change_password, "Password changed."),
        (set_up_app, "Authenticator app set up."),
        (remove_app, "Authenticator app removed."),
        (renew_codes, "Recovery codes replaced."),
        (change_name, "Name changed."),
    ],
)
def test_users_are_told_what_changed(reader, mails, viewer, change, what):
    confirm_now(reader)
    change(reader, viewer)
    [message] = mails
    assert (message.to, message.subject, message.content_subtype) == ([ADA], f"Footfall: {what}", "plain")
    assert what in message.body
    assert f"account {User.objects.get(pk=viewer.pk)} on" in message.body
    assert "http://testserver/account/" in message.body
    assert "&" not in message.body


def test_both_addresses_are_told_of_a_new_one_and_only_once_it_is_in_use(reader, mails, viewer):
    confirm_now(reader)
    reader.post("/account/email/", {"email": "new@example.org"})
    [asked] = mails
    assert asked.to == ["new@example.org"]
    link = next(word for word in asked.body.split() if "/account/email/" in word).removeprefix("http://testserver")
    Client().post(link)
    assert {message.to[0]: message.subject for message in mails[1:]} == dict.fromkeys(
        ["new@example.org", ADA], "Footfall: Email address changed."
    )


def test_a_removed_address_is_told(reader, mails):
    confirm_now(reader)
    reader.post("/account/email/", {"email": ""})
    assert [message.to for message in mails] == [[ADA]]


def test_users_are_told_of_a_login_from_a_new_browser_in_their_language(mails, viewer):
    keep_language(viewer, "de")
    browser = log_in()
    [message] = mails
    assert message.subject.startswith("Footfall: ")
    assert "Firefox · Linux · Deutschland" in message.body
    browser.post("/logout/")
    browser.post("/login/", {"username": "viewer", "password": "viewer-pass-1"})
    assert len(mails) == 1


def test_who_has_just_made_an_account_is_not_told_of_the_first_login(mails, viewer):
    User.objects.filter(pk=viewer.pk).update(date_joined=timezone.now())
    log_in()
    assert mails == []


def test_without_mail_or_address_nobody_is_told(reader, mails, viewer, settings):
    tell(User(username="nobody"), "Name changed.")
    settings.MAIL_FROM = ""
    confirm_now(reader)
    change_name(reader, viewer)
    assert mails == []


def test_what_changed_nothing_is_not_told(reader, mails, viewer):
    confirm_now(reader)
    for form in ({"app": "1"}, {"passkey": "1"}):
        reader.post(REMOVE, form)
    reader.post("/account/name/", {"username": "a b"})
    assert mails == []


def test_a_mailbox_is_not_filled_and_another_kind_still_comes(mails, viewer):
    for _ in range(MOST[0] + 3):
        tell(viewer, "Name changed.")
    assert len(mails) == MOST[0]
    tell(viewer, "Password changed.")
    assert len(mails) == MOST[0] + 1


def test_users_are_told_what_an_administrator_changed(mails, viewer, superuser, django_capture_on_commit_callbacks):
    admin, page = logged_in(superuser), f"/admin/auth/user/{viewer.pk}/"
    new = {"password1": "sufficiently-odd", "password2": "sufficiently-odd", "usable_password": "true"}
    assert admin.post(f"{page}password/", new | {"password2": "other"}).status_code == 200
    assert admin.post(f"{page}password/", new).status_code == 302
    with django_capture_on_commit_callbacks(execute=True):
        admin.post(f"{page}change/", {"username": "viewer", "email": "new@example.org", "is_active": "on"})
    with_app(viewer)
    admin.post("/admin/auth/user/", {"action": "remove_second_factor", "_selected_action": [viewer.pk]})
    told = {(message.to[0], message.subject.removeprefix("Footfall: ")) for message in mails}
    assert told == {
        (ADA, "Password changed."),
        (ADA, "Email address changed."),
        ("new@example.org", "Email address changed."),
        ("new@example.org", "Second factor removed."),
    }


def test_users_are_told_what_an_operator_removed(mails, viewer):
    add_app(viewer, SECRET)
    call_command("remove_second_factor", "viewer")
    assert [message.subject for message in mails] == ["Footfall: Second factor removed."]
    assert "/account/" in mails[0].body


@pytest.mark.parametrize("address", ["a\nBcc: b@example.org", '"a\r\nX: y"@example.org', "ü@example.org"])
def test_an_address_that_no_mail_can_have_fails_no_page(reader, settings, monkeypatch, viewer, address):
    settings.MAIL_FROM = "footfall@example.org"
    User.objects.filter(pk=viewer.pk).update(email=address)
    confirm_now(reader)
    failed: list = []
    monkeypatch.setattr(threading, "excepthook", failed.append)
    assert reader.post("/account/name/", {"username": "ada"}).status_code == 302
    for thread in threading.enumerate():
        if thread.name == "mail":
            thread.join(10)
    assert failed == []


def test_a_machine_without_threads_fails_no_page(viewer, settings, monkeypatch, caplog):
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    settings.MAIL_FROM = "footfall@example.org"
    viewer.email = ADA
    monkeypatch.setattr(threading.Thread, "start", refuse)
    tell(viewer, "Name changed.")
    assert "could not be sent (can't start new thread)" in caplog.text
