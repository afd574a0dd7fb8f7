"""Check names and titles. The database stays as it is."""

from django.db import migrations, models

import collector.models.validators


class Migration(migrations.Migration):
    dependencies = [
        ("collector", "0013_canonical_languages"),
    ]

    operations = [
        migrations.AlterField(
            model_name="apitoken",
            name="name",
            field=models.CharField(
                help_text="The program that uses it.",
                max_length=100,
                validators=[collector.models.validators.validate_title],
                verbose_name="name",
            ),
        ),
        migrations.AlterField(
            model_name="pixel",
            name="title",
            field=models.CharField(
                max_length=200, validators=[collector.models.validators.validate_title], verbose_name="title"
            ),
        ),
        migrations.AlterField(
            model_name="project",
            name="name",
            field=models.CharField(
                max_length=100, validators=[collector.models.validators.validate_title], verbose_name="name"
            ),
        ),
        migrations.AlterField(
            model_name="sharelink",
            name="name",
            field=models.CharField(
                help_text="Who the link is for. They don't see this name.",
                max_length=100,
                validators=[collector.models.validators.validate_title],
                verbose_name="name",
            ),
        ),
    ]
