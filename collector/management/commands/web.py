"""`manage.py web`: become the web server alone, for a service manager that runs the drain beside it."""

import os
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from gunicorn.systemd import listen_fds

from collector.management.serving import add_web_arguments, check_address, web_command


class Command(BaseCommand):
    help = "Run the web server alone, until stopped. Run `prepare` before it, and `drain` beside it."
    requires_system_checks: list[str] = []  # `prepare` makes them; a restart must not need the database

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_web_arguments(parser)

    def handle(self, *args: Any, host: str, port: int, workers: int, **options: Any) -> None:
        if not listen_fds(unset_environment=False):  # systemd may listen already, and pass on its sockets
            check_address(host, port)
        command = web_command(host, port, workers)
        # The same process, so that signals, the watchdog and the sockets of the service manager reach gunicorn itself.
        os.execv(command[0], command)  # noqa: S606
