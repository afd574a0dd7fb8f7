"""Fixtures that most tests share: a project, a pixel, and people. Also which tests run, and when."""

import os
from collections.abc import Callable, Generator, Iterator
from io import StringIO

import pytest
import pytest_django
from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection

from collector.intake.wiring import members, receiver
from collector.models import Membership, Pixel, Project, Role
from collector.spool.line import SpooledHit
from dashboard.visits.cache import REMEMBERED
from tests import citus
from tests.hits import drain, spool
from tests.programs import declared
from tests.turns import turns_of_this_run

TURNS = turns_of_this_run()
CITUS_URL = os.environ.get("CITUS_URL", "")


@pytest.fixture(scope="session")
def django_db_keepdb(django_db_keepdb: bool) -> bool:
    """On Citus, the database is made and dropped below: on all nodes."""
    return django_db_keepdb or bool(CITUS_URL)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings: None) -> Iterator[None]:
    """Where `CITUS_URL` names a coordinator, make the database of the tests there and on its workers."""
    if not CITUS_URL:
        yield
        return
    name = connection.creation._get_test_db_name()
    citus.drop(CITUS_URL, name)  # of a run that was killed
    with citus.database(CITUS_URL, name):
        yield


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: pytest_django.DjangoDbBlocker) -> None:
    """Distribute the database of the tests where it is on Citus."""
    if CITUS_URL:
        with django_db_blocker.unblock():
            call_command("distribute", stdout=StringIO())


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    """Clear what a process remembers of the database: each test has its own."""
    REMEMBERED.forget()
    yield
    members.cache_clear()
    if receiver.cache_info().currsize:
        receiver().close()
        receiver.cache_clear()


@pytest.fixture
def project(db) -> Project:
    return Project.objects.create(name="Blog", slug="blog", timezone="Europe/Berlin")


@pytest.fixture
def pixel(project) -> Pixel:
    return Pixel.objects.create(project=project, title="Hello", placements=["medium", "dev-to"])


@pytest.fixture
def program(project) -> Pixel:
    return declared(project)


@pytest.fixture
def owner(project) -> User:
    """Return an author, who may log in to the admin and owns the project, but is no superuser."""
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
    """Return a user who may log in to the admin but has no project."""
    return User.objects.create_user("stranger", password="stranger-pass-1", is_staff=True)


@pytest.fixture
def take(tmp_path, db) -> Callable[..., None]:
    """Return a function that stores hits: it spools and drains them."""

    def take(*hits: SpooledHit) -> None:
        spool(tmp_path / "spool", hits)
        drain(tmp_path / "spool")

    return take


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect the tests that need another database than the one that the tests run on."""
    needs = {"postgresql"} - {settings.DATABASES["default"]["ENGINE"].rpartition(".")[2]}
    if not CITUS_URL:
        needs.add("citus")
    elsewhere = [item for item in items if any(item.get_closest_marker(name) for name in needs)]
    config.hook.pytest_deselected(items=elsewhere)
    items[:] = [item for item in items if item not in elsewhere]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Run a test with its fixtures, and one marked `alone` while no other process runs a test."""
    if TURNS is None:
        return (yield)
    with TURNS.turn(alone=item.get_closest_marker("alone") is not None):
        return (yield)


def pytest_unconfigure() -> None:
    if TURNS is not None:
        TURNS.close()
