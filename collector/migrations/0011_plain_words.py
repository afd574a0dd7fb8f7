"""Reword help texts and labels. The database stays as it is."""

import django.db.models.deletion
from django.db import migrations, models

import collector.models.access
import collector.models.validators


class Migration(migrations.Migration):
    dependencies = [
        ("collector", "0010_recounted"),
    ]

    operations = [
        migrations.AlterField(
            model_name="apitoken",
            name="name",
            field=models.CharField(help_text="The program that uses it.", max_length=100, verbose_name="name"),
        ),
        migrations.AlterField(
            model_name="apitoken",
            name="prefix",
            field=models.CharField(editable=False, help_text="The first characters of its secret.", max_length=12),
        ),
        migrations.AlterField(
            model_name="pixel",
            name="placements",
            field=models.JSONField(
                blank=True,
                default=list,
                help_text="Where you paste it, such as medium or dev-to. Each platform gets its own snippet.",
                validators=[collector.models.validators.validate_placements],
                verbose_name="platforms",
            ),
        ),
        migrations.AlterField(
            model_name="project",
            name="drops_opted_out",
            field=models.BooleanField(
                default=False,
                help_text="Hits of readers who opt out (Sec-GPC, DNT) are not stored. If this is off, they count in totals, by platform and hour, without visitor, country, language or browser.",
                verbose_name="ignore readers who opt out",
            ),
        ),
        migrations.AlterField(
            model_name="project",
            name="excluded_networks",
            field=models.TextField(
                blank=True,
                help_text="Hits from these addresses don't count. Write one address or network per line, such as 203.0.113.7 or 2001:db8::/48. They are stored as you write them.",
                validators=[collector.models.validators.validate_networks],
                verbose_name="own addresses",
            ),
        ),
        migrations.AlterField(
            model_name="project",
            name="retention_days",
            field=models.PositiveIntegerField(
                default=730,
                help_text="Raw hits older than this are deleted. The daily counts stay.",
                verbose_name="retention in days",
            ),
        ),
        migrations.AlterField(
            model_name="project",
            name="slug",
            field=models.SlugField(
                help_text="Used in the address of the dashboard.", max_length=60, unique=True, verbose_name="slug"
            ),
        ),
        migrations.AlterField(
            model_name="project",
            name="timezone",
            field=models.CharField(
                default="UTC",
                help_text="The dashboard counts days and hours in this time zone, such as Europe/Berlin.",
                max_length=60,
                validators=[collector.models.validators.validate_timezone],
                verbose_name="time zone",
            ),
        ),
        migrations.AlterField(
            model_name="sharelink",
            name="embedded_on",
            field=models.TextField(
                blank=True,
                help_text="Sites that may show the chart in a frame, one per line, such as https://blog.example.org. Write * for all sites, or leave empty for none.",
                validators=[collector.models.access.validate_origins],
                verbose_name="embedded on",
            ),
        ),
        migrations.AlterField(
            model_name="sharelink",
            name="name",
            field=models.CharField(
                help_text="Who the link is for. They don't see this name.", max_length=100, verbose_name="name"
            ),
        ),
        migrations.AlterField(
            model_name="sharelink",
            name="password",
            field=models.CharField(
                blank=True, editable=False, help_text="Hashed; empty if there is none.", max_length=128
            ),
        ),
        migrations.AlterField(
            model_name="sharelink",
            name="pixel",
            field=models.ForeignKey(
                blank=True,
                help_text="Leave empty to share the whole project.",
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="collector.pixel",
                verbose_name="pixel",
            ),
        ),
    ]
