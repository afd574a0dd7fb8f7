"""The collectors that share the database, and what waits in the spool of each."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("collector", "0023_counted_labels"),
    ]

    operations = [
        migrations.CreateModel(
            name="Collector",
            fields=[
                ("id", models.CharField(max_length=32, primary_key=True, serialize=False)),
                ("name", models.CharField(help_text="The name of its machine.", max_length=100)),
                ("seen_at", models.DateTimeField()),
                ("waiting_bytes", models.BigIntegerField(default=0)),
                (
                    "waiting_since",
                    models.DateTimeField(help_text="The moment of the oldest line in its spool.", null=True),
                ),
                (
                    "secret_check",
                    models.CharField(help_text="The same on all that have the same SECRET_KEY.", max_length=16),
                ),
            ],
            options={
                "default_permissions": (),
            },
        ),
    ]
