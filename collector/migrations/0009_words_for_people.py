"""Name models and fields in words that can be translated. The database stays as it is."""

import django.db.models.deletion
from django.db import migrations, models

import collector.models.projects


class Migration(migrations.Migration):
    dependencies = [
        ("collector", "0008_reading"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="apitoken",
            options={
                "default_permissions": (),
                "ordering": ["-created_at", "-pk"],
                "verbose_name": "API token",
                "verbose_name_plural": "API tokens",
            },
        ),
        migrations.AlterModelOptions(
            name="membership",
            options={"verbose_name": "member", "verbose_name_plural": "members"},
        ),
        migrations.AlterModelOptions(
            name="pixel",
            options={"ordering": ["-created_at", "-pk"], "verbose_name": "pixel", "verbose_name_plural": "pixels"},
        ),
        migrations.AlterModelOptions(
            name="project",
            options={"ordering": ["name"], "verbose_name": "project", "verbose_name_plural": "projects"},
        ),
        migrations.AlterModelOptions(
            name="sharelink",
            options={
                "default_permissions": (),
                "ordering": ["-created_at", "-pk"],
                "verbose_name": "share link",
                "verbose_name_plural": "share links",
            },
        ),
        migrations.AlterField(
            model_name="apitoken",
            name="projects",
            field=models.ManyToManyField(related_name="+", to="collector.project", verbose_name="projects"),
        ),
        migrations.AlterField(
            model_name="membership",
            name="role",
            field=models.CharField(
                choices=[("viewer", "Viewer"), ("editor", "Editor"), ("owner", "Owner")],
                default="viewer",
                max_length=10,
                verbose_name="role",
            ),
        ),
        migrations.AlterField(
            model_name="pixel",
            name="kind",
            field=models.CharField(
                choices=[
                    ("article", "Article"),
                    ("readme", "Readme"),
                    ("newsletter", "Newsletter"),
                    ("app", "Program"),
                ],
                default="article",
                max_length=10,
                verbose_name="kind",
            ),
        ),
        migrations.AlterField(
            model_name="pixel",
            name="placements",
            field=models.JSONField(
                blank=True,
                default=list,
                help_text="Where it is pasted, such as medium or dev-to: one snippet each.",
                validators=[collector.models.projects.validate_placements],
                verbose_name="placements",
            ),
        ),
        migrations.AlterField(
            model_name="pixel",
            name="project",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="pixels",
                to="collector.project",
                verbose_name="project",
            ),
        ),
        migrations.AlterField(
            model_name="pixel",
            name="title",
            field=models.CharField(max_length=200, verbose_name="title"),
        ),
        migrations.AlterField(
            model_name="pixel",
            name="token",
            field=models.CharField(
                default=collector.models.projects.make_token,
                editable=False,
                max_length=40,
                unique=True,
                verbose_name="token",
            ),
        ),
        migrations.AlterField(
            model_name="project",
            name="name",
            field=models.CharField(max_length=100, verbose_name="name"),
        ),
        migrations.AlterField(
            model_name="project",
            name="slug",
            field=models.SlugField(
                help_text="Its name in the address of its dashboard.", max_length=60, unique=True, verbose_name="slug"
            ),
        ),
        migrations.AlterField(
            model_name="sharelink",
            name="pixel",
            field=models.ForeignKey(
                blank=True,
                help_text="One article alone; empty for the whole project.",
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="collector.pixel",
                verbose_name="pixel",
            ),
        ),
        migrations.AlterField(
            model_name="sharelink",
            name="project",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="share_links",
                to="collector.project",
                verbose_name="project",
            ),
        ),
    ]
