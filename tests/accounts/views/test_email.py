"""Changing one's email address, with and without mail."""

import re

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from django.test import Client

from accounts.models import Session
from tests.accounts.sessions.test_store import log_in
from tests.accounts.views.test_second_factor import confirm_now
from tests.collector.admin.browsing import text_of

pytestmark = pytest.mark.django_db

EMAIL = "/account/email/"
ADA = {"email": "ada@example.org"}


@pytest.fixture
def confirmed(reader) -> Client:
    confirm_now(reader)
    return reader


@pytest.fixture
def link(settings, monkeypatch, confirmed, mailoutbox) -> str:
    """The path of a link that was mailed to Ada."""
    settings.MAIL_FROM = "footfall@example.org"
    for module in ("accounts.views.email", "accounts.notices"):
        monkeypatch.setattr(f"{module}.send_later", lambda message: message.send())
    assert "ada@example.org" in text_of(confirmed.post(EMAIL, ADA))
    [message] = mailoutbox
    assert message.to == ["ada@example.org"]
    return re.findall(r"http://testserver(\S+)", message.body)[0]


def address_of(user: User) -> str:
    return User.objects.get(pk=user.pk).email


def test_a_session_must_be_confirmed_first(reader):
    assert reader.get(EMAIL).url == "/account/confirm/?next=%2Faccount%2Femail%2F"


def test_without_mail_an_address_changes_at_once_and_is_not_verified(confirmed, viewer):
    assert confirmed.post(EMAIL, ADA).url == "/account/"
    assert address_of(viewer) == "ada@example.org"
    assert not EmailAddress.objects.exists()
    assert "valid email" in text_of(confirmed.post(EMAIL, {"email": "ada"}))


def test_with_mail_an_address_changes_once_its_link_is_opened(link, viewer):
    browser = Client()
    assert "ada@example.org" in text_of(browser.get(link))
    assert address_of(viewer) == ""
    assert browser.post(link).url == "/account/"
    assert address_of(viewer) == "ada@example.org"
    assert EmailAddress.objects.get().verified
    assert browser.get(link).status_code == 404


@pytest.mark.parametrize("change", [{"email": "new@example.org"}, {"is_active": False}])
def test_a_link_ends_with_what_it_was_made_for(client, link, viewer, change):
    User.objects.filter(pk=viewer.pk).update(**change)
    assert client.post(link).status_code == 404


@pytest.mark.parametrize("end", [{"others": "1"}, {"session": "{name}"}])
def test_a_link_ends_with_the_session_that_asked_for_it(client, link, viewer, end):
    [name] = Session.objects.values_list("pk", flat=True)
    log_in().post("/account/sessions/end/", {key: value.format(name=name) for key, value in end.items()})
    assert client.post(link).status_code == 404
    assert address_of(viewer) == ""


def test_a_link_ends_with_the_password(client, link, viewer):
    viewer.set_password("viewer-pass-2")
    viewer.save()
    assert client.post(link).status_code == 404


def test_only_the_latest_of_several_links_works_and_none_comes_back(client, link, confirmed, viewer, mailoutbox):
    links = [link]
    for email in ("ben@example.org", ""):
        confirmed.post(EMAIL, {"email": email})
        links += re.findall(r"http://testserver(/account/email/\S+)", mailoutbox[-1].body)
        assert client.post(link).status_code == 404
    assert client.post(links[1]).url == "/account/"
    assert client.post(EMAIL, {"email": ""}).status_code == 302
    User.objects.filter(pk=viewer.pk).update(email="")
    assert client.post(link).status_code == 404
    assert address_of(viewer) == ""


@pytest.mark.parametrize("spoil", [lambda path: path[:-3] + "x/", lambda path: "/account/email/a:b:c/"])
def test_a_forged_link_opens_nothing(client, link, viewer, spoil):
    assert client.post(spoil(link)).status_code == 404
    assert address_of(viewer) == ""


def test_the_address_of_another_account_is_not_taken(client, link, owner, viewer):
    User.objects.filter(pk=owner.pk).update(email="ADA@example.org")
    assert "Another account has this address" in text_of(client.post(link))
    assert address_of(viewer) == ""


def test_who_proves_an_address_first_has_it(link, viewer, owner, monkeypatch):
    """Between the look at other accounts and the change, somebody else may prove it."""
    EmailAddress.objects.create(user=owner, email="ada@example.org", verified=True)
    monkeypatch.setattr("accounts.views.email.is_taken", lambda email, besides: False)
    assert "Another account has this address" in text_of(Client().post(link))
    assert address_of(viewer) == ""


def test_nobody_sends_many_mails(link, confirmed, mailoutbox):
    answers = [confirmed.post(EMAIL, {"email": f"{number}@example.org"}).status_code for number in range(5)]
    assert answers[-1] == 429
    assert len(mailoutbox) == 5
