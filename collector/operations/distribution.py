"""Distribute the tables over the workers of a Citus cluster: which table goes where, and how it gets there.

Each table that grows with traffic is distributed by project, all in the same way: what belongs to one project is on one
worker, and a page asks only that one. The distinct strings that hits point to are reference tables: every node has a
copy, so that workers can join with it. All other tables stay on the coordinator.

Projects and pixels stay there too, although hits point to them. Drains, rebuilds and people's edits lock their rows,
and in a reference table Citus locks all rows at once (`distributed_execution_locks.c`): one rebuild would stop all
drains, and two drains could deadlock. So a reference table is one that is connected by foreign keys to none of the
tables that stay. All this is read from the models: see `placements`.

Distribution can be stopped at any time and started again: each table is moved in a transaction of its own.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.apps import apps
from django.db import OperationalError, connection, models, transaction

from collector.models import Hit
from collector.operations.errors import OperationError
from collector.operations.progress import Progress
from collector.storage.shards import HAS_CITUS
from collector.storage.sql_errors import is_lock_timeout

DISTRIBUTED_BY = "project_id"
# A session has one connection to each worker. That bounds the connections to a worker, makes commits in two phases
# cheaper, and lets migrations change a table after its rows in one transaction, which Citus refuses on several.
SETTING, VALUE = "citus.multi_shard_modify_mode", "sequential"
LOCK_TIMEOUT = "15s"  # a batch of the drain is over by then; dashboards wait behind us
BYTES_PER_SECOND = 4_000_000  # of rows without their indexes, on a busy machine: see docs/scaling.md
DOCS = "See “PostgreSQL distributed by project (Citus)” in docs/scaling.md."

FIND_GROUP = "/* distribution.find_group */ SELECT groupid FROM pg_dist_local_group"
FIND_NODES = """
    /* distribution.find_nodes */
    SELECT count(*) FILTER (WHERE groupid = 0), count(*) FILTER (WHERE groupid <> 0 AND shouldhaveshards)
    FROM pg_dist_node WHERE isactive AND noderole = 'primary'
"""
FIND_UNREACHABLE = """
    /* distribution.find_unreachable */
    SELECT DISTINCT to_nodename || ':' || to_nodeport FROM citus_check_cluster_node_health()
    WHERE result IS NOT true ORDER BY 1
"""
# A table is distributed by a column (`h`), or copied to each node (`n`, replicated in two phases: `t`), or else on the
# coordinator alone. A partitioned table has its rows in its partitions.
FIND_PLACES = """
    /* distribution.find_places */
    SELECT relation.relname,
        CASE placed.partmethod WHEN 'h' THEN column_to_column_name(relation.oid, placed.partkey)
            WHEN 'n' THEN CASE placed.repmodel WHEN 't' THEN 'every node' END END,
        placed.colocationid,
        CASE relation.relkind WHEN 'p' THEN (SELECT sum(pg_relation_size(relid)) FROM pg_partition_tree(relation.oid))
            ELSE pg_relation_size(relation.oid) END::bigint
    FROM pg_class AS relation LEFT JOIN pg_dist_partition AS placed ON placed.logicalrelid = relation.oid
    WHERE relation.relkind IN ('r', 'p') AND relation.relnamespace = current_schema()::regnamespace
"""
FIND_SETTING = """
    /* distribution.find_setting */
    SELECT EXISTS (
        SELECT FROM pg_db_role_setting JOIN pg_database ON pg_database.oid = setdatabase
        WHERE datname = current_database() AND setrole = 0 AND %s = ANY (setconfig)
    )
"""
USE_SETTING = f"/* distribution.use_setting */ SET {SETTING} = {VALUE}"
KEEP_SETTING = "/* distribution.keep_setting */ ALTER DATABASE {database} SET {setting} = {value}"
MAKE_REFERENCE = "/* distribution.make_reference */ SELECT create_reference_table(%s)"
DISTRIBUTE = "/* distribution.distribute */ SELECT create_distributed_table(%s, %s, colocate_with => %s)"
REMOVE_COPY = "/* distribution.remove_copy */ SELECT truncate_local_data_after_distributing_table(%s)"


class Placement(StrEnum):
    """Where the rows of a table are."""

    COORDINATOR = "on the coordinator"
    REFERENCE = "on every node"
    DISTRIBUTED = "distributed by project"


_PLACEMENT_OF = {None: Placement.COORDINATOR, "every node": Placement.REFERENCE}  # as `FIND_PLACES` says it


@dataclass(frozen=True, slots=True)
class Place:
    """Where a table is now. `own_bytes` of its rows are on the coordinator: all of them, or a copy that is not used."""

    placement: Placement
    column: str  # that it is distributed by
    group: int  # tables of the same group are distributed in the same way
    own_bytes: int


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do, as an operator reads it, and how many bytes it moves."""

    text: str
    sql: str
    parameters: tuple[str, ...] = ()
    moved_bytes: int = 0

    @property
    def frees(self) -> bool:
        """Whether it only frees space."""
        return self.sql == REMOVE_COPY


def placements() -> dict[str, Placement]:
    """Return where each table of the models belongs. Reference tables come first, then the hits."""
    every = [model for model in apps.get_models(include_auto_created=True) if model._meta.managed]
    distributed = sorted(filter(_is_distributed, every), key=lambda model: (model is not Hit, model._meta.db_table))
    staying = [model for model in every if model not in distributed]
    connected = {model for model in staying if _targets(model)}.union(*map(_targets, staying))
    pointed_to = set[type[models.Model]]().union(*map(_targets, distributed))
    references = [model for model in staying if model in pointed_to and model not in connected]
    placed = {model._meta.db_table: Placement.REFERENCE for model in references}
    placed |= {model._meta.db_table: Placement.DISTRIBUTED for model in distributed}
    return placed | {
        model._meta.db_table: Placement.COORDINATOR for model in staying if model._meta.db_table not in placed
    }


def _is_distributed(model: type[models.Model]) -> bool:
    key = model._meta.pk
    return isinstance(key, models.CompositePrimaryKey) and key.field_names[0] == DISTRIBUTED_BY


def _targets(model: type[models.Model]) -> set[type[models.Model]]:
    """Return the models that rows of a model point to."""
    return {field.related_model for field in model._meta.concrete_fields if isinstance(field.related_model, type)}


def is_distributed() -> bool:
    """Whether tables of this database are distributed. No query on SQLite, one without Citus, else two."""
    if connection.vendor != "postgresql" or not _value(HAS_CITUS):
        return False
    return any(place.placement is Placement.DISTRIBUTED for place in _places().values())


def check_cluster() -> None:
    """Raise OperationError if this database is not that of a coordinator with workers that it reaches."""
    if connection.vendor != "postgresql":
        raise OperationError(f"The database is SQLite. Only PostgreSQL with Citus can be distributed. {DOCS}")
    if not _value(HAS_CITUS):
        raise OperationError(
            "This database has no Citus. Install Citus on all nodes, and run “CREATE EXTENSION citus” in this database "
            f"on each. {DOCS}"
        )
    if _value(FIND_GROUP):
        raise OperationError("DATABASE_URL names a worker. Name the coordinator of the cluster in it.")
    [(coordinators, workers)] = _rows(FIND_NODES)
    if not workers:
        raise OperationError(
            "The coordinator knows no worker that may have tables. Run in this database: "
            "SELECT citus_add_node('worker.example', 5432)"
        )
    if not coordinators:
        raise OperationError(
            "The workers don't know where the coordinator is. Run in this database: "
            "SELECT citus_set_coordinator_host('coordinator.example', 5432)"
        )
    if unreachable := [name for (name,) in _rows(FIND_UNREACHABLE)]:
        raise OperationError(
            f"Not all nodes reach each other: {', '.join(unreachable)}. Start them, and see that each has this "
            "database and its user."
        )


def missing_steps(*, all_migrated: bool = True) -> list[Step]:
    """Return what is left to do. Raises OperationError if a table is distributed in another way.

    Also if one is missing, unless not `all_migrated`: migrations may go back to an earlier version.
    """
    found = _places()
    wanted = {table: placement for table, placement in placements().items() if all_migrated or table in found}
    if absent := [table for table in wanted if table not in found]:
        raise OperationError(f"The table {absent[0]} is missing. Run “manage.py migrate” first.")
    steps = [] if _value(FIND_SETTING, f"{SETTING}={VALUE}") else [_setting_step()]
    first = Hit._meta.db_table
    for table, placement in wanted.items():
        place = found[table]
        if placement is Placement.COORDINATOR:
            continue
        if place.placement is Placement.COORDINATOR:
            steps.append(_moving_step(table, placement, place.own_bytes))
        elif place.placement is not placement or (
            placement is Placement.DISTRIBUTED and (place.column, place.group) != (DISTRIBUTED_BY, found[first].group)
        ):
            raise OperationError(
                f"The table {table} is distributed in another way. Stop the drains, run “SELECT "
                f"undistribute_table('{table}')”, and then “manage.py distribute” again."
            )
    moved = {step.parameters[0] for step in steps if step.moved_bytes}
    copies = [table for table in wanted if table in moved or (_is_elsewhere(found[table]) and found[table].own_bytes)]
    return steps + [Step(f"{table}: free the space of its former rows", REMOVE_COPY, (table,)) for table in copies]


def seconds_of(moved_bytes: int) -> float:
    """Return about how long it takes to move so many bytes of rows."""
    return moved_bytes / BYTES_PER_SECOND


def run_steps(steps: list[Step], progress: Progress) -> None:
    """Do what is left, each step in a transaction of its own. Raises OperationError if a table is in use for long."""
    if steps:
        with connection.cursor() as cursor:
            cursor.execute(USE_SETTING)  # what is kept for the database is for later connections
    for step in steps:
        progress.step(step.text)
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
                cursor.execute(step.sql, list(step.parameters))
        except OperationalError as error:
            if not is_lock_timeout(error):
                raise
            raise OperationError(
                f"The table {step.parameters[0]} is in use. Stop exports, backups and rebuild_counts, and run "
                "“manage.py distribute” again: it goes on where it stopped."
            ) from error


def _setting_step() -> Step:
    sql = KEEP_SETTING.format(
        database=connection.ops.quote_name(connection.settings_dict["NAME"]), setting=SETTING, value=VALUE
    )
    return Step(f"the database: set {SETTING} to {VALUE}", sql)


def _moving_step(table: str, placement: Placement, moved_bytes: int) -> Step:
    """Return the step that moves a table. Hits are the first distributed one, and the others go where they are."""
    if placement is Placement.REFERENCE:
        return Step(f"{table}: copy it to every node", MAKE_REFERENCE, (table,), moved_bytes)
    first = Hit._meta.db_table
    parameters = (table, DISTRIBUTED_BY, "none" if table == first else first)
    return Step(f"{table}: distribute it by project", DISTRIBUTE, parameters, moved_bytes)


def _is_elsewhere(place: Place) -> bool:
    return place.placement is not Placement.COORDINATOR


def _places() -> dict[str, Place]:
    """Return where each table of this database is. One query."""
    places = {}
    for table, where, group, own_bytes in _rows(FIND_PLACES):
        placement = _PLACEMENT_OF.get(where, Placement.DISTRIBUTED)
        places[table] = Place(placement, where or "", group or 0, own_bytes or 0)
    return places


def _rows(sql: str, *parameters: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters or None)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def _value(sql: str, *parameters: str) -> Any:
    """Return the only value of a query's answer, None if it has no rows."""
    rows = _rows(sql, *parameters)
    return rows[0][0] if rows else None
