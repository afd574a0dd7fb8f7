"""Migrations keep all data, forwards and backwards."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.db.migrations import operations
from django.db.migrations.executor import MigrationExecutor

from collector.models.counts import ALL_PLATFORMS, WHOLE_PROJECT

pytestmark = pytest.mark.django_db(transaction=True)

NEWEST_WITHOUT_RELEASE = "0024_collectors"  # up to here no release had gone before
REMOVING = (operations.RemoveField, operations.RenameField, operations.DeleteModel, operations.RenameModel)


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


def test_counts_and_hits_of_one_language_under_several_codes_are_joined():
    former = migrate("0011_plain_words")
    project = former.get_model("collector", "Project").objects.create(name="Blog", slug="blog", timezone="UTC")
    day = date(2026, 11, 22)
    rows = [
        (7, "medium", "iw", 3, 2), (7, "medium", "he", 4, 1), (7, "medium", "heb", 1, 1), (7, "dev-to", "iw", 5, 5),
        (7, "medium", "de", 9, 6), (7, "medium", "und", 2, 0), (7, "medium", "", 1, 1), (6, "medium", "iw", 8, 8),
    ]  # fmt: skip
    for dimension, platform, value, hits, visitors in rows:
        former.get_model("collector", "DailyCount").objects.create(
            project=project, pixel_id=WHOLE_PROJECT, dimension=dimension, date=day, platform=platform, value=value,
            hits=hits, visitors=visitors,
        )  # fmt: skip
    for number, language in enumerate(("iw", "he", "ger", "mul", "tlh", "")):
        former.get_model("collector", "Hit").objects.create(
            project=project, pixel_id=1, id=number, at=datetime(2026, 11, 22, 12, number, tzinfo=UTC), position=0,
            traffic=0, verdict=0, evidence=0, new_to_pixel=True, new_to_project=True, platform="medium",
            language=language,
        )  # fmt: skip

    latest = migrate()

    counts = latest.get_model("collector", "DailyCount").objects.order_by("dimension", "platform", "value")
    assert list(counts.values_list("dimension", "platform", "value", "hits", "visitors")) == [
        (6, "medium", "iw", 8, 8), (7, "dev-to", "he", 5, 5), (7, "medium", "", 3, 1), (7, "medium", "de", 9, 6),
        (7, "medium", "he", 8, 4),
    ]  # fmt: skip
    hits = latest.get_model("collector", "Hit").objects.order_by("id")
    assert list(hits.values_list("language", flat=True)) == ["he", "he", "de", "", "tlh", ""]
    migrate("0011_plain_words")
    migrate()


def test_strings_of_stored_hits_are_noted_and_the_oldest_days_of_projects_are_known():
    former = migrate("0011_plain_words")
    model = former.get_model
    project = model("collector", "Project").objects.create(
        name="Blog", slug="blog", timezone="Asia/Tokyo", retention_days=1_000_000
    )
    young = model("collector", "Project").objects.create(name="Young", slug="young", timezone="UTC", retention_days=0)
    agent = model("collector", "UserAgent").objects.create(digest=b"a" * 16, string="x")
    page = model("collector", "Page").objects.create(digest=b"a" * 16, url="https://a.example/", host="a.example")
    for owner, at in ((project, "2026-11-20T18:00Z"), (project, "2026-11-22T18:00Z"), (young, "2026-11-22T09:00Z")):
        model("collector", "Hit").objects.create(
            project=owner, at=at, id=1, pixel_id=1, user_agent=agent, page=page if owner == project else None,
            position=0, traffic=0, verdict=0, evidence=0, new_to_pixel=True, new_to_project=True, platform="medium",
        )  # fmt: skip
    model("collector", "DailyCount").objects.create(
        project=project, pixel_id=WHOLE_PROJECT, dimension=0, date=date(2026, 10, 1), platform="medium", value="",
        hits=1, visitors=1,
    )  # fmt: skip
    drained_at = datetime(2026, 11, 22, 18, 1, tzinfo=UTC)
    for hours in range(3):
        model("collector", "SpoolOffset").objects.create(
            segment=f"{hours}", offset_bytes=1, updated_at=drained_at - timedelta(hours=hours)
        )

    latest = migrate()

    assert latest.get_model("collector", "Upkeep").objects.get().trusted_at == drained_at
    uses = latest.get_model("collector", "StringUse").objects.order_by("project_id", "kind")
    assert [(use.project_id, use.kind, use.string_id, use.seen_before.isoformat()) for use in uses] == [
        (project.pk, 0, agent.pk, "2026-11-22T18:00:01+00:00"),
        (project.pk, 1, page.pk, "2026-11-22T18:00:01+00:00"),
        (young.pk, 0, agent.pk, "2026-11-22T09:00:01+00:00"),
    ]
    old, new = latest.get_model("collector", "Project").objects.order_by("pk")
    assert (old.retention_days, old.counted_zone, old.counted_from) == (36_500, "Asia/Tokyo", date(2026, 11, 21))
    assert old.hits_kept_since.isoformat() == "2026-11-20T18:00:00+00:00"
    assert (new.retention_days, new.counted_zone, new.counted_from) == (1, "UTC", None)
    migrate("0011_plain_words")
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
    latest.get_model("collector", "Hit").objects.update(verdict=8, reading_seconds=1)
    for dimension, value in ((4, "too-soon"), (16, "at-once"), (17, str(pixel.pk))):
        latest.get_model("collector", "DailyCount").objects.create(
            project_id=project.pk, pixel_id=pixel.pk, dimension=dimension, date=date(2026, 11, 22), platform="medium",
            value=value, hits=1, visitors=0,
        )  # fmt: skip
    back = migrate("0011_plain_words")
    assert list(back.get_model("collector", "Hit").objects.values_list("verdict", flat=True)) == [0]
    assert list(back.get_model("collector", "DailyCount").objects.values_list("dimension", "value")) == [(2, "end")]
    migrate()


def test_web_processes_of_the_release_before_can_go_on_with_the_database_of_this_one():
    loader = MigrationExecutor(connection).loader
    harmful = []
    for (app, name), migration in loader.disk_migrations.items():
        if app == "collector" and name > NEWEST_WITHOUT_RELEASE:
            made = {step.name.lower() for step in migration.operations if isinstance(step, operations.CreateModel)}
            harmful += [f"{name}: {step.describe()}" for step in migration.operations if stops_others(step, made)]

    assert not harmful, "Give columns a db_default, and remove in one release what the one before no longer uses."


def stops_others(step, made) -> bool:
    """Say whether an operation leaves a database in which the release before can't read or write its tables."""
    if isinstance(step, operations.AddField):
        has_value = step.field.null or step.field.many_to_many or step.field.has_db_default()
        return step.model_name_lower not in made and not has_value
    return isinstance(step, REMOVING)
