"""Remember which projects use which strings, from when on raw hits are kept, and when a drain was last at work."""

from zoneinfo import ZoneInfo

from django.db import migrations, models

MAX_RETENTION_DAYS = 36_500
FILL_USES = """
    INSERT INTO collector_stringuse (project_id, kind, string_id, seen_before)
    SELECT project_id, {kind}, {column}, {moment}
    FROM collector_hit WHERE {column} IS NOT NULL GROUP BY project_id, {column}
"""
KINDS = {"user_agent_id": 0, "page_id": 1}
AFTER_NEWEST_HIT = {
    "postgresql": "max(at) + interval '1 second'",
    "sqlite": "strftime('%%Y-%%m-%%d %%H:%%M:%%S', max(at), '+1 second')",
}


def fill_uses(apps, schema_editor):
    for column, kind in KINDS.items():
        moment = AFTER_NEWEST_HIT[schema_editor.connection.vendor]
        schema_editor.execute(FILL_USES.format(kind=kind, column=column, moment=moment), [])


def forget_uses(apps, schema_editor):
    apps.get_model("collector", "StringUse").objects.all().delete()


def fill_projects(apps, schema_editor):
    """Where there are counts of days before the first hit, older hits were deleted: since when is not known exactly."""
    project_model = apps.get_model("collector", "Project")
    hits = apps.get_model("collector", "Hit").objects
    counts = apps.get_model("collector", "DailyCount").objects
    projects = project_model.objects
    projects.update(counted_zone=models.F("timezone"))
    projects.filter(retention_days__gt=MAX_RETENTION_DAYS).update(retention_days=MAX_RETENTION_DAYS)
    projects.filter(retention_days=0).update(retention_days=1)
    for project in projects.all():
        first = hits.filter(project=project).order_by("at").values_list("at", flat=True).first()
        if first is None:
            continue
        day = first.astimezone(ZoneInfo(project.timezone)).date()
        if counts.filter(project=project, date__lt=day).exists():
            project.hits_kept_since, project.counted_from = first, day
            project.save(update_fields=["hits_kept_since", "counted_from"])


def trust_former_clock(apps, schema_editor):
    """Remember when a drain was last at work: a clock that is far ahead of that is not believed (`storage.retention`)."""
    offsets = apps.get_model("collector", "SpoolOffset").objects
    last = offsets.aggregate(moment=models.Max("updated_at"))["moment"]
    if last is not None:
        apps.get_model("collector", "Upkeep").objects.create(pk=1, trusted_at=last)


def forget_clock(apps, schema_editor):
    apps.get_model("collector", "Upkeep").objects.all().delete()


TOO_SOON, VERDICT, READING, AT_ONCE = 8, 4, 16, 17  # a Verdict and three Dimensions


def forget_readings(apps, schema_editor):
    """On the way back, let all ends count as they did: former versions know neither verdict nor counts of readings."""
    apps.get_model("collector", "Hit").objects.filter(verdict=TOO_SOON).update(verdict=0)
    counts = apps.get_model("collector", "DailyCount").objects
    counts.filter(dimension__in=(READING, AT_ONCE)).delete()
    counts.filter(dimension=VERDICT, value="too-soon").delete()


class Migration(migrations.Migration):
    dependencies = [
        ("collector", "0015_upkeep"),
    ]

    operations = [
        migrations.RunPython(fill_uses, forget_uses, elidable=True),
        migrations.RunPython(fill_projects, migrations.RunPython.noop, elidable=True),
        migrations.RunPython(trust_former_clock, forget_clock, elidable=True),
        migrations.RunPython(migrations.RunPython.noop, forget_readings, elidable=True),
    ]
