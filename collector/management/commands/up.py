"""`manage.py up`: run everything on one machine."""

import socket
import sys
import time
from argparse import ArgumentParser
from threading import Event
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from collector.management.serving import add_web_arguments, check_address, prepare, web_command
from collector.management.signals import stop_on_signals
from collector.management.supervisor import Child, supervise

READY_SECONDS = 30.0


class Command(BaseCommand):
    help = "Prepare the database and static files, then run the web server and the drain until stopped."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_web_arguments(parser)

    def handle(self, *args: Any, host: str, port: int, workers: int, **options: Any) -> None:
        check_address(host, port)
        prepare(self.stdout)
        web = Child("The web server", web_command(host, port, workers))
        drain = Child("The drain", [sys.executable, sys.argv[0], "drain"], is_low_priority=True)
        stop = stop_on_signals()
        web.start()
        drain.start()
        self._announce(web, stop, host, port)
        supervise([web, drain], stop)
        self.stdout.write("Stopped.")

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
