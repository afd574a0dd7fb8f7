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
                help_text="Hosts that belong together, one site per line, such as “My blog: example.com, old.example.net”. Their pages count as those of the first host. You don’t need to list www. or other subdomains. To count a host of your own as a platform, write the name of the platform: “Medium: stories.example.com”.",
                validators=[collector.models.validators.validate_sites],
                verbose_name="own sites",
            ),
        ),
    ]
