"""Count each language under its canonical code: `he` for `iw`, `de` for `ger`, unknown for `und`.

Hits and counts that were stored under another code move to the canonical one. The way back leaves them there: the codes
that were sent are not kept.
"""

from babel.core import get_global
from django.db import migrations

LANGUAGE = 7  # Dimension.LANGUAGE
NO_LANGUAGE = ("und", "mul", "zxx", "mis")
FIND_COUNTS = "/* canonical_languages.find */ SELECT DISTINCT value FROM collector_dailycount WHERE dimension = %s"
MOVE_COUNTS = """
/* canonical_languages.move */
INSERT INTO collector_dailycount (project_id, date, pixel_id, dimension, platform, value, hits, visitors)
SELECT project_id, date, pixel_id, dimension, platform, %s, hits, visitors
FROM collector_dailycount WHERE dimension = %s AND value = %s
ON CONFLICT (project_id, date, pixel_id, dimension, platform, value) DO UPDATE
SET hits = collector_dailycount.hits + excluded.hits, visitors = collector_dailycount.visitors + excluded.visitors
"""
DELETE_COUNTS = "/* canonical_languages.delete */ DELETE FROM collector_dailycount WHERE dimension = %s AND value = %s"


def canonical_codes():
    """Return the canonical code of every code that has another one."""
    aliases = {code: alias.partition("_")[0] for code, alias in get_global("language_aliases").items()}
    return {code: alias for code, alias in aliases.items() if code != alias} | dict.fromkeys(NO_LANGUAGE, "")


def canonicalize(apps, schema_editor):
    canonical = canonical_codes()
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(FIND_COUNTS, [LANGUAGE])
        for (code,) in cursor.fetchall():
            if code in canonical:
                cursor.execute(MOVE_COUNTS, [canonical[code], LANGUAGE, code])
                cursor.execute(DELETE_COUNTS, [LANGUAGE, code])
        codes = [code for code in canonical if len(code) <= 3]  # longer ones were never stored
        whens = " ".join(["WHEN %s THEN %s"] * len(codes))
        places = ", ".join(["%s"] * len(codes))
        pairs = [text for code in codes for text in (code, canonical[code])]
        cursor.execute(
            f"/* canonical_languages.hits */ UPDATE collector_hit SET language = CASE language {whens} END "
            f"WHERE language IN ({places})",
            [*pairs, *codes],
        )


class Migration(migrations.Migration):
    dependencies = [("collector", "0012_reading_time")]

    operations = [migrations.RunPython(canonicalize, migrations.RunPython.noop)]
