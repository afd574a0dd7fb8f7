"""On the way back, delete the counts of other SDKs: the former version has no names for who reported them."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("collector", "0029_other_sdks")]

    operations = [
        migrations.RunSQL(migrations.RunSQL.noop, "DELETE FROM collector_reportcount WHERE driver IN (5, 6)"),
        migrations.RunSQL(migrations.RunSQL.noop, "DELETE FROM collector_leftoutcount WHERE driver IN (5, 6)"),
    ]
