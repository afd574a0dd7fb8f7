"""Let each project choose the first day of its week."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("collector", "0018_programs"),
    ]

    operations = [
        migrations.AddField(
            model_name="project",
            name="first_weekday",
            field=models.SmallIntegerField(
                choices=[(1, "Monday"), (6, "Saturday"), (7, "Sunday")],
                default=1,
                help_text="The weeks of programs always begin on Monday.",
                verbose_name="first day of the week",
            ),
        ),
    ]
