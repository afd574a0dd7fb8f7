"""Reports that are left out of the figures of programs, and releases that a feed names."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("collector", "0027_public_badges"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="declaration",
            name="releases",
            field=models.TextField(db_default="", default="", editable=False),
        ),
        migrations.AddField(
            model_name="report",
            name="left_out",
            field=models.CharField(db_default="", default="", max_length=60),
        ),
        migrations.CreateModel(
            name="LeftOut",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "project_id",
                        "pixel_id",
                        "date",
                        "what",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("date", models.DateField()),
                ("what", models.CharField(max_length=60)),
                ("is_out", models.BooleanField(default=True)),
                ("is_pending", models.BooleanField(default=False)),
                ("reason", models.CharField(blank=True, max_length=500)),
                ("reports", models.IntegerField(null=True)),
                ("usual", models.IntegerField(null=True)),
                ("made_up_of", models.TextField(default="[]")),
                ("decided_at", models.DateTimeField(null=True)),
                (
                    "decided_by",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "pixel",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="collector.pixel",
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="collector.project",
                    ),
                ),
            ],
            options={
                "default_permissions": (),
                "indexes": [
                    models.Index(
                        condition=models.Q(("is_pending", True)),
                        fields=["project", "pixel", "date"],
                        name="leftout_pending",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="LeftOutCount",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "project_id",
                        "pixel_id",
                        "day",
                        "what",
                        "dimension",
                        "date",
                        "driver",
                        "value",
                        "gap",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("number", models.BigIntegerField(default=0)),
                ("day", models.DateField()),
                ("date", models.DateField()),
                ("reports", models.IntegerField(default=0)),
                (
                    "dimension",
                    models.SmallIntegerField(
                        choices=[
                            (0, "active"),
                            (1, "version"),
                            (2, "os"),
                            (3, "arch"),
                            (4, "runtime"),
                            (5, "country"),
                            (6, "cohort"),
                            (7, "upgrade"),
                            (8, "event"),
                            (9, "property"),
                            (10, "bucket"),
                            (11, "run"),
                            (12, "run_version"),
                        ]
                    ),
                ),
                (
                    "driver",
                    models.SmallIntegerField(
                        choices=[
                            (0, "person"),
                            (1, "server"),
                            (2, "agent"),
                            (3, "ci"),
                            (4, "container"),
                            (9, "installations"),
                        ]
                    ),
                ),
                ("gap", models.SmallIntegerField()),
                ("what", models.CharField(max_length=60)),
                ("value", models.CharField(max_length=255)),
                (
                    "pixel",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="collector.pixel",
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="collector.project",
                    ),
                ),
            ],
            options={
                "default_permissions": (),
            },
        ),
    ]
