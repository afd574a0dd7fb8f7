import django.core.validators
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("collector", "0014_titles"),
    ]

    operations = [
        migrations.CreateModel(
            name="Upkeep",
            fields=[
                ("id", models.SmallIntegerField(default=1, primary_key=True, serialize=False)),
                (
                    "string_deletions",
                    models.BigIntegerField(
                        default=0,
                        help_text="How often strings were deleted: a drain that knows another number forgets their ids.",
                    ),
                ),
                (
                    "trusted_at",
                    models.DateTimeField(help_text="The newest moment at which the clock was believed.", null=True),
                ),
                (
                    "refused_at",
                    models.DateTimeField(help_text="When deletion stopped because it was too large.", null=True),
                ),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.AddField(
            model_name="project",
            name="counted_from",
            field=models.DateField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="project",
            name="counted_zone",
            field=models.CharField(blank=True, editable=False, max_length=60),
        ),
        migrations.AddField(
            model_name="project",
            name="hits_kept_since",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="project",
            name="zone_changed_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AlterField(
            model_name="project",
            name="retention_days",
            field=models.PositiveIntegerField(
                default=730,
                help_text="Raw hits older than this are deleted. The daily counts stay.",
                validators=[
                    django.core.validators.MinValueValidator(1),
                    django.core.validators.MaxValueValidator(36500),
                ],
                verbose_name="retention in days",
            ),
        ),
        migrations.CreateModel(
            name="StringUse",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "project_id", "kind", "string_id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("kind", models.SmallIntegerField(choices=[(0, "agent"), (1, "page")])),
                ("string_id", models.BigIntegerField(help_text="The id of a UserAgent or a Page.")),
                ("seen_before", models.DateTimeField()),
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
                "indexes": [models.Index(fields=["kind", "string_id"], name="uses_of_a_string")],
            },
        ),
    ]
