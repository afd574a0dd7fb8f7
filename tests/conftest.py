"""Fixtures that most tests share: a project, a pixel, and people. Also when a test may run."""

import gc
import os
from collections.abc import Callable, Generator, Iterator
from io import StringIO
from typing import Any

import pytest
import pytest_django
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.test import TransactionTestCase

from collector.intake.places import Places
from collector.intake.wiring import members, receiver
from collector.models import Membership, Pixel, Project, Role
from collector.spool.line import SpooledHit
from dashboard.views import at_once
from dashboard.visits.cache import REMEMBERED
from tests import citus, shared
from tests.emptying import empty_tables
from tests.hits import drain, spool
from tests.programs import declared
from tests.selection import (  # noqa: F401
    must_run_alone,
    pytest_addoption,
    pytest_collection_modifyitems,
    pytest_generate_tests,
    pytest_terminal_summary,
    pytest_xdist_auto_num_workers,
    pytest_xdist_make_scheduler,
    receive_left_out,
    send_left_out,
)
from tests.turns import turns_of

TURNS = turns_of(os.environ.get("PYTEST_XDIST_TESTRUNUID"))
RUN = pytest.StashKey[str]()
CITUS_URL = os.environ.get("CITUS_URL", "")


@pytest.fixture(scope="session")
def django_db_keepdb(django_db_keepdb: bool) -> bool:
    """On Citus, and where several processes share one that is migrated, the database is made and dropped below."""
    return django_db_keepdb or bool(CITUS_URL) or bool(shared.RUN)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings: None, django_db_blocker: pytest_django.DjangoDbBlocker
) -> Iterator[None]:
    """Where `CITUS_URL` names a coordinator, make the database of the tests there and on its workers.

    Where several processes run tests, one of them migrates a database, and each makes a copy of that.
    """
    name = connection.creation._get_test_db_name()
    if CITUS_URL:
        citus.drop(CITUS_URL, name)  # of a run that was killed
        with citus.database(CITUS_URL, name):
            yield
    elif shared.RUN:
        with django_db_blocker.unblock():
            model = shared.once("migrated", shared.migrate)
        with shared.copied(model, name):
            yield
    else:
        yield


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: pytest_django.DjangoDbBlocker) -> None:
    """Distribute the database of the tests where it is on Citus, and see that it is quick to empty."""
    TransactionTestCase._fixture_teardown = empty_tables
    if CITUS_URL:
        with django_db_blocker.unblock():
            call_command("distribute", stdout=StringIO())


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    """Clear what a process remembers of the database: each test has its own."""
    REMEMBERED.forget()
    # A download that a test does not read to its end keeps its place until it is collected as garbage.
    at_once.DOWNLOADS = Places(at_once.DOWNLOADS.at_once)
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


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Run a test with its fixtures, and one marked `alone` while no other process runs a test."""
    if TURNS is None:
        return (yield)
    with TURNS.turn(alone=must_run_alone(item)):
        return (yield)


def pytest_configure() -> None:
    """Collect garbage rarely, and below leave out all that is loaded by then. It took 3 to 6 % of the time of tests."""
    gc.set_threshold(50_000, 20, 50)


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Tell the main process what it prints. Later, xdist may have killed this one."""
    send_left_out(session.config)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    node.config.stash[RUN] = node.workerinput["testrunuid"]
    receive_left_out(node)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove what the processes shared, once all of them have ended."""
    run = config.stash.get(RUN, None)
    shared.close(run)
    turns = turns_of(run)
    if turns is not None:
        turns.close()
