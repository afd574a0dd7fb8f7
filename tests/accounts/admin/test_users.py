"""Users in the admin."""

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from accounts.second_factor.factors import factors_of
from collector.models import Membership, Role
from tests.accounts.codes import with_app
from tests.collector.admin.browsing import logged_in, text_of

pytestmark = pytest.mark.django_db


def test_a_superuser_creates_an_account(superuser):
    client = logged_in(superuser)
    data = {
        "username": "new",
        "usable_password": "true",
        "password1": "sufficiently-odd",
        "password2": "sufficiently-odd",
    }

    client.post("/admin/auth/user/add/", data)
    user = User.objects.get(username="new")
    client.post(f"/admin/auth/user/{user.pk}/change/", {"username": "new", "is_active": "on", "is_staff": "on"})

    user.refresh_from_db()
    assert user.is_staff
    assert user.check_password("sufficiently-odd")


def test_the_last_owner_of_a_project_can_not_be_deleted(superuser, owner, project):
    client = logged_in(superuser)

    response = client.post(f"/admin/auth/user/{owner.pk}/delete/", {"post": "yes"}, follow=True)

    assert "Make someone else its owner first" in text_of(response)
    assert User.objects.filter(pk=owner.pk).exists()


def test_one_of_two_owners_can_be_deleted(superuser, owner, project):
    Membership.objects.create(project=project, user=superuser, role=Role.OWNER)

    logged_in(superuser).post(f"/admin/auth/user/{owner.pk}/delete/", {"post": "yes"})

    assert not User.objects.filter(pk=owner.pk).exists()


def test_a_superuser_lets_in_somebody_who_has_lost_their_device(superuser, owner, viewer):
    with_app(owner)
    client = logged_in(superuser)
    assert text_of(client.get("/admin/auth/user/")).count('alt="True"') >= 1
    data = {"action": "remove_second_factor", "_selected_action": [owner.pk, viewer.pk]}

    page = text_of(client.post("/admin/auth/user/", data, follow=True))

    assert "Users can log in by password now: owner" in page
    assert not factors_of(owner).is_any
    assert "Second factor removed." in text_of(client.get(f"/admin/auth/user/{owner.pk}/history/"))
    assert "Nothing was removed" in text_of(client.post("/admin/auth/user/", data, follow=True))


def test_an_operator_does_so_on_the_command_line(owner, capsys):
    with_app(owner)
    call_command("remove_second_factor", "owner")
    assert "owner can log in by password now" in capsys.readouterr().out
    assert not factors_of(owner).is_any
    with pytest.raises(CommandError, match="owner has no second factor"):
        call_command("remove_second_factor", "owner")
    with pytest.raises(CommandError, match="No user has the name Owner"):
        call_command("remove_second_factor", "Owner")
