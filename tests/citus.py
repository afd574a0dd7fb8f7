"""Databases on a Citus cluster, for tests: on the coordinator that `CITUS_URL` names, and on its workers."""

import os
import re
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
from django.db import connection

NODES = "SELECT groupid, nodename, nodeport FROM pg_dist_node WHERE isactive ORDER BY groupid"
SHARD_COUNT = 'ALTER DATABASE "{name}" SET citus.shard_count = {shards}'
FEW_SHARDS = 4  # two on each of two workers: enough to see what goes to several, and many times quicker to empty
USUAL_SHARDS = 32
SET_COORDINATOR = "SELECT citus_set_coordinator_host(%s, %s)"
ADD_WORKER = "SELECT citus_add_node(%s, %s)"
IN_A_TRANSACTION = """
    SELECT pid FROM pg_stat_activity
    WHERE datname = %s AND backend_type = 'client backend' AND state IN ('active', 'idle in transaction')
    ORDER BY random() LIMIT 1
"""
READS = re.compile(r"\s*(/\*.*?\*/)?\s*(SELECT|WITH|\()", re.S)
Query = tuple[str, Any]  # with its parameters
Node = tuple[int, str, int]  # group, which is 0 for the coordinator; host; port


def url_of(url: str, database: str, host: str = "", port: int = 0) -> str:
    """Return the URL of another database, on the same server or on another one."""
    parts = urlsplit(url)
    account, _, _ = parts.netloc.rpartition("@")
    place = f"{host}:{port}" if host else parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{account}@{place}", path=f"/{database}"))


def nodes_of(url: str) -> list[Node]:
    """Return the nodes of a cluster, the coordinator first. `url` names a database in which it knows its workers."""
    with psycopg.connect(url) as connection:
        return connection.execute(NODES).fetchall()


def create(url: str, name: str, *, workers: bool = True, shards: int = FEW_SHARDS) -> str:
    """Make a database with Citus on all nodes of the cluster of another one, and return its URL on the coordinator.

    Without `workers`, the coordinator does not know them.
    """
    nodes = nodes_of(url)
    database = url.rpartition("/")[2]
    for _, host, port in nodes:
        with psycopg.connect(url_of(url, database, host, port), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"'.encode())
        with psycopg.connect(url_of(url, name, host, port), autocommit=True) as connection:
            connection.execute("CREATE EXTENSION citus")
    with psycopg.connect(url_of(url, name), autocommit=True) as connection:
        for group, host, port in nodes:
            if group == 0:
                connection.execute(SET_COORDINATOR, [host, port])
                connection.execute(SHARD_COUNT.format(name=name, shards=shards).encode())
            elif workers:
                connection.execute(ADD_WORKER, [host, port])
    return url_of(url, name)


def drop(url: str, name: str) -> None:
    """Drop a database from all nodes."""
    database = url.rpartition("/")[2]
    for _, host, port in nodes_of(url):
        with psycopg.connect(url_of(url, database, host, port), autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())


def kill_one_in_a_transaction(node: str, database: str) -> bool:
    """Kill a process of a node that is in a transaction of a database, and say whether there was one.

    PostgreSQL then ends all other processes of this node and starts it again from its log, as after a power cut.
    """
    try:
        with psycopg.connect(node, autocommit=True) as connection:
            row = connection.execute(IN_A_TRANSACTION, [database]).fetchone()
    except psycopg.OperationalError:  # it still starts
        return False
    if row:
        os.kill(row[0], signal.SIGKILL)
    return row is not None


def is_up(node: str) -> bool:
    try:
        psycopg.connect(node).close()
    except psycopg.OperationalError:
        return False
    return True


@contextmanager
def database(url: str, name: str, *, workers: bool = True, shards: int = FEW_SHARDS) -> Iterator[str]:
    """Yield the URL of a new database on all nodes, and drop it in the end."""
    try:
        yield create(url, name, workers=workers, shards=shards)
    finally:
        drop(url, name)


@contextmanager
def recorded() -> Iterator[list[Query]]:
    """Collect the queries of a block, each with its parameters."""
    queries: list[Query] = []

    def record(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if READS.match(sql):
            queries.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(record):
        yield queries


def shards_of(queries: Sequence[Query]) -> list[tuple[int, str]]:
    """Return how many shards each query asks at once, and its text. Those that ask none are left out."""
    asked = []
    for sql, params in queries:
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN {sql}", params)
            plan = "\n".join(line for (line,) in cursor.fetchall())
        if tasks := [int(number) for number in re.findall(r"Task Count: (\d+)", plan)]:
            asked.append((max(tasks), sql))
    return asked


def filled(tables: Iterable[str]) -> list[str]:
    """Return the tables that have rows. To empty the others would take longer: each has many shards."""
    heads = [f"(SELECT '{table}' FROM {connection.ops.quote_name(table)} LIMIT 1)" for table in tables]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(heads))
        return [table for (table,) in cursor.fetchall()]
