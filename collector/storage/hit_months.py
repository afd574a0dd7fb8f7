"""The partitions of raw hits: on PostgreSQL one for each month, in UTC. SQLite has one table, and
nothing is done here.

Why: to delete a million rows takes seconds and leaves a table that vacuum must tidy up. To drop a month takes some
milliseconds, and its disk space is free at once. A month goes when every project's retention is over for all of it;
until then `retention` deletes the rows of the projects that keep hits for a shorter time.

The first partition takes all hits before the month in which this began (see migration 0025). A default partition takes
hits of months that have no partition, so that none is ever refused: of a clock that is wrong, or while nobody can make
partitions. When such a month gets its partition, its hits move there. If they are more than `MOST_MOVED`, they would
hold up others for too long: they stay, the month gets no partition, and `retention` deletes its hits by rows.

No statement here waits for a lock longer than `LOCK_TIMEOUT`, because others queue behind a statement that waits.
Vacuum may take a second to give way to us; nobody queues behind `KEEP_VACUUM_OUT`, which asks for that. A month that
could not be made in time is made later; months are made two ahead. To drop one needs an exclusive lock on the whole
table: PostgreSQL can't detach partitions concurrently beside a default partition. All DDL is plain: Citus does
the same on its workers, and distributes a new partition as it is attached.
"""

import logging
import re
from datetime import UTC, datetime
from typing import NamedTuple

from django.db import OperationalError, ProgrammingError, connection, transaction

from collector.storage.sql_errors import is_lock_timeout, is_undefined_table

logger = logging.getLogger(__name__)

MONTHS_AHEAD = 2
MOST_MOVED = 100_000  # hits: about a second
# Longer than deadlock_timeout (1 s), after which a lock that is waited for stops an autovacuum of the same table.
LOCK_TIMEOUT = "1500ms"
ONE_AT_A_TIME = 0x_F007_FA11_0001  # the key of our advisory lock

FIND_PARTITIONS = """
    /* hit_months.find */
    SELECT child.relname, pg_get_expr(child.relpartbound, child.oid), child.reltuples
    FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid
    WHERE inhparent = to_regclass('collector_hit')
"""
_BOUNDS = re.compile(r"FROM \((?:MINVALUE|'(?P<start>[^']+)')\) TO \('(?P<end>[^']+)'\)")
COUNT_TO_MOVE = """
    /* hit_months.count_to_move */
    SELECT count(*) FROM (SELECT 1 FROM {default} WHERE at >= '{start}' AND at < '{end}' LIMIT {limit}) AS found
"""
CREATE = "/* hit_months.create */ CREATE TABLE {name} (LIKE collector_hit INCLUDING DEFAULTS INCLUDING INDEXES)"
MOVE = """
    /* hit_months.move */
    WITH moved AS (DELETE FROM {default} WHERE at >= '{start}' AND at < '{end}' RETURNING *)
    INSERT INTO {name} SELECT * FROM moved
"""
KEEP_VACUUM_OUT = "/* hit_months.keep_vacuum_out */ LOCK TABLE {name} IN SHARE UPDATE EXCLUSIVE MODE"
ATTACH = """
    /* hit_months.attach */
    ALTER TABLE collector_hit ATTACH PARTITION {name} FOR VALUES FROM ('{start}') TO ('{end}')
"""
COUNT = "/* hit_months.count */ SELECT count(*) FROM {name}"


class Partition(NamedTuple):
    """A partition with the hits of `[start, end)`. `start` is None for the first one."""

    name: str
    start: datetime | None
    end: datetime
    rows: int  # as vacuum counted them, -1 if it never did

    def overlaps(self, start: datetime, end: datetime) -> bool:
        """Whether a range of time has moments of this partition."""
        return (self.start is None or self.start < end) and start < self.end


class Partitions(NamedTuple):
    """All partitions by range, in the order of time, and the name of the default one."""

    ranges: list[Partition]
    default: str | None


def partitions() -> Partitions:
    """Return the partitions of raw hits; none on SQLite. One query."""
    ranges: list[Partition] = []
    default = None
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(FIND_PARTITIONS)
            for name, expression, rows in cursor.fetchall():
                bounds = _BOUNDS.search(expression)
                if expression == "DEFAULT":
                    default = name
                elif bounds:
                    start = datetime.fromisoformat(bounds["start"]) if bounds["start"] else None
                    ranges.append(Partition(name, start, datetime.fromisoformat(bounds["end"]), int(rows)))
    return Partitions(sorted(ranges, key=lambda partition: partition.end), default)


def make_months(now: datetime) -> int:
    """Make the partitions of this month and of `MONTHS_AHEAD`, if they are missing; return how many were made.

    One query if none is missing. Raises DatabaseError if one can't be made: its hits then go to the default partition.
    """
    return sum(_make(start, end) for start, end in missing_months(now))


def missing_months(now: datetime) -> list[tuple[datetime, datetime]]:
    """Return start and end of months without a partition: of this one and `MONTHS_AHEAD`. One query, none on SQLite."""
    first = now.astimezone(UTC).year * 12 + now.astimezone(UTC).month - 1
    months = [(_beginning(month), _beginning(month + 1)) for month in range(first, first + MONTHS_AHEAD + 1)]
    ranges, default = partitions()
    if not ranges and default is None:
        return []
    return [month for month in months if not any(partition.overlaps(*month) for partition in ranges)]


def expired_months(until: datetime) -> list[Partition]:
    """Return the partitions whose hits all came before a moment. One query, none on SQLite."""
    return [partition for partition in partitions().ranges if partition.end <= until]


def drop_months(months: list[Partition]) -> int:
    """Drop partitions with their hits; return about how many hits. Those that are in use for long stay.

    Nobody has checked that the hits have expired: see `retention`.
    """
    dropped = 0
    for month in months:
        try:
            rows = month.rows if month.rows >= 0 else _count(month.name)
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
                cursor.execute(KEEP_VACUUM_OUT.format(name=_quoted(month.name)))
                cursor.execute(f"/* hit_months.drop */ DROP TABLE {_quoted(month.name)}")
        except (OperationalError, ProgrammingError) as error:
            if is_undefined_table(error):
                continue  # another drain has dropped it
            if not is_lock_timeout(error):
                raise
            logger.info("The table %s is in use; its expired hits are deleted one by one", month.name)
            break
        logger.info("Dropped %s with about %s expired hits", month.name, rows)
        dropped += rows
    return dropped


def _beginning(month: int) -> datetime:
    """Return the moment at which a month begins. Months are counted since year 0."""
    return datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC)


def _make(start: datetime, end: datetime) -> bool:
    """Make one partition, and move its hits there from the default one.

    Returns False if another process makes it, or if too many hits would move.
    """
    name = _quoted(f"collector_hit_{start:%Y_%m}")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
        cursor.execute("/* hit_months.lock */ SELECT pg_try_advisory_xact_lock(%s)", [ONE_AT_A_TIME])
        ranges, default = partitions()
        if not cursor.fetchone()[0] or any(partition.overlaps(start, end) for partition in ranges):
            return False
        if default and _must_stay(default, start, end):
            return False
        if default:
            cursor.execute(KEEP_VACUUM_OUT.format(name=_quoted(default)))
            # First, in the mode that ATTACH takes: to ask for it later could end in a deadlock with a drain.
            cursor.execute(f"/* hit_months.lock_default */ LOCK TABLE {_quoted(default)} IN ACCESS EXCLUSIVE MODE")
        cursor.execute(CREATE.format(name=name))
        if default:
            cursor.execute(MOVE.format(default=_quoted(default), name=name, start=start, end=end))
        cursor.execute(ATTACH.format(name=name, start=start, end=end))
    logger.info("Made the partition %s", name)
    return True


def _must_stay(default: str, start: datetime, end: datetime) -> bool:
    """Whether the hits of a month in the default partition are too many to move."""
    counting = COUNT_TO_MOVE.format(default=_quoted(default), start=start, end=end, limit=MOST_MOVED + 1)
    with connection.cursor() as cursor:
        cursor.execute(counting)
        is_many = bool(cursor.fetchone()[0] > MOST_MOVED)
    if is_many:
        logger.warning(
            "More than %s hits of %s are in %s and stay there: they will be deleted by rows, when they have expired",
            f"{MOST_MOVED:,}", f"{start:%Y-%m}", default,
        )  # fmt: skip
    return is_many


def _count(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(COUNT.format(name=_quoted(table)))
        return int(cursor.fetchone()[0])


def _quoted(name: str) -> str:
    return connection.ops.quote_name(name)
