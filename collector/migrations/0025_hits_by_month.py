"""Keep the raw hits of PostgreSQL in partitions by month (see `collector.storage.hit_months`). SQLite stays as it is.

Nothing is copied. The table of today becomes the partition of all hits before a month to come. For that, PostgreSQL
must know that it has no later hits. A check constraint tells it: it is added without looking at the rows, and validated
while everybody reads and writes. After that the exchange takes some milliseconds of an exclusive lock. It waits for this
lock `LOCK_TIMEOUT` at most, and again after a pause, so that nobody queues behind it for longer. A lock that only
another of our kind and vacuum conflict with comes first: vacuum gives way after a second, and nobody queues meanwhile.

- While the check is validated, a hit whose clock is more than a month ahead is refused: the drain sets its line aside.
- If such hits are stored already, they move to the partitions of their months or the default one, and the table is read during the
  exclusive lock.
- It may be stopped at any time, and started again.
- The way back copies the hits of all partitions but the first during an exclusive lock: a minute for some ten million.
- On Citus, run it before the table is distributed.
"""

import time
from datetime import UTC, datetime

from django.db import OperationalError, migrations, transaction

LOCK_TIMEOUT = "2s"
ATTEMPTS, PAUSE_SECONDS = 60, 1.0
MONTHS_AHEAD = 2
LOCK_NOT_AVAILABLE = "55P03"  # PostgreSQL's manual, Appendix A

KIND_OF_TABLE = "SELECT relkind FROM pg_class WHERE oid = 'collector_hit'::regclass"
ADD_CHECK = "ALTER TABLE collector_hit ADD CONSTRAINT hits_before_month CHECK (at < '{bound}') NOT VALID"
VALIDATE_CHECK = "ALTER TABLE collector_hit VALIDATE CONSTRAINT hits_before_month"
KEEP_VACUUM_OUT = "LOCK TABLE collector_hit IN SHARE UPDATE EXCLUSIVE MODE"
DROP_CHECK = "ALTER TABLE {table} DROP CONSTRAINT IF EXISTS hits_before_month"
PRIMARY_KEY = "SELECT conname FROM pg_constraint WHERE conrelid = '{table}'::regclass AND contype = 'p'"
RENAME_KEY = 'ALTER TABLE {table} RENAME CONSTRAINT "{key}" TO {table}_pkey'
PARENT = "CREATE TABLE collector_hit (LIKE {first} INCLUDING DEFAULTS INCLUDING INDEXES) PARTITION BY RANGE (at)"
KEEP_LATER = "CREATE TEMPORARY TABLE later ON COMMIT DROP AS SELECT * FROM {first} WHERE at >= '{bound}'"
DELETE_LATER = "DELETE FROM {first} WHERE at >= '{bound}'"
FIRST_PARTITION = """
    SELECT inhrelid::regclass::text FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
    WHERE inhparent = 'collector_hit'::regclass AND pg_get_expr(relpartbound, inhrelid) LIKE '%FROM (MINVALUE)%'
"""


def to_months(apps, schema_editor):
    connection = schema_editor.connection
    if connection.vendor != "postgresql" or value(connection, KIND_OF_TABLE) == "p":
        return
    this_month = month_of(datetime.now(UTC))
    # A table that is validated for long must take the hits of today until the end, so its range ends after next month.
    has_hits = value(connection, "SELECT EXISTS (SELECT FROM collector_hit)")
    bound = moment(this_month + 2 if has_hits else this_month)
    with_lock(connection, DROP_CHECK.format(table="collector_hit"))  # of an attempt that was killed
    has_later = value(connection, f"SELECT EXISTS (SELECT FROM collector_hit WHERE at >= '{bound}')")
    if has_hits and not has_later:
        validate(connection, bound)
    try:
        first_missing = this_month + 2 if has_hits else this_month
        with_lock(connection, *exchange(connection, first_missing, this_month + MONTHS_AHEAD))
    except BaseException:
        with_lock(connection, DROP_CHECK.format(table="collector_hit"))
        raise


def validate(connection, bound):
    """Prove that no hit is from `bound` on. Nobody waits, except for the moment in which the check is added."""
    with_lock(connection, ADD_CHECK.format(bound=bound))
    try:
        run(connection, VALIDATE_CHECK)
    except BaseException:
        with_lock(connection, DROP_CHECK.format(table="collector_hit"))
        raise


def exchange(connection, first_month, last_month):
    """Return the statements that turn the table into a partition, and add those of months to come."""
    bound = moment(first_month)
    first = f"collector_hit_before_{bound:%Y_%m}"
    key = value(connection, PRIMARY_KEY.format(table="collector_hit"))
    is_checked = has_check(connection)
    keep_later = [] if is_checked else [text.format(first=first, bound=bound) for text in (KEEP_LATER, DELETE_LATER)]
    return [
        "LOCK TABLE collector_hit IN ACCESS EXCLUSIVE MODE",
        f"ALTER TABLE collector_hit RENAME TO {first}",
        RENAME_KEY.format(table=first, key=key),
        PARENT.format(first=first),
        *keep_later,
        f"ALTER TABLE collector_hit ATTACH PARTITION {first} FOR VALUES FROM (MINVALUE) TO ('{bound}')",
        DROP_CHECK.format(table=first),
        *(
            f"CREATE TABLE collector_hit_{moment(month):%Y_%m} PARTITION OF collector_hit"
            f" FOR VALUES FROM ('{moment(month)}') TO ('{moment(month + 1)}')"
            for month in range(first_month, last_month + 1)
        ),
        "CREATE TABLE collector_hit_default PARTITION OF collector_hit DEFAULT",
        *([] if is_checked else ["INSERT INTO collector_hit SELECT * FROM later"]),
    ]


def has_check(connection):
    return value(connection, "SELECT EXISTS (SELECT FROM pg_constraint WHERE conname = 'hits_before_month')")


def to_one_table(apps, schema_editor):
    connection = schema_editor.connection
    if connection.vendor != "postgresql" or value(connection, KIND_OF_TABLE) != "p":
        return
    first = value(connection, FIRST_PARTITION)
    lock = "LOCK TABLE collector_hit IN ACCESS EXCLUSIVE MODE"
    if first:
        begin = [lock, f"ALTER TABLE collector_hit DETACH PARTITION {first}"]
    else:
        first = "collector_hit_single"
        begin = [lock, f"CREATE TABLE {first} (LIKE collector_hit INCLUDING DEFAULTS INCLUDING INDEXES)"]
    with_lock(
        connection,
        *begin,
        f"INSERT INTO {first} SELECT * FROM collector_hit",
        "DROP TABLE collector_hit",
        f"ALTER TABLE {first} RENAME CONSTRAINT {first}_pkey TO collector_hit_pkey",
        f"ALTER TABLE {first} RENAME TO collector_hit",
    )


def month_of(day):
    """Return the number of a month since year 0."""
    return day.year * 12 + day.month - 1


def moment(month):
    """Return the moment, in UTC, at which a month begins."""
    return datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC)


def run(connection, statement):
    with connection.cursor() as cursor:
        cursor.execute(f"/* hits_by_month */ {statement}")


def value(connection, question):
    """Return the only value of a query's answer; None if it has no rows."""
    with connection.cursor() as cursor:
        cursor.execute(f"/* hits_by_month */ {question}")
        row = cursor.fetchone()
    return row and row[0]


def with_lock(connection, *statements):
    """Run statements in one transaction, again if a lock is not free in time. Raise OperationalError in the end."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with transaction.atomic(using=connection.alias):
                run(connection, f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
                for statement in (KEEP_VACUUM_OUT, *statements):
                    run(connection, statement)
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", None) != LOCK_NOT_AVAILABLE:
                raise
            if attempt == ATTEMPTS:
                raise OperationalError(
                    "The table of raw hits is in use without a pause. Stop the drain, backups, exports and rebuild_counts, and run "
                    "“manage.py migrate” again. Nothing was changed."
                ) from error
            time.sleep(PAUSE_SECONDS)
        else:
            return


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("collector", "0024_collectors"),
    ]

    operations = [migrations.RunPython(to_months, to_one_table, atomic=False)]
