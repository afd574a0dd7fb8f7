"""All checks, and how they run: one that fails or hangs never stops the others."""

import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from threading import Thread

from django.db import DatabaseError, InterfaceError, connections
from django.utils import translation

from collector.operations.checks import data, keys, machine, reach, spool
from collector.operations.checks.finding import Check, Finding, Level, Situation, problem

logger = logging.getLogger(__name__)

CHECKS = (
    Check("Address", reach.public_url),
    Check("Reachable", reach.reached, asks_outside=True),
    Check("Certificate", reach.certificate, asks_outside=True),
    Check("Pixels", reach.pixels, asks_outside=True),
    Check("Proxies", reach.proxies, asks_outside=True),
    Check("Readers", reach.readers),
    Check("Scheme", reach.scheme, asks_outside=True),
    Check("Drain", spool.drain),
    Check("Lag", spool.behind),
    Check("Spool", spool.room),
    Check("Lost hits", spool.lost),
    Check("Unusable lines", spool.set_aside),
    Check("Database", data.database),
    Check("Migrations", data.migrations),
    Check("Cluster", data.cluster),
    Check("Clock", data.clock),
    Check("Newest hit", spool.newest_hit),
    Check("Retention", data.deletion),
    Check("Months of hits", data.months),
    Check("Keys of salts", keys.salts),
    Check("Backup", data.backup),
    Check("Disk", machine.disk),
    Check("File rights", machine.rights),
    Check("Open files", machine.open_files, asks_outside=True),
    Check("Cache", machine.shared_cache),
    Check("Countries", machine.countries),
    Check("Time zones", machine.time_zones),
    Check("Static files", data.static_files),
    Check("Settings", data.settings_of_site),
    Check("Versions", machine.versions),
)


@dataclass(frozen=True, slots=True)
class Result:
    """What one check found, with its name."""

    name: str
    level: Level
    text: str
    remedy: str


def run(situation: Situation, checks: Sequence[Check], *, in_threads: bool = True) -> Iterator[Result]:
    """Run checks and yield their results in this order, each as soon as it is there. Never raises.

    Checks run at once, in threads of their own: one that hangs becomes a problem. Without `in_threads`, that is so only
    for checks that ask outside; all others run one by one, on the caller's database connection.
    """
    answers = {check.name: _begin(check, situation) for check in checks if in_threads or check.asks_outside}
    deadline = time.monotonic() + 2 * situation.timeout_seconds + 1  # a visit of PUBLIC_URL asks twice
    for check in checks:
        if check.name not in answers:
            finding = _found(check, situation)
        else:
            try:
                finding = answers[check.name].result(max(0.0, deadline - time.monotonic()))
            except TimeoutError:
                finding = problem("No answer in time.", "See what hangs: a disk, the database or the network.")
        if finding is not None:
            yield Result(check.name, finding.level, finding.text, finding.remedy)


def _begin(check: Check, situation: Situation) -> "Future[Finding | None]":
    """Run a check in a thread. A thread that hangs can't be stopped, but it does not keep the process alive."""
    answer: Future[Finding | None] = Future()

    def work() -> None:
        answer.set_result(_found(check, situation))
        connections.close_all()  # those of this thread

    Thread(target=work, name=f"check {check.name}", daemon=True).start()
    return answer


def _found(check: Check, situation: Situation) -> Finding | None:
    try:
        with translation.override("en"):
            return check.find(situation)
    except (DatabaseError, InterfaceError):
        return problem("Not checked: the database does not answer, or lacks tables.", "See Database and Migrations.")
    except Exception as error:  # whatever a check did not expect
        logger.debug("The check %s failed", check.name, exc_info=True)
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        return problem(f"This can't be checked ({reason}).", "See whether another line names the reason.")


def worst_first(results: Iterable[Result]) -> list[Result]:
    """Return results with problems first, then warnings, otherwise in their order."""
    levels = list(Level)
    return sorted(results, key=lambda result: -levels.index(result.level))
