"""Remember which visitors of a day are members of the project.

The option is off in projects that exist, whose numbers must not change by themselves.
"""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("collector", "0019_first_weekday"),
    ]

    operations = [
        migrations.AddField(
            model_name="project",
            name="ignores_members",
            field=models.BooleanField(
                default=False,
                help_text="Members who use the dashboard don’t count as readers on that day, in the same browser and at the same address. Their readings through an image proxy, on another device, or with a browser that opts out still count.",
                verbose_name="don’t count members",
            ),
        ),
        migrations.AlterField(
            model_name="project",
            name="ignores_members",
            field=models.BooleanField(
                default=True,
                help_text="Members who use the dashboard don’t count as readers on that day, in the same browser and at the same address. Their readings through an image proxy, on another device, or with a browser that opts out still count.",
                verbose_name="don’t count members",
            ),
        ),
        migrations.AlterField(
            model_name="hit",
            name="verdict",
            field=models.SmallIntegerField(
                choices=[
                    (0, "counted"),
                    (1, "opted-out"),
                    (2, "bot"),
                    (3, "excess"),
                    (4, "prefetch"),
                    (5, "suspect"),
                    (6, "muted"),
                    (7, "excluded"),
                    (8, "too-soon"),
                    (9, "preview"),
                    (10, "own"),
                ]
            ),
        ),
        migrations.CreateModel(
            name="OwnVisitor",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "project_id", "date", "visitor", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("date", models.DateField()),
                ("visitor", models.BigIntegerField()),
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
