"""`manage.py doctor`: check the server from inside, and say what to change."""

import json
import sys
from argparse import ArgumentParser
from collections import Counter
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand

from collector.management.arguments import between
from collector.operations.checks.finding import Level, Situation, counted
from collector.operations.checks.run import CHECKS, Result, run


class Command(BaseCommand):
    help = "Check what goes wrong in practice, and say what to change. Exits with 1 if there is a problem."
    requires_system_checks: list[str] = []  # they are one of the checks

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object a line")
        parser.add_argument(
            "--timeout",
            type=between(1, 60),
            default=5,
            metavar="SECONDS",
            help="how long to wait for an answer (default %(default)s)",
        )

    def handle(self, *args: Any, timeout: int, **options: Any) -> None:
        levels: Counter[Level] = Counter()
        for result in run(Situation(timeout_seconds=timeout), CHECKS):
            levels[result.level] += 1
            self.stdout.write(json.dumps(asdict(result)) if options["json"] else self._line(result))
            self.stdout.flush()
        if not options["json"]:
            problems, warnings = levels[Level.PROBLEM], levels[Level.WARNING]
            self.stdout.write(f"{counted(problems, 'problem')}, {counted(warnings, 'warning')}.")
        if levels[Level.PROBLEM]:
            sys.exit(1)

    def _line(self, result: Result) -> str:
        style = {Level.OK: self.style.SUCCESS, Level.WARNING: self.style.WARNING, Level.PROBLEM: self.style.ERROR}
        line = f"{style[result.level](f'{result.level:8}')} {result.name}: {result.text}"
        return f"{line} {result.remedy}" if result.remedy else line
