from django.db import migrations, models

CHECK = "Tells which key belongs to it."


class Migration(migrations.Migration):
    dependencies = [
        ("collector", "0030_leave_other_sdks"),
    ]

    operations = [
        migrations.AddField(
            model_name="dailysalt",
            name="key_check",
            field=models.BinaryField(db_default=b"", help_text=CHECK, max_length=8),
        ),
        migrations.AddField(
            model_name="windowsalt",
            name="key_check",
            field=models.BinaryField(db_default=b"", help_text=CHECK, max_length=8),
        ),
        migrations.CreateModel(
            name="KeyRequest",
            fields=[
                ("id", models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("collector_id", models.CharField(max_length=32)),
                ("name", models.CharField(help_text="Of the key, such as date:2026-11-30.", max_length=16)),
                ("public_key", models.BinaryField(max_length=32)),
                (
                    "sealed",
                    models.BinaryField(
                        help_text="The answer, for the holder of the private key.", max_length=80, null=True
                    ),
                ),
                ("asked_at", models.DateTimeField()),
            ],
            options={
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(fields=("collector_id", "name"), name="one_request_for_a_key"),
                ],
            },
        ),
    ]
