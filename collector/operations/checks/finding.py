"""What a check found, and what all checks of one run share.

The sentences are in English only, on the page too: an operator finds the same words in the terminal, on the page and in
the documentation.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from threading import Lock

from collector.operations.checks.visit import Visit, visit
from collector.operations.server_health import ServerHealth, server_health


class Level(StrEnum):
    """How bad it is. Only a problem needs somebody at once."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found: in a sentence or two, and what to change if something is wrong."""

    level: Level
    text: str
    remedy: str = ""


def ok(text: str) -> Finding:
    return Finding(Level.OK, text)


def warning(text: str, remedy: str) -> Finding:
    return Finding(Level.WARNING, text, remedy)


def problem(text: str, remedy: str) -> Finding:
    return Finding(Level.PROBLEM, text, remedy)


class Situation:
    """What the checks of one run share: the moment, how long to wait, and what several of them ask for once."""

    def __init__(self, now: datetime | None = None, timeout_seconds: float = 5.0) -> None:
        self.now = now or datetime.now(UTC)
        self.timeout_seconds = timeout_seconds
        self._lock = Lock()
        self._visit: Visit | None = None
        self._health: ServerHealth | None = None

    def visit(self) -> Visit:
        """Return what came back from PUBLIC_URL."""
        with self._lock:
            self._visit = self._visit or visit(self.timeout_seconds)
            return self._visit

    def health(self) -> ServerHealth:
        """Return what the database tells about the server. One query."""
        if self._health is None:
            self._health = server_health(self.now)
        return self._health

    def seconds_since(self, moment: datetime) -> float:
        return (self.now - moment).total_seconds()


@dataclass(frozen=True, slots=True)
class Check:
    """One check. It finds nothing (None) where there is nothing to check.

    `asks_outside` tells that it waits for other servers than the database.
    """

    name: str
    find: Callable[[Situation], Finding | None]
    asks_outside: bool = False


def duration(seconds: float) -> str:
    """Write a time span in its largest unit, such as `5 minutes`."""
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= length:
            return counted(int(seconds // length), unit)
    return counted(int(max(0, seconds)), "second")


def counted(number: int, noun: str) -> str:
    """Write a number with its noun, such as `1 hit` or `1,234 hits`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def size(number: float) -> str:
    """Write a number of bytes, such as `1.5 GB`."""
    for unit, length in (("TB", 1000**4), ("GB", 1000**3), ("MB", 1000**2), ("kB", 1000)):
        if number >= length:
            return f"{number / length:.1f} {unit}"
    return counted(int(number), "byte")
