"""Users in the admin."""

import pytest
from django.contrib.auth.models import User

from collector.models import Membership, Role
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
