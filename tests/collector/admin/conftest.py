"""Users of the admin, and a project of somebody else."""

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from collector.models import Membership, Pixel, Project, Role
from tests.collector.admin.browsing import PASSWORD, logged_in


@pytest.fixture
def as_owner(owner) -> Client:
    return logged_in(owner)


@pytest.fixture
def as_stranger(stranger) -> Client:
    """A staff user without a project, but with every model permission of Django."""
    stranger.user_permissions.set(Permission.objects.all())
    return logged_in(stranger)


@pytest.fixture
def editor(project) -> User:
    user = User.objects.create_user("editor", is_staff=True)
    Membership.objects.create(project=project, user=user, role=Role.EDITOR)
    return user


@pytest.fixture
def superuser(db) -> User:
    return User.objects.create_superuser("root", password=PASSWORD)


@pytest.fixture
def foreign(db) -> Pixel:
    """A pixel in somebody else's project."""
    theirs = Project.objects.create(name="Their secret plans", slug="theirs")
    Membership.objects.create(project=theirs, user=User.objects.create_user("other"), role=Role.OWNER)
    return Pixel.objects.create(project=theirs, title="Their secret article")
