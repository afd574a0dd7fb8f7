"""Let an author decide whether everybody can read a pixel's numbers from its badge. Not so until they say so."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("collector", "0026_published_weeks"),
    ]

    operations = [
        migrations.AddField(
            model_name="pixel",
            name="has_public_badge",
            field=models.BooleanField(db_default=False, default=False, editable=False),
        ),
    ]
