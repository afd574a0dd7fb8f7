"""Migrations keep all data, forwards and backwards.

One walk through all of them, as each step takes seconds: each case adds rows of its own project at an old version,
looks at them at the latest one, and again after the way back.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.apps.registry import Apps
from django.db import connection
from django.db.migrations import operations
from django.db.migrations.executor import MigrationExecutor

from collector.models.counts import ALL_PLATFORMS, WHOLE_PROJECT

DAY = date(2026, 11, 22)
NEWEST_WITHOUT_RELEASE = "0024_collectors"  # up to here no release had gone before
REMOVING = (operations.RemoveField, operations.RenameField, operations.DeleteModel, operations.RenameModel)


def migrate(name: str | None = None) -> Apps:
    """Migrate the collector to a migration, by default the latest, and return the models of that state."""
    executor = MigrationExecutor(connection)
    latest = [node for node in executor.loader.graph.leaf_nodes() if node[0] == "collector"]
    targets = [("collector", name)] if name else latest
    executor.migrate(targets)
    return MigrationExecutor(connection).loader.project_state(targets).apps


class Case:
    """Rows that were written at the version `since`, in a project with this slug."""

    since: str
    slug: str

    def add(self, models: Apps) -> None:
        raise NotImplementedError

    def check(self, models: Apps) -> None:
        """Check the rows at the latest version."""
        raise NotImplementedError

    def check_back(self, models: Apps) -> None:
        """Check the rows back at the version in which they were written."""

    def new_project(self, models: Apps, **fields: Any) -> Any:
        fields = {"name": self.slug, "slug": self.slug, "timezone": "UTC"} | fields
        return models.get_model("collector", "Project").objects.create(**fields)

    def rows(self, models: Apps, model: str) -> Any:
        return models.get_model("collector", model).objects.filter(project__slug=self.slug)

    def add_count(self, models: Apps, **fields: Any) -> None:
        project = models.get_model("collector", "Project").objects.get(slug=self.slug)
        fields = {"pixel_id": WHOLE_PROJECT, "date": DAY, "platform": "medium", "hits": 1, "visitors": 1} | fields
        models.get_model("collector", "DailyCount").objects.create(project=project, **fields)

    def add_hit(self, models: Apps, **fields: Any) -> None:
        project = models.get_model("collector", "Project").objects.get(slug=self.slug)
        defaults = {
            "at": datetime(2026, 11, 22, 12, tzinfo=UTC), "id": 1, "pixel_id": 1, "position": 0, "traffic": 0,
            "verdict": 0, "evidence": 0, "new_to_pixel": True, "new_to_project": True, "platform": "medium",
        }  # fmt: skip
        models.get_model("collector", "Hit").objects.create(project=project, **(defaults | fields))


class DimensionsBecomeNumbers(Case):
    since, slug = "0001_initial", "dimensions"
    names = (
        "total", "hour", "position", "traffic", "verdict", "page", "country", "language", "device", "browser", "os",
        "pixel",
    )  # fmt: skip

    def add(self, models: Apps) -> None:
        self.new_project(models)
        for hits, name in enumerate(self.names, 1):
            self.add_count(models, dimension=name, value="x", hits=hits)

    def check(self, models: Apps) -> None:
        rows = self.rows(models, "DailyCount").filter(pixel_id=WHOLE_PROJECT).order_by("dimension")
        assert list(rows.values_list("dimension", "hits", "visitors", "platform", "value")) == [
            (number, number + 1, 1, "medium", "x") for number in range(len(self.names))
        ]
        self.add_count(models, dimension=12, value="page")

    def check_back(self, models: Apps) -> None:
        rows = self.rows(models, "DailyCount").values_list("dimension", "hits")
        assert dict(rows) == {name: hits for hits, name in enumerate(self.names, 1)}


class ReadThroughAndLanguagesOfWholeProjectsAreMade(Case):
    since, slug = "0006_leave_way_back", "read-through"
    columns = ("pixel_id", "dimension", "platform", "value", "hits", "visitors")
    former = (
        (12, 2, "medium", "start", 7, 5), (12, 2, "substack", "start", 2, 1), (12, 2, "medium", "end", 3, 0),
        (12, 2, "dev-to", "start", 100, 100), (12, 7, "medium", "de", 7, 5),
        (WHOLE_PROJECT, 2, "medium", "start", 9, 6), (WHOLE_PROJECT, 7, "medium", "de", 7, 5),
        (WHOLE_PROJECT, 7, "substack", "de", 2, 1), (WHOLE_PROJECT, 7, "substack", "", 1, 0),
    )  # fmt: skip

    def add(self, models: Apps) -> None:
        self.new_project(models)
        for row in self.former:
            self.add_count(models, **dict(zip(self.columns, row, strict=True)))

    def check(self, models: Apps) -> None:
        joined = self.rows(models, "DailyCount").filter(pixel_id=ALL_PLATFORMS).order_by("dimension", "value")
        assert list(joined.values_list("dimension", "platform", "value", "hits", "visitors")) == [
            (7, "", "", 1, 0), (7, "", "de", 9, 6), (14, "", "12", 9, 6), (15, "", "12", 3, 0),
        ]  # fmt: skip

    def check_back(self, models: Apps) -> None:
        assert sorted(self.rows(models, "DailyCount").values_list(*self.columns)) == sorted(self.former)


class OneLanguageUnderSeveralCodesIsJoined(Case):
    since, slug = "0011_plain_words", "languages"

    def add(self, models: Apps) -> None:
        self.new_project(models)
        rows = [
            (7, "medium", "iw", 3, 2), (7, "medium", "he", 4, 1), (7, "medium", "heb", 1, 1), (7, "dev-to", "iw", 5, 5),
            (7, "medium", "de", 9, 6), (7, "medium", "und", 2, 0), (7, "medium", "", 1, 1), (6, "medium", "iw", 8, 8),
        ]  # fmt: skip
        for dimension, platform, value, hits, visitors in rows:
            self.add_count(
                models, dimension=dimension, platform=platform, value=value, hits=hits, visitors=visitors
            )  # fmt: skip
        for number, language in enumerate(("iw", "he", "ger", "mul", "tlh", "")):
            self.add_hit(models, id=number, language=language)

    def check(self, models: Apps) -> None:
        counts = self.rows(models, "DailyCount").order_by("dimension", "platform", "value")
        assert list(counts.values_list("dimension", "platform", "value", "hits", "visitors")) == [
            (6, "medium", "iw", 8, 8), (7, "dev-to", "he", 5, 5), (7, "medium", "", 3, 1), (7, "medium", "de", 9, 6),
            (7, "medium", "he", 8, 4),
        ]  # fmt: skip
        hits = self.rows(models, "Hit").order_by("id")
        assert list(hits.values_list("language", flat=True)) == ["he", "he", "de", "", "tlh", ""]


class StringsOfHitsAreNotedAndTheOldestDaysOfProjectsAreKnown(Case):
    since, slug = "0011_plain_words", "strings"
    drained_at = datetime(2026, 11, 22, 18, 1, tzinfo=UTC)

    def add(self, models: Apps) -> None:
        self.new_project(models, timezone="Asia/Tokyo", retention_days=1_000_000)
        young = Young()
        young.new_project(models, retention_days=0)
        agent = models.get_model("collector", "UserAgent").objects.create(digest=b"a" * 16, string="x")
        page = models.get_model("collector", "Page").objects.create(
            digest=b"a" * 16, url="https://a.example/", host="a.example"
        )
        self.agent, self.page = agent.pk, page.pk
        self.add_hit(models, at="2026-11-20T18:00Z", user_agent=agent, page=page)
        self.add_hit(models, at="2026-11-22T18:00Z", user_agent=agent, page=page)
        young.add_hit(models, at="2026-11-22T09:00Z", user_agent=agent)
        self.add_count(models, dimension=0, date=date(2026, 10, 1), value="")
        for hours in range(3):
            models.get_model("collector", "SpoolOffset").objects.create(
                segment=f"{hours}", offset_bytes=1, updated_at=self.drained_at - timedelta(hours=hours)
            )

    def check(self, models: Apps) -> None:
        assert models.get_model("collector", "Upkeep").objects.get().trusted_at == self.drained_at
        uses = models.get_model("collector", "StringUse").objects.order_by("project_id", "kind")
        assert [(use.project.slug, use.kind, use.string_id, use.seen_before.isoformat()) for use in uses] == [
            ("strings", 0, self.agent, "2026-11-22T18:00:01+00:00"),
            ("strings", 1, self.page, "2026-11-22T18:00:01+00:00"),
            ("young", 0, self.agent, "2026-11-22T09:00:01+00:00"),
        ]
        of_slug = models.get_model("collector", "Project").objects.in_bulk(field_name="slug")
        old, new = of_slug["strings"], of_slug["young"]
        assert (old.retention_days, old.counted_zone, old.counted_from) == (36_500, "Asia/Tokyo", date(2026, 11, 21))
        assert old.hits_kept_since.isoformat() == "2026-11-20T18:00:00+00:00"
        assert (new.retention_days, new.counted_zone, new.counted_from) == (1, "UTC", None)


class Young(Case):
    """Another project, for the case above."""

    slug = "young"


class EndsKeepTheirHitsAndCountsWhenReadingTimesCome(Case):
    since, slug = "0011_plain_words", "ends"

    def add(self, models: Apps) -> None:
        project = self.new_project(models)
        pixel = models.get_model("collector", "Pixel").objects.create(project=project, title="x", token="x")
        self.pixel = pixel.pk
        self.add_hit(models, pixel_id=pixel.pk, position=1, evidence=3, new_to_pixel=False, new_to_project=False)
        self.add_count(models, pixel_id=pixel.pk, dimension=2, value="end", hits=3, visitors=0)

    def check(self, models: Apps) -> None:
        assert self.rows(models, "Hit").get().reading_seconds is None
        assert self.rows(models, "DailyCount").get().hits == 3
        assert models.get_model("collector", "Project").objects.get(slug=self.slug).min_reading_seconds == 10
        self.rows(models, "Hit").update(verdict=8, reading_seconds=1)
        for dimension, value in ((4, "too-soon"), (16, "at-once"), (17, str(self.pixel))):
            self.add_count(models, pixel_id=self.pixel, dimension=dimension, value=value, visitors=0)

    def check_back(self, models: Apps) -> None:
        assert list(self.rows(models, "Hit").values_list("verdict", flat=True)) == [0]
        assert list(self.rows(models, "DailyCount").values_list("dimension", "value")) == [(2, "end")]


CASES = [
    DimensionsBecomeNumbers(),
    ReadThroughAndLanguagesOfWholeProjectsAreMade(),
    OneLanguageUnderSeveralCodesIsJoined(),
    StringsOfHitsAreNotedAndTheOldestDaysOfProjectsAreKnown(),
    EndsKeepTheirHitsAndCountsWhenReadingTimesCome(),
]


@pytest.mark.django_db(transaction=True)
def test_rows_of_all_old_versions_are_kept_forwards_and_backwards():
    versions = sorted({case.since for case in CASES})
    try:
        migrate(versions[0])
        for version in versions:
            models = migrate(version)
            for case in CASES:
                if case.since == version:
                    case.add(models)
        latest = migrate()
        for case in CASES:
            case.check(latest)
        for version in reversed(versions):
            models = migrate(version)
            for case in CASES:
                if case.since == version:
                    case.check_back(models)
    finally:
        migrate()


@pytest.mark.django_db
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
