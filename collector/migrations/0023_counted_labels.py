"""Remember under which labels the hits of a project are counted, and since which day all counts have them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("collector", "0022_campaigns"),
    ]

    operations = [
        migrations.AddField(
            model_name="project",
            name="counted_labels",
            field=models.CharField(blank=True, editable=False, max_length=32),
        ),
        migrations.AddField(
            model_name="project",
            name="labels_from",
            field=models.DateField(editable=False, null=True),
        ),
    ]
