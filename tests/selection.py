"""Which tests run, in which order and in how many processes."""

import os
from typing import Any

import pytest
from django.conf import settings
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from tests import server

FIXTURES = {"db", "transactional_db", "server"}
STARTERS = {server.database, server.running, server.Server}  # a module that imports one of them starts real servers
LEFT_OUT = pytest.StashKey[int]()
ALONE = "@alone"  # ends the parameters in the id of a test that must run alone: xdist's main process knows only ids
TOGETHER = ("tests/browser/",)  # one server for the tests of all files in it; to start it and log in takes long


class FilesThenLoneTests(LoadFileScheduling):
    """The tests of a file run in one process, and so do those of some directories.

    Those that must run alone follow each other in one, after all files. In between, each would stop the other processes
    until the longest of their tests has ended.
    """

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


def group_of(nodeid: str) -> str:
    """Return the name of the tests that run in the same process as one with this id, one after the other."""
    if nodeid.endswith(f"{ALONE}]"):
        return ALONE
    file = nodeid.partition("::")[0]
    return next((directory for directory in TOGETHER if file.startswith(directory)), file)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling | None:
    return FilesThenLoneTests(config, log) if config.getvalue("dist") == "loadfile" else None


def pytest_addoption(parser: pytest.Parser) -> None:
    text = "leave out the tests that use no database, and those marked `one_database`"
    parser.addoption("--only-database", action="store_true", help=text)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int | None:
    """With `-n auto`, run two processes more than there are processors: many tests wait for a server or a browser."""
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None  # xdist reads it
    return (os.cpu_count() or 1) + 2


@pytest.hookimpl(trylast=True)  # after other parameters
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if metafunc.definition.get_closest_marker("alone"):
        metafunc.fixturenames.append("turn")
        metafunc.parametrize("turn", [None], ids=[ALONE])


@pytest.hookimpl(trylast=True)  # after pytest-django, which sorts them by how they use the database
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect what this run leaves out. Put files that start servers or other programs first: they take longest.

    Tests that must run alone come last.
    """
    left_out = {item for item in items if is_left_out(item, config)}
    config.stash[LEFT_OUT] = len(left_out)
    config.hook.pytest_deselected(items=list(left_out))
    kept = [item for item in items if item not in left_out]
    items[:] = sorted(kept, key=lambda item: (must_run_alone(item), not is_slow(item)))


def must_run_alone(item: pytest.Item) -> bool:
    return item.get_closest_marker("alone") is not None


def is_left_out(item: pytest.Item, config: pytest.Config) -> bool:
    on_postgresql = settings.DATABASES["default"]["ENGINE"].endswith("postgresql")
    if item.get_closest_marker("postgresql") and not on_postgresql:
        return True
    if item.get_closest_marker("citus") and not os.environ.get("CITUS_URL"):
        return True
    if item.get_closest_marker("sdks") and not os.environ.get("SDKS_DIR"):
        return True
    return config.getoption("only_database") and not is_about_the_database(item)


def is_about_the_database(item: pytest.Item) -> bool:
    """Return whether another database could change what a test finds."""
    if item.get_closest_marker("one_database") and not item.get_closest_marker("every_database"):
        return False
    return uses_database(item)


def uses_database(item: pytest.Item) -> bool:
    fixtures = set(getattr(item, "fixturenames", ()))
    return item.get_closest_marker("django_db") is not None or bool(FIXTURES & fixtures) or starts_servers(item)


def starts_servers(item: pytest.Item) -> bool:
    if item.path.parent.name == "bench":
        return True  # programs that start them
    ours = [value for value in vars(item.module).values() if getattr(value, "__module__", "") == server.__name__]
    return any(value in STARTERS for value in ours)


def is_slow(item: pytest.Item) -> bool:
    return starts_servers(item) or item.path.parent.name in {"browser", "clients"}


def send_left_out(config: pytest.Config) -> None:
    """Send the number of tests that were left out to the process that prints the summary."""
    if hasattr(config, "workeroutput"):
        config.workeroutput["left_out"] = config.stash.get(LEFT_OUT, 0)


def receive_left_out(node: Any) -> None:
    node.config.stash[LEFT_OUT] = getattr(node, "workeroutput", {}).get("left_out", 0)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    terminalreporter.write_line(f"{config.stash.get(LEFT_OUT, 0)} tests were left out (tests/selection.py)")
