"""Owners change roles and remove members, on the page of the members."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from collector.models import AuditEntry, Membership, Role
from tests.collector.admin.browsing import logged_in, text_of

pytestmark = pytest.mark.django_db

MEMBERS = "/projects/blog/members/"


@pytest.fixture
def as_owner(owner) -> Client:
    return logged_in(owner)


def path_of(user: User) -> str:
    return f"{MEMBERS}{Membership.objects.get(user=user).pk}/"


def roles() -> dict[str, str]:
    return dict(Membership.objects.values_list("user__username", "role"))


def test_an_owner_changes_a_role(as_owner, viewer):
    assert "Role of viewer" in text_of(as_owner.get(MEMBERS))
    assert as_owner.post(path_of(viewer), {"role": "editor"}).url == MEMBERS
    assert as_owner.post(path_of(viewer), {"role": "king"}).url == MEMBERS
    assert as_owner.post(path_of(viewer), {"role": "editor"}).url == MEMBERS
    assert [entry.subject for entry in AuditEntry.objects.all()] == ["viewer: viewer → editor"]
    assert roles() == {"owner": "owner", "viewer": "editor"}


def test_an_owner_removes_a_member(as_owner, viewer):
    reader = logged_in(viewer)
    as_owner.post(path_of(viewer), {"remove": "1"})
    assert roles() == {"owner": "owner"}
    assert reader.get("/projects/blog/").status_code == 404


@pytest.mark.parametrize("form", [{"remove": "1"}, {"role": "viewer"}])
def test_a_project_keeps_an_owner(as_owner, owner, viewer, form):
    assert "A project needs an owner" in text_of(as_owner.post(path_of(owner), form))
    assert roles()["owner"] == "owner"
    Membership.objects.filter(user=viewer).update(role=Role.OWNER)
    assert as_owner.post(path_of(owner), form).url == "/"
    assert roles().get("owner") != "owner"


def test_only_owners_change_members_and_only_of_their_project(viewer, owner, stranger, project):
    assert logged_in(viewer).post(path_of(viewer), {"role": "owner"}).status_code == 404
    elsewhere = project.__class__.objects.create(name="Other", slug="other")
    Membership.objects.create(project=elsewhere, user=stranger, role=Role.OWNER)
    theirs = Membership.objects.get(user=viewer).pk
    assert logged_in(stranger).post(f"/projects/other/members/{theirs}/", {"remove": "1"}).status_code == 404
    assert roles()["viewer"] == "viewer"
