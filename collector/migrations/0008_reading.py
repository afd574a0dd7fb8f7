"""Count for whole projects what their pages show since: languages on all platforms, and reading by pixel."""

from django.db import migrations

INTO = "INSERT INTO collector_dailycount (project_id, date, pixel_id, dimension, platform, value, hits, visitors)"
FROM = "FROM collector_dailycount"
BY_PIXEL = f"""
    {INTO}
    SELECT project_id, date, -1, %s, '', CAST(pixel_id AS varchar(20)), SUM(hits), SUM(visitors) {FROM}
    WHERE dimension = 2 AND value = %s AND pixel_id > 0 AND platform NOT IN ('dev-to', 'gitlab', 'zenn')
    GROUP BY project_id, date, pixel_id
"""
LANGUAGES = f"""
    {INTO}
    SELECT project_id, date, -1, 7, '', value, SUM(hits), SUM(visitors) {FROM}
    WHERE dimension = 7 AND pixel_id = 0
    GROUP BY project_id, date, value
"""


class Migration(migrations.Migration):
    dependencies = [("collector", "0007_access")]

    operations = [
        migrations.RunSQL(
            [(BY_PIXEL, [14, "start"]), (BY_PIXEL, [15, "end"]), LANGUAGES],
            "DELETE FROM collector_dailycount WHERE pixel_id = -1 AND dimension IN (7, 14, 15)",
        ),
    ]
