"""Run pg_dump and pg_restore on the database that Django uses."""

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from tempfile import TemporaryFile
from typing import IO, Any, BinaryIO, cast

from django.db import connection
from psycopg.conninfo import make_conninfo
from psycopg.pq import Conninfo

from collector.operations.archive import BLOCK_BYTES
from collector.operations.errors import OperationError

LOCK_SECONDS = 60  # pg_dump waits so long for a table that a migration has locked


def server_version() -> int:
    """Return the major version of the server."""
    with connection.cursor():
        return int(connection.connection.info.server_version) // 10_000


def dump(out: BinaryIO, snapshot_id: str, left_out: Sequence[str], is_on_workers: bool = False) -> None:
    """Write a dump of what a snapshot sees, with the tables in `left_out` empty. Raises OperationError, OSError.

    If the rows are on the workers of a Citus cluster, the dump has them as those of usual tables, and nothing of Citus.
    """
    arguments = [
        "--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot_id}",
        f"--lock-wait-timeout={LOCK_SECONDS}s",
        *(f"--exclude-table-data=*.{table}" for table in left_out),
        *(["--extension=plpgsql"] if is_on_workers else []),  # which is there anyway: so none at all
    ]  # fmt: skip
    command = _command("pg_dump", arguments)
    with TemporaryFile() as errors:
        with subprocess.Popen(command, env=_environment(), stdout=subprocess.PIPE, stderr=errors) as process:  # noqa: S603
            try:
                shutil.copyfileobj(cast(IO[bytes], process.stdout), out, BLOCK_BYTES)
            except BaseException:
                process.kill()
                raise
        _check(process, "pg_dump", errors, "Nothing was written.")


def load(dump_file: IO[bytes]) -> None:
    """Restore a dump into the empty database in one transaction. Raises OperationError; then nothing is restored."""
    command = _command("pg_restore", ["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges"])
    with TemporaryFile() as errors:
        with subprocess.Popen(command, env=_environment(), stdin=subprocess.PIPE, stderr=errors) as process:  # noqa: S603
            try:
                shutil.copyfileobj(dump_file, cast(IO[bytes], process.stdin), BLOCK_BYTES)
            except BrokenPipeError:
                pass  # it has given up, and says why
            except BaseException:
                process.kill()
                raise
        _check(process, "pg_restore", errors, "The database is as it was.")


def check_program(name: str) -> None:
    """Raise OperationError if a program of PostgreSQL is missing, or older than the server."""
    wanted = server_version()
    advice = f"Install PostgreSQL's client programs, version {wanted} (Debian: postgresql-client-{wanted})."
    if shutil.which(name) is None:
        raise OperationError(f"{name} is missing. {advice}")
    printed = subprocess.run([name, "--version"], env=_environment(), capture_output=True, text=True).stdout  # noqa: S603
    match = re.search(r" ([0-9]+)", printed)
    if match and int(match[1]) < wanted:
        raise OperationError(f"{name} is of version {match[1]}, older than the server's {wanted}. {advice}")


def _command(name: str, arguments: Sequence[str]) -> list[str]:
    check_program(name)
    return [name, *arguments, f"--dbname={_connection_string()}"]


def _connection_string() -> str:
    """Return what Django connects with, without the password: other users can read arguments.

    Only what is set: the library of psycopg may be newer than that of the program, and have options of its own.
    """
    options = {option.keyword.decode() for option in Conninfo.get_defaults()} - {"password"}
    parameters: dict[str, Any] = connection.get_connection_params()
    return make_conninfo("", **{name: value for name, value in parameters.items() if name in options})


def _environment() -> dict[str, str]:
    """Return the environment of a program that connects where Django does, with its password."""
    info = connection.connection.info
    place = {"PGHOST": info.host, "PGPORT": str(info.port), "PGUSER": info.user, "PGPASSWORD": info.password}
    return os.environ | {name: value for name, value in place.items() if value} | {"LC_ALL": "C"}


def _check(process: "subprocess.Popen[bytes]", name: str, errors: IO[bytes], state: str) -> None:
    if process.returncode:
        errors.seek(0)
        lines = errors.read().decode("utf-8", "replace").strip().splitlines() or [f"exit code {process.returncode}"]
        reason = next((line for line in lines if "error:" in line), lines[-1])
        raise OperationError(f"{name} failed: {reason} {state} Use the programs of the server's own version.")
