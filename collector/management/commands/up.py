"""`manage.py up`: run everything on one machine."""

import os
import secrets
import socket
import sys
import time
from argparse import ArgumentParser
from threading import Event
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection

from collector.management.arguments import between
from collector.management.one_at_a_time import one_at_a_time
from collector.management.signals import stop_on_signals
from collector.management.supervisor import Child, supervise

ADMIN_NAME = "admin"
READY_SECONDS = 30.0


class Command(BaseCommand):
    help = "Prepare the database and static files, then run the web server and the drain until stopped."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default %(default)s)")
        parser.add_argument(
            "--port", type=between(1, 65_535), default=8000, help="port to listen on (default %(default)s)"
        )
        parser.add_argument(
            "--workers",
            type=between(1, 64),
            default=os.cpu_count() or 1,
            help="number of web processes (default %(default)s)",
        )

    def handle(self, *args: Any, host: str, port: int, workers: int, **options: Any) -> None:
        self._check_address(host, port)
        self._prepare()
        with one_at_a_time(connection):  # several collectors may start at the same moment
            self._make_first_administrator()
        site = settings.SETTINGS_MODULE.rpartition(".")[0]
        application = ":".join(settings.ASGI_APPLICATION.rsplit(".", 1))
        web = Child("The web server", [
            sys.executable, "-m", "gunicorn", "--config", f"python:{site}.gunicorn_conf",
            "--bind", f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
            "--workers", str(workers), application,
        ])  # fmt: skip
        drain = Child("The drain", [sys.executable, sys.argv[0], "drain"], is_low_priority=True)
        stop = stop_on_signals()
        web.start()
        drain.start()
        self._announce(web, stop, host, port)
        supervise([web, drain], stop)
        self.stdout.write("Stopped.")

    def _check_address(self, host: str, port: int) -> None:
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

    def _prepare(self) -> None:
        try:
            connection.ensure_connection()
        except DatabaseError as error:
            reason = str(error).strip().splitlines()[0]
            raise CommandError(f"Can't open the database ({reason}). Start it, or correct DATABASE_URL.") from error
        call_command("migrate", interactive=False, verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)

    def _make_first_administrator(self) -> None:
        if User.objects.filter(is_superuser=True).exists():
            return
        password_setting = os.environ.get("TELEMETRY_ADMIN_PASSWORD")
        password = password_setting or secrets.token_urlsafe(12)
        User.objects.create_superuser(ADMIN_NAME, password=password)
        self.stdout.write(f"Created the first administrator: {ADMIN_NAME}")
        self.stdout.write(
            "Password: as set in TELEMETRY_ADMIN_PASSWORD"
            if password_setting
            else f"Password (shown only now): {password}"
        )

    def _announce(self, web: Child, stop: Event, host: str, port: int) -> None:
        """Wait until the server answers and print its address. Return early if it stops before that."""
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline and web.exit_code is None and not stop.is_set():
            try:
                with socket.create_connection((_local_address(host), port), timeout=1):
                    break
            except OSError:
                stop.wait(0.1)
        else:
            return
        url_host = f"[{host}]" if ":" in host else host
        self.stdout.write(
            f"Footfall is running at {settings.PUBLIC_URL or f'http://{url_host}:{port}'}/ (stop with Ctrl-C)"
        )
        if not settings.PUBLIC_URL and host not in {"127.0.0.1", "::1", "localhost"}:
            self.stdout.write("Set PUBLIC_URL to the address people use. The dashboard answers only at that address.")
        self.stdout.flush()


def _local_address(host: str) -> str:
    """Return an address that a local client can connect to: the loopback address if the server listens on all."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
