from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("collector", "0009_words_for_people"),
    ]

    operations = [
        migrations.AddField(
            model_name="project",
            name="recounted_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
    ]
