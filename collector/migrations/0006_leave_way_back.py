"""Make `0003_move_counts` reversible again: it has no names for the dimensions that `0005_trust` added."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("collector", "0005_trust")]

    operations = [
        migrations.RunSQL(migrations.RunSQL.noop, "DELETE FROM collector_dailycount WHERE dimension > 11"),
    ]
