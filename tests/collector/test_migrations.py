"""Migrations keep all data, forwards and backwards."""

from datetime import date

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from collector.models.counts import ALL_PLATFORMS, WHOLE_PROJECT

pytestmark = pytest.mark.django_db(transaction=True)


def migrate(name: str | None = None):
    """Migrate the collector to a migration, by default the latest, and return the models of that state."""
    executor = MigrationExecutor(connection)
    latest = [node for node in executor.loader.graph.leaf_nodes() if node[0] == "collector"]
    targets = [("collector", name)] if name else latest
    executor.migrate(targets)
    return MigrationExecutor(connection).loader.project_state(targets).apps


@pytest.fixture
def first_version():
    yield migrate("0001_initial")
    migrate()


def test_counts_keep_their_numbers_when_their_dimensions_become_numbers(first_version):
    project = first_version.get_model("collector", "Project").objects.create(name="Blog", slug="blog", timezone="UTC")
    former = first_version.get_model("collector", "DailyCount")
    names = (
        "total", "hour", "position", "traffic", "verdict", "page", "country", "language", "device", "browser", "os",
        "pixel",
    )  # fmt: skip
    for hits, name in enumerate(names, 1):
        former.objects.create(
            project=project, pixel_id=WHOLE_PROJECT, dimension=name, date=date(2026, 11, 22), platform="medium",
            value="x", hits=hits, visitors=1,
        )  # fmt: skip

    latest = migrate()

    rows = latest.get_model("collector", "DailyCount").objects.filter(pixel_id=WHOLE_PROJECT).order_by("dimension")
    assert list(rows.values_list("dimension", "hits", "visitors", "platform", "value")) == [
        (number, number + 1, 1, "medium", "x") for number in range(len(names))
    ]
    latest.get_model("collector", "DailyCount").objects.create(
        project_id=project.pk, pixel_id=WHOLE_PROJECT, dimension=12, date=date(2026, 11, 22), platform="medium",
        value="page", hits=1, visitors=1,
    )  # fmt: skip
    back = migrate("0001_initial").get_model("collector", "DailyCount")
    assert dict(back.objects.values_list("dimension", "hits")) == {name: hits for hits, name in enumerate(names, 1)}


def test_read_through_and_languages_of_whole_projects_are_made_from_older_counts():
    former = migrate("0006_leave_way_back")
    project = former.get_model("collector", "Project").objects.create(name="Blog", slug="blog", timezone="UTC")
    day = date(2026, 11, 22)
    rows = [
        (12, 2, "medium", "start", 7, 5), (12, 2, "substack", "start", 2, 1), (12, 2, "medium", "end", 3, 0),
        (12, 2, "dev-to", "start", 100, 100), (12, 7, "medium", "de", 7, 5),
        (WHOLE_PROJECT, 2, "medium", "start", 9, 6), (WHOLE_PROJECT, 7, "medium", "de", 7, 5),
        (WHOLE_PROJECT, 7, "substack", "de", 2, 1), (WHOLE_PROJECT, 7, "substack", "", 1, 0),
    ]  # fmt: skip
    for pixel_id, dimension, platform, value, hits, visitors in rows:
        former.get_model("collector", "DailyCount").objects.create(
            project=project, pixel_id=pixel_id, dimension=dimension, date=day, platform=platform, value=value,
            hits=hits, visitors=visitors,
        )  # fmt: skip

    latest = migrate()

    joined = (
        latest.get_model("collector", "DailyCount")
        .objects.filter(pixel_id=ALL_PLATFORMS)
        .order_by("dimension", "value")
    )
    assert list(joined.values_list("dimension", "platform", "value", "hits", "visitors")) == [
        (7, "", "", 1, 0), (7, "", "de", 9, 6), (14, "", "12", 9, 6), (15, "", "12", 3, 0),
    ]  # fmt: skip
    back = migrate("0006_leave_way_back")
    assert back.get_model("collector", "DailyCount").objects.count() == len(rows)
    migrate()


def test_ends_keep_their_hits_and_counts_when_reading_times_come():
    former = migrate("0011_plain_words")
    project = former.get_model("collector", "Project").objects.create(name="Blog", slug="blog", timezone="UTC")
    pixel = former.get_model("collector", "Pixel").objects.create(project=project, title="x", token="x")
    former.get_model("collector", "Hit").objects.create(
        project=project, at="2026-11-22T10:00Z", id=1, pixel=pixel, position=1, traffic=0, verdict=0, evidence=3,
        new_to_pixel=False, new_to_project=False, platform="medium",
    )  # fmt: skip
    former.get_model("collector", "DailyCount").objects.create(
        project=project, pixel_id=pixel.pk, dimension=2, date=date(2026, 11, 22), platform="medium", value="end",
        hits=3, visitors=0,
    )  # fmt: skip

    latest = migrate()

    assert latest.get_model("collector", "Hit").objects.get().reading_seconds is None
    assert latest.get_model("collector", "DailyCount").objects.get().hits == 3
    assert latest.get_model("collector", "Project").objects.get().min_reading_seconds == 10
    back = migrate("0011_plain_words")
    assert (
        back.get_model("collector", "Hit").objects.count(),
        back.get_model("collector", "DailyCount").objects.count(),
    ) == (1, 1)
    migrate()
