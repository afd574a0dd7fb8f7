"""The public statistics of programs, by week."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("collector", "0025_hits_by_month"),
    ]

    operations = [
        migrations.CreateModel(
            name="PublishedWeek",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "project_id",
                        "pixel_id",
                        "week",
                        "part",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("week", models.DateField(help_text="Its Monday.")),
                ("part", models.SmallIntegerField(choices=[(0, "installations"), (1, "events")])),
                ("body", models.TextField(help_text="JSON, as `collector.programs.published` writes it.")),
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
