"""On Citus, what a drain or a command looks up goes to the shard that has it."""

from collections import Counter

import pytest
from django.core.management import call_command

from collector.models import Hit, Pixel, Position, Project, Verdict
from collector.storage import shards
from tests.citus import FEW_SHARDS as SHARDS
from tests.citus import recorded, shards_of
from tests.hits import drain, hit, run_one_round, spool

pytestmark = [pytest.mark.citus, pytest.mark.django_db(transaction=True)]

# They ask all shards of the projects of a batch at once, for a row or two of each.
OF_A_BATCH = ("own_visitors.find",)


@pytest.fixture
def pixels(db):
    projects = [Project.objects.create(name=f"Blog {number}", slug=f"blog-{number}") for number in range(8)]
    return [Pixel.objects.create(project=project, title="Hello") for project in projects]


def several(asked):
    """Return the queries that ask more than one shard."""
    return [sql for number, sql in asked if number > 1 and not any(name in sql for name in OF_A_BATCH)]


def reader(pixel, second, visitor, **fields):
    return hit(pixel, f"2026-11-22T10:00:{second:02}", visitor=visitor, **fields)


def test_a_drain_looks_up_the_readers_of_each_shard_there(tmp_path, pixels):
    for pixel in pixels:
        spool(tmp_path, [reader(pixel, 20, 1, is_end=True), reader(pixel, 0, 2)])
    drain(tmp_path)
    for pixel in pixels:
        spool(tmp_path, [reader(pixel, 0, 1), reader(pixel, 3, 2, is_end=True)])

    with recorded() as queries:
        drain(tmp_path)
    asked = shards_of(queries)

    assert several(asked) == []
    for name in ("find_starts", "find_ends", "find_latest_ends"):
        assert 1 < sum(f"reading.{name}" in sql for _, sql in asked) <= SHARDS
    assert sum("reading.lock_hits" in sql for _, sql in asked) == len(pixels) > SHARDS
    judged = Hit.objects.filter(position=Position.END).values_list("verdict", "reading_seconds")
    assert Counter(judged) == {(Verdict.COUNTED, 20): len(pixels), (Verdict.TOO_SOON, 3): len(pixels)}


def test_a_drain_notices_that_tables_were_distributed(tmp_path, pixels, monkeypatch):
    monkeypatch.setattr(shards, "HAS_CITUS", "SELECT false")
    shards.forget()
    assert not shards.is_distributed()
    monkeypatch.undo()
    assert not shards.is_distributed()

    run_one_round(tmp_path)

    assert shards.is_distributed()


def test_what_a_command_reads_of_a_project_is_asked_of_its_shard(tmp_path, pixels, capsys):
    spool(tmp_path, [each for pixel in pixels for each in (hit(pixel), hit(pixel, "2026-11-22T10:00:20", is_end=True))])
    drain(tmp_path)

    with recorded() as queries:
        call_command("rebuild_counts", "--reclassify")
        call_command("export_hits", "blog-1")
        call_command("export_counts", "blog-1")
    asked = shards_of(queries)

    assert several(asked) == []
    assert any("collector_hit" in sql for _, sql in asked)
