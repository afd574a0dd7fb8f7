"""Let a project say which hosts are its own."""

from django.db import migrations, models

import collector.models.validators


class Migration(migrations.Migration):
    dependencies = [
        ("collector", "0020_own_readings"),
    ]

    operations = [
        migrations.AddField(
            model_name="project",
            name="sites",
            field=models.TextField(
                blank=True,
                help_text="Hosts that belong together, one site per line: My blog: example.com, blog.example.com",
                validators=[collector.models.validators.validate_sites],
                verbose_name="own sites",
            ),
        ),
    ]
