"""`manage.py distribute`: where each table belongs, what it refuses, and that it may be run at any time."""

import os
import subprocess
import sys

import psycopg
import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection, models

from collector.operations import distribution
from collector.operations.checks.data import cluster
from collector.operations.checks.finding import Level, Situation
from collector.operations.distribution import Placement, placements
from tests import citus
from tests.readers import Readers
from tests.server import ROOT, Server, environment, eventually, new_pixel

CITUS_URL = os.environ.get("CITUS_URL", "")
DISTRIBUTED = {
    "collector_hit", "collector_dailycount", "collector_dailyvisitor", "collector_dailyreading", "collector_ownvisitor",
    "collector_stringuse", "collector_report", "collector_reportcount", "collector_publishedweek",
    "collector_mark", "collector_droppedname",
    "collector_leftout", "collector_leftoutcount",
}  # fmt: skip
REFERENCE = {"collector_useragent", "collector_page"}
ON_COORDINATOR = {
    "collector_project", "collector_membership", "collector_pixel", "collector_declaration", "collector_sharelink",
    "collector_apitoken", "collector_apitoken_projects", "collector_trycount", "collector_dailysalt",
    "collector_spooloffset", "collector_upkeep", "collector_collector", "collector_windowsalt", "collector_keyrequest",
    "collector_auditentry",
}  # fmt: skip


OWN_BYTES = "SELECT sum(pg_relation_size(relid))::int FROM pg_partition_tree('collector_hit')"


def test_each_table_of_ours_has_its_place():
    """A table that is missing here is new: does it grow with traffic? Then its key begins with the project."""
    placed = {table: place for table, place in placements().items() if table.startswith("collector_")}

    assert placed == (
        dict.fromkeys(REFERENCE, Placement.REFERENCE)
        | dict.fromkeys(DISTRIBUTED, Placement.DISTRIBUTED)
        | dict.fromkeys(ON_COORDINATOR, Placement.COORDINATOR)
    )


def test_reference_tables_come_first_and_then_the_hits():
    assert list(placements())[:3] == ["collector_useragent", "collector_page", "collector_hit"]


@pytest.mark.parametrize("table", sorted(DISTRIBUTED))
def test_what_is_unique_in_a_distributed_table_is_so_by_project_and_nothing_is_checked_elsewhere(table):
    [model] = [model for model in apps.get_models() if model._meta.db_table == table]
    uniques = [constraint.fields for constraint in model._meta.constraints if hasattr(constraint, "fields")]
    foreign_keys = [field for field in model._meta.concrete_fields if isinstance(field, models.ForeignKey)]

    assert all("project" in fields for fields in uniques)
    assert not any(field.unique for field in model._meta.concrete_fields)
    assert not any(field.db_constraint for field in foreign_keys)


@pytest.mark.django_db
@pytest.mark.skipif(bool(CITUS_URL), reason="this database is distributed")
@pytest.mark.parametrize("arguments", [[], ["--check"]])
def test_a_database_that_is_not_on_citus_is_refused(arguments):
    reason = "is SQLite" if connection.vendor == "sqlite" else "has no Citus. Install Citus on all nodes"
    with pytest.raises(CommandError, match=reason):
        call_command("distribute", *arguments)
    assert cluster(Situation()) is None


@pytest.fixture
def manage(tmp_path):
    """Return a function that runs a command on a database, and returns what it printed."""

    def run(url, *arguments, returns=0):
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT, env=environment(tmp_path, DATABASE_URL=url), capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == returns, done.stdout + done.stderr
        return done.stdout + done.stderr

    return run


@pytest.fixture
def empty():
    """The URL of an empty database on the cluster."""
    with citus.database(CITUS_URL, f"test_distribute_{os.getpid()}") as url:
        yield url


@pytest.mark.citus
def test_a_coordinator_without_workers_and_a_worker_are_refused(manage):
    name = f"test_alone_{os.getpid()}"
    with citus.database(CITUS_URL, name, workers=False) as url:
        assert "knows no worker that may have tables. Run in this database: SELECT citus_add" in manage(
            url, "distribute", returns=1
        )
    _, (_, host, port), *_ = citus.nodes_of(CITUS_URL)
    on_worker = citus.url_of(CITUS_URL, CITUS_URL.rpartition("/")[2], host, port)
    assert "names a worker. Name the coordinator" in manage(on_worker, "distribute", "--check", returns=1)


@pytest.mark.citus
def test_it_says_what_is_left_goes_on_after_an_interruption_and_moves_every_row(empty, manage):
    assert "is missing. Run “manage.py migrate” first" in manage(empty, "distribute", returns=1)
    manage(empty, "migrate", "-v0")
    manage(empty, "seed_demo", "--hits", "300", "--days", "3", "--installations", "5", "-v0")
    before = manage(empty, "export_hits", "demo"), manage(empty, "export_counts", "demo")
    with psycopg.connect(empty) as database:  # what an interrupted run has done
        database.execute("SELECT create_reference_table('collector_page')")

    left = manage(empty, "distribute", "--check", returns=1)
    done = manage(empty, "distribute")

    assert "collector_page: copy" not in left
    assert "collector_useragent: copy it to every node\n" in left
    assert "collector_hit: distribute it by project\n" in left
    assert "collector_page: free the space of its former rows\n" in left
    assert "Web processes may stay up" in done
    assert (manage(empty, "export_hits", "demo"), manage(empty, "export_counts", "demo")) == before
    assert "Nothing to do" in manage(empty, "distribute")
    assert manage(empty, "distribute", "--check") == "All tables are where they belong.\n"

    with psycopg.connect(empty) as database:
        database.execute("SELECT undistribute_table('collector_report')")  # as a table of a new version is
        assert database.execute(OWN_BYTES).fetchone() == (0,)
    assert "collector_report: distribute it by project\n" in manage(empty, "migrate")
    assert manage(empty, "distribute", "--check") == "All tables are where they belong.\n"
    assert "raw hits are distributed over" in manage(empty, "migrate", "collector", "0024", returns=1)


@pytest.mark.citus
def test_hits_that_come_in_meanwhile_are_stored_once(empty, tmp_path):
    server = Server(tmp_path, empty, TRUSTED_PROXIES="1")
    server.start("--workers", "1")
    try:
        readers = Readers(server, new_pixel(server)["token"], 1_500)
        with readers.reading():
            eventually(lambda: len(readers.acknowledged) > 200, 60)
            server.manage("distribute")
        assert set(readers.answers.values()) == {200}
        stored = eventually(lambda: (found := readers.stored("blog")).keys() >= readers.acknowledged and found, 60)
        assert set(stored.values()) == {1}
    finally:
        server.stop()


@pytest.mark.citus
@pytest.mark.django_db
def test_the_doctor_tells_where_a_table_is_missing(monkeypatch):
    before = cluster(Situation())
    monkeypatch.setattr(distribution, "placements", lambda: placements() | {"auth_group": Placement.DISTRIBUTED})
    after = cluster(Situation())

    assert before.level is Level.OK
    assert (after.level, after.text) == (Level.PROBLEM, "Not done: auth_group: distribute it by project.")
    assert after.remedy == "Run: manage.py distribute"
