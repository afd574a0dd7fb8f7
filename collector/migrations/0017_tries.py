"""Count the tries at passwords where all processes see them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("collector", "0016_fill_upkeep"),
    ]

    operations = [
        migrations.CreateModel(
            name="TryCount",
            fields=[
                ("key", models.CharField(max_length=32, primary_key=True, serialize=False)),
                ("tries", models.IntegerField()),
                ("ends_at", models.DateTimeField(db_index=True, help_text="From then on, the count starts again.")),
            ],
            options={
                "default_permissions": (),
            },
        ),
    ]
