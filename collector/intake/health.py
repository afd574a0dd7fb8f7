"""Health checks: is the process alive, and can it do its work?"""

import threading
from concurrent.futures import Future
from contextlib import closing
from datetime import datetime
from math import inf
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from collector.intake import self_check
from collector.intake.clock import now_us
from collector.intake.wiring import receiver
from collector.models import Upkeep
from collector.spool.room import Room, is_short, problems, room, warnings
from collector.storage.lag import Lag, lag

WAIT_SECONDS = 2.0


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer while the process is alive; to a question of our own, with what arrived of it."""
    return HttpResponse(self_check.answer(request) or "ok\n", content_type="text/plain")


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Answer 200 if the database is reachable, the drain keeps storing hits, and no hit gets lost; else 503.

    A line for each problem says what is wrong. Answers within `WAIT_SECONDS`. Three queries.
    """
    state = readiness()
    if lines := state.problems:
        return HttpResponse("".join(f"{line}\n" for line in lines), status=503, content_type="text/plain")
    notes = [f"warning: {line}" for line in warnings(state.room)]
    return HttpResponse("".join(f"{line}\n" for line in ["ok", *notes]), content_type="text/plain")


class DatabaseState(NamedTuple):
    """What the database says: how far the drain is behind, when expired data was last deleted, and since when not."""

    lag: Lag
    retention_done_at: datetime | None = None
    retention_refused_at: datetime | None = None


class Readiness(NamedTuple):
    """Why hits are lost or soon will be, as sentences, and what the database says; None if it does not answer.

    `room` is what the sentences are about.
    """

    problems: list[str]
    room: Room
    database: DatabaseState | None


def readiness() -> Readiness:
    """Return whether this machine can take hits and store them. Takes at most `WAIT_SECONDS`."""
    spool = room(settings.SPOOL_DIR, settings.SPOOL_MAX_BYTES)
    lines = problems(settings.SPOOL_DIR, spool, [receiver().spool.last_loss])
    state, waiting_seconds = None, inf
    try:
        state = DATABASE.state(settings.SPOOL_DIR, WAIT_SECONDS)
    except Exception:  # whatever the database's driver raises, or no answer in time
        lines.append("the database can't be reached")
    else:
        behind, waiting_seconds = state.lag, state.lag.seconds
        if behind.stands_still:
            waiting = f"{behind.bytes} bytes wait in the spool, the oldest for {behind.seconds:.0f} s"
            lines.append(f"{waiting}: is the drain running?")
    if is_short(settings.SPOOL_DIR, spool, waiting_seconds):
        lines.append("hits wait in the spool, and its disk is nearly full: is the drain running?")
    return Readiness(lines, spool, state)


class DatabaseCheck:
    """Asks the database in a thread: a frozen server can't be told to stop, but we can stop waiting for it.

    There is at most one such thread. While it hangs, later checks wait for the same answer.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answer: Future[DatabaseState] | None = None

    def state(self, directory: Path, timeout_seconds: float) -> DatabaseState:
        """Return what the database says. Raise TimeoutError, or what the database raises."""
        with self._lock:
            if self._answer is None or self._answer.done():
                self._answer = Future()
                arguments = (directory, self._answer)
                threading.Thread(target=self._ask, args=arguments, name="readyz", daemon=True).start()
            answer = self._answer
        return answer.result(timeout_seconds)

    @staticmethod
    def _ask(directory: Path, answer: "Future[DatabaseState]") -> None:
        try:
            with closing(connection), connection.cursor() as cursor:
                cursor.execute("SELECT 1")
                state = DatabaseState(lag(directory, now_us()), *(_retention() or ()))
        except Exception as error:
            answer.set_exception(error)
        else:
            answer.set_result(state)


def _retention() -> tuple[datetime | None, datetime | None] | None:
    """Return when expired data was last deleted, and since when that is refused; None before the first time."""
    return Upkeep.objects.filter(pk=1).values_list("trusted_at", "refused_at").first()


DATABASE = DatabaseCheck()
