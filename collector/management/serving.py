"""What `up`, `web` and `prepare` share: where the web server listens, its command line, and what comes before it."""

import os
import secrets
import socket
import sys
import time
from argparse import ArgumentParser

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import CommandError, OutputWrapper
from django.db import DatabaseError, connection

from collector.management.arguments import between
from collector.storage.migration_lock import one_at_a_time

ADMIN_NAME = "admin"
RETRY_SECONDS = 1.0


def add_web_arguments(parser: ArgumentParser) -> None:
    """Add where the web server listens, and its number of processes."""
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default %(default)s)")
    parser.add_argument("--port", type=between(1, 65_535), default=8000, help="port to listen on (default %(default)s)")
    parser.add_argument(
        "--workers",
        type=between(1, 64),
        default=os.cpu_count() or 1,
        help="number of web processes (default %(default)s)",
    )


def check_address(host: str, port: int) -> None:
    """Raise CommandError if nobody can listen there."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise CommandError(
            f"Can't listen on {host}, port {port} ({error.strerror}). "
            "Stop the program that uses it, or choose another address with --host and --port."
        ) from error


def web_command(host: str, port: int, workers: int) -> list[str]:
    """Return the command line of the web server."""
    site = settings.SETTINGS_MODULE.rpartition(".")[0]
    application = ":".join(settings.ASGI_APPLICATION.rsplit(".", 1))
    return [
        sys.executable, "-m", "gunicorn", "--config", f"python:{site}.gunicorn_conf",
        "--bind", f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
        "--workers", str(workers), application,
    ]  # fmt: skip


def prepare(stdout: OutputWrapper, wait_seconds: int = 0) -> None:
    """Bring the database and the static files up to date, and create the first administrator.

    Waits up to `wait_seconds` for the database. Raises CommandError if it can't be opened.
    """
    deadline = time.monotonic() + wait_seconds
    while (error := _database_error()) and time.monotonic() < deadline:
        time.sleep(RETRY_SECONDS)
    if error:
        raise CommandError(f"Can't open the database ({error}). Start it, or correct DATABASE_URL.")
    call_command("migrate", interactive=False, verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    with one_at_a_time(connection):  # several collectors may start at the same moment
        _make_first_administrator(stdout)


def _database_error() -> str | None:
    """Return why the database can't be opened."""
    try:
        connection.ensure_connection()
    except DatabaseError as error:
        return str(error).strip().splitlines()[0]
    return None


def _make_first_administrator(stdout: OutputWrapper) -> None:
    if User.objects.filter(is_superuser=True).exists():
        return
    password_setting = os.environ.get("TELEMETRY_ADMIN_PASSWORD")
    password = password_setting or secrets.token_urlsafe(12)
    User.objects.create_superuser(ADMIN_NAME, password=password)
    stdout.write(f"Created the first administrator: {ADMIN_NAME}")
    stdout.write(
        "Password: as set in TELEMETRY_ADMIN_PASSWORD" if password_setting else f"Password (shown only now): {password}"
    )
