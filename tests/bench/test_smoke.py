"""Every benchmark runs to its end, under hardly any load. No test here judges a time.

They run on the database that the tests run on. For PostgreSQL a benchmark starts a server of its own.
"""

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.bench import strangers
from tests.bench.machine import BenchError, Progress, SqliteDatabase, tool
from tests.bench.marked_load import ACKNOWLEDGED, UNANSWERED, Answers
from tests.bench.stored_marks import Marks, stored_marks
from tests.requirements import missing
from tests.server import ROOT

KIND = "postgresql" if os.environ.get("DATABASE_URL", "").startswith("postgres") else "sqlite"
RUN_SECONDS = 300


def run(*command: str) -> dict[str, Any]:
    """Run a benchmark and return the numbers it prints."""
    done = subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, text=True, timeout=RUN_SECONDS)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout or "{}")


def require(name: str, package: str) -> None:
    try:
        tool(name, package)
    except BenchError as error:
        missing(str(error))


def require_database() -> None:
    if KIND == "postgresql":
        require("pg_virtualenv", "postgresql-common")


@pytest.mark.one_database  # on PostgreSQL, the others use what benchmarks know of it
def test_ingest_measures_every_server_and_loses_no_hit():
    require("wrk", "wrk")
    require("nginx", "nginx-light")
    require_database()
    report = run(
        "tests/bench/ingest.py", "--seconds", "1", "--warm-up", "1", "--requests", "200", "--connections", "2",
        "--workers", "1", "--backlog", "200", "--databases", KIND,
    )  # fmt: skip

    targets = report["targets"]
    assert targets.keys() == {"nginx_empty_gif", "empty_asgi", f"footfall_{KIND}"}
    for target in targets.values():
        assert target["acknowledged"] > 0
        assert target["status_errors"] == 0
    assert targets[f"footfall_{KIND}"]["every_acknowledged_hit_is_stored"]
    assert report["drain"][KIND]["hits_stored"] == 200


@pytest.mark.one_database
def test_dashboard_times_every_page():
    require_database()
    report = run("tests/bench/dashboard.py", "--hits", "100", "--requests", "2", "--databases", KIND)

    [result] = report[KIND]["by_hits"].values()
    assert result["daily_counts"] > 0
    assert {"projects", "project_30d", "article_30d", "program_30d", "shared_30d", "project_country_7d"} <= result[
        "pages"
    ].keys()
    for times in result["pages"].values():
        assert times["median_ms"] > 0
        assert times["cold_median_ms"] > 0


@pytest.mark.one_database
def test_accuracy_judges_every_group_of_cases():
    report = run("tests/bench/accuracy.py", "--hits", "100")

    assert report.pop("enrichment_us_per_hit") > 0
    groups = {line.split("\t")[0] for line in Path(ROOT, "tests/data/agents.tsv").read_text("utf-8").splitlines()}
    assert {group for group in groups if not group.startswith("#")} <= report.keys()
    for shares in report.values():
        assert shares.keys() <= {"developed", "held_out"}


def test_reports_are_written_and_stored():
    require_database()
    report = run("tests/bench/reports.py", "--reports", "200", "--days", "2", "--databases", KIND)

    assert report[KIND]["reports_stored"] == report[KIND]["reports"] == 200
    assert report[KIND]["report_counts"] > 0
    assert report[KIND]["bytes_per_report"] > 0
    assert report[KIND]["database_settings"].get("fsync") == ("on" if KIND == "postgresql" else None)


def test_marks_tell_which_hits_are_missing_and_which_are_stored_twice(tmp_path):
    with closing(sqlite3.connect(tmp_path / "db.sqlite3")) as stored, stored:
        stored.execute("CREATE TABLE collector_hit (placement)")
        stored.executemany("INSERT INTO collector_hit VALUES (?)", [("5",), ("6",), ("6",)])
    answers = Answers(5, bytes([ACKNOWLEDGED, ACKNOWLEDGED, ACKNOWLEDGED, UNANSWERED]), 1.0, 1.0, 1.0, 1.0)

    assert stored_marks(SqliteDatabase(tmp_path), [answers]) == Marks(stored=3, missing=1, twice=1)


@pytest.mark.postgresql  # a minute on a busy machine; with PostgreSQL, drains and migrations also wait for locks
def test_a_life_keeps_every_hit_once_through_upgrade_backup_way_back_and_restore():
    require_database()
    report = run("tests/bench/life.py", "--hits", "200", "--rate", "50", "--workers", "1", "--databases", KIND)

    steps = {step["name"]: step for step in report["steps"][KIND]}
    loaded = ["upgrade under load", "backup under load", "back again under load"]
    assert list(steps) == ["install", "200 hits", *loaded, "restore on an empty machine"]
    assert all(steps[name]["acknowledged"] > 0 for name in loaded)
    for step in steps.values():
        assert step["stored"] >= step["all_acknowledged"]
        assert step["missing"] == step["twice"] == 0
    assert steps["restore on an empty machine"]["all_acknowledged"] >= 200


@pytest.mark.postgresql  # on which it is meant to run; one database is enough
def test_a_soak_shows_what_grows_and_keeps_every_hit_once():
    require_database()
    report = run("tests/bench/soak.py", "--seconds", "3", "--rate", "50", "--workers", "1", "--database", KIND)

    assert report["acknowledged"] + report["unanswered"] == 150
    assert report["acknowledged"] <= report["stored"]
    assert report["missing"] == report["twice"] == 0
    assert report["memory_mb"].keys() == {"web server", "web process 1", "drain"}
    assert all(growth["first"] > 0 for growth in report["memory_mb"].values())
    assert report["samples_without_lag"] < report["samples"]


@pytest.mark.one_database  # what a database could change is in tests/access
def test_random_requests_to_every_address_give_no_error_of_the_server():
    report = strangers.measure(200, seed=1, workers=1, progress=Progress(quiet=True))

    assert (report["failures"], report["tracebacks"]) == ([], {})
    assert report["is_sound"]
    groups = {line.split(" ")[0] for line in report["statuses"]}
    assert groups == {"api", "badges", "member", "pixels", "public", "reports", "sdks", "site"}
    reached = {"api 200", "badges 200", "member 200", "pixels 200", "public 200", "reports 404", "sdks 200", "site 302"}
    assert reached <= report["statuses"].keys()
