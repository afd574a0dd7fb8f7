"""Fixtures that most tests share: a project, a pixel, and people."""

from collections.abc import Callable

import pytest
from django.conf import settings
from django.contrib.auth.models import User

from collector.models import Membership, Pixel, Project, Role
from collector.spool.line import SpooledHit
from dashboard.visits.cache import REMEMBERED
from tests.hits import drain, spool


@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    """Forget what pages remember of closed days: each test has a database of its own."""
    REMEMBERED.forget()


@pytest.fixture
def project(db) -> Project:
    return Project.objects.create(name="Blog", slug="blog", timezone="Europe/Berlin")


@pytest.fixture
def pixel(project) -> Pixel:
    return Pixel.objects.create(project=project, title="Hello", placements=["medium", "dev-to"])


@pytest.fixture
def owner(project) -> User:
    """An author: may log in to the admin, owns the project, is no superuser."""
    user = User.objects.create_user("owner", password="owner-pass-1", is_staff=True)
    Membership.objects.create(project=project, user=user, role=Role.OWNER)
    return user


@pytest.fixture
def viewer(project) -> User:
    user = User.objects.create_user("viewer", password="viewer-pass-1")
    Membership.objects.create(project=project, user=user, role=Role.VIEWER)
    return user


@pytest.fixture
def stranger(db) -> User:
    """Somebody with an account and no project."""
    return User.objects.create_user("stranger", password="stranger-pass-1", is_staff=True)


@pytest.fixture
def take(tmp_path, db) -> Callable[..., None]:
    """Store hits by way of a spool and its drain."""

    def take(*hits: SpooledHit) -> None:
        spool(tmp_path / "spool", hits)
        drain(tmp_path / "spool")

    return take


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what only PostgreSQL can be tried with, where the tests run on SQLite."""
    if settings.DATABASES["default"]["ENGINE"].endswith("postgresql"):
        return
    only_postgresql = [item for item in items if item.get_closest_marker("postgresql")]
    config.hook.pytest_deselected(items=only_postgresql)
    items[:] = [item for item in items if item not in only_postgresql]
