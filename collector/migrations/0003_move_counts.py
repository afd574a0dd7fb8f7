"""Move the counts into the table that `0002_counts_by_day` made."""

from django.db import migrations

NAMES = (
    "total",
    "hour",
    "position",
    "traffic",
    "verdict",
    "page",
    "country",
    "language",
    "device",
    "browser",
    "os",
    "pixel",
)
COLUMNS = "project_id, date, pixel_id, platform, value, hits, visitors"
TO_NUMBER = " ".join(f"WHEN '{name}' THEN {number}" for number, name in enumerate(NAMES))
TO_NAME = " ".join(f"WHEN {number} THEN '{name}'" for number, name in enumerate(NAMES))


class Migration(migrations.Migration):
    dependencies = [("collector", "0002_counts_by_day")]

    operations = [
        migrations.RunSQL(
            f"""
            INSERT INTO collector_dailycount ({COLUMNS}, dimension)
            SELECT {COLUMNS}, CASE dimension {TO_NUMBER} END FROM collector_formerdailycount
            ORDER BY project_id, date, pixel_id
            """,
            f"""
            INSERT INTO collector_formerdailycount ({COLUMNS}, dimension)
            SELECT {COLUMNS}, CASE dimension {TO_NAME} END FROM collector_dailycount
            """,
        ),
    ]
