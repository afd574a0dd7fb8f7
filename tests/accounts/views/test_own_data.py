"""What users download about themselves, and the end of an account."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import Invitation, Session
from accounts.own.deletion import NotDeletableError, delete_account
from accounts.second_factor.factors import recovery_codes
from collector.models import ApiToken, AuditEntry, LeftOut, Membership, Role, ShareLink
from tests.accounts.codes import with_app
from tests.accounts.views.test_second_factor import confirm_now
from tests.app_codes import SECRET
from tests.collector.admin.browsing import logged_in, text_of

pytestmark = pytest.mark.django_db

DATA, DELETE = "/account/data.json", "/account/delete/"


@pytest.fixture
def as_owner(owner) -> Client:
    browser = logged_in(owner)
    confirm_now(browser)
    return browser


@pytest.fixture
def traces(owner, project, program) -> dict[str, str]:
    """What an owner leaves behind, and the secrets in it."""
    token = ApiToken(user=owner, name="Script")
    secret = token.make_secret()
    token.save()
    invitation = Invitation(project=project, invited_by=owner, email="ada@example.org")
    invitation_secret = invitation.make_secret(timezone.now())
    invitation.save()
    ShareLink.objects.create(project=project, name="For Ada")
    LeftOut.objects.create(project=project, pixel=program, date=date(2026, 11, 1), what="new", decided_by=owner)
    with_app(owner)
    return {
        "token": secret, "digest": token.digest, "invitation": invitation_secret, "app": SECRET,
        "password": owner.password, "code": recovery_codes(owner)[0],
    }  # fmt: skip


def test_both_need_a_confirmation(reader):
    for path in (DATA, DELETE):
        assert reader.get(path).url.startswith("/account/confirm/")
    assert reader.post(DELETE).status_code == 302
    assert User.objects.count() == 1


def test_the_data_name_everything_and_no_secret(as_owner, traces):
    answer = as_owner.get(DATA)
    kept = json.loads(answer.content)
    assert "no-store" in answer.headers["Cache-Control"]
    assert "attachment" in answer.headers["Content-Disposition"]
    assert kept["account"]["username"] == "owner"
    assert [row["project_slug"] for row in kept["memberships"]] == ["blog"]
    assert [row["name"] for row in kept["api_tokens"]] == ["Script"]
    assert [row["email"] for row in kept["invitations_sent"]] == ["ada@example.org"]
    assert [row["what"] for row in kept["decisions"]] == ["new"]
    assert kept["second_factor"]["app"]
    assert len(kept["sessions"]) == 1
    assert not {name for name, secret in traces.items() if secret in answer.content.decode()}


def test_the_only_owner_of_a_project_stays(as_owner, owner):
    page = text_of(as_owner.get(DELETE))
    assert "only owner" in page
    assert "Blog" in page
    assert "only owner" in text_of(as_owner.post(DELETE))
    assert User.objects.filter(pk=owner.pk).exists()


def test_the_only_superuser_stays(superuser):
    admin = logged_in(superuser)
    confirm_now(admin)
    assert "only superuser" in text_of(admin.post(DELETE))
    User.objects.create_superuser("other")
    assert "Account deleted" in text_of(admin.post(DELETE))


def test_an_owner_who_is_switched_off_is_no_owner(as_owner, viewer):
    Membership.objects.filter(user=viewer).update(role=Role.OWNER)
    User.objects.filter(pk=viewer.pk).update(is_active=False)
    assert "only owner" in text_of(as_owner.post(DELETE))


def test_an_account_that_is_gone_already_is_deleted_once(owner, viewer):
    Membership.objects.filter(user=viewer).update(role=Role.OWNER)
    second = User.objects.get(pk=owner.pk)
    for user in (owner, second):
        delete_account(user)
    assert AuditEntry.objects.count() == 1


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one writer at a time.")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("of", ["owners", "superusers"])
def test_the_last_two_do_not_go_at_the_same_time(project, owner, viewer, of):
    pair = [owner, viewer] if of == "owners" else [User.objects.create_superuser(name) for name in "ab"]
    Membership.objects.all().update(role=Role.OWNER)
    with ThreadPoolExecutor(2) as pool:
        outcomes = sorted(pool.map(_deleted, pair))
    assert outcomes == [False, True]
    assert User.objects.filter(pk__in=[user.pk for user in pair]).count() == 1


def _deleted(user: User) -> bool:
    try:
        delete_account(user)
    except NotDeletableError:
        return False
    finally:
        connection.close()
    return True


def test_an_account_goes_and_what_the_team_needs_stays(as_owner, owner, viewer, traces, project):
    Membership.objects.filter(user=viewer).update(role=Role.OWNER)
    assert "stay, without your name" in text_of(as_owner.get(DELETE))
    assert "Account deleted" in text_of(as_owner.post(DELETE))
    assert as_owner.get("/").status_code == 302
    assert not User.objects.filter(username="owner").exists()
    assert not ApiToken.objects.exists()
    assert not Invitation.objects.exists()
    assert not Session.objects.exclude(user=None).exists()
    assert ShareLink.objects.get().name == "For Ada"
    assert LeftOut.objects.get().decided_by is None
    assert Membership.objects.get().user == viewer
